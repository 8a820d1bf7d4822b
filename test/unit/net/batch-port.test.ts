// What a batch does when the kernel refuses: nothing is lost that the plain socket can send, and nothing waits for ever.
import { expect, it, vi } from 'vitest';
import type { Peer, Span } from '../../../src/core/base/link.ts';
import { BatchPort, type PlainPort } from '../../../src/core/net/batch-port.ts';
import type { Native } from '../../../src/core/net/native.ts';

const errors = { EINTR: 4, EIO: 5, EAGAIN: 11, EINVAL: 22, EMSGSIZE: 90, ENETUNREACH: 101, ENOBUFS: 105 } as const;

/** A datagram as the kernel would put it on the wire, or as the plain socket was asked to. */
type Sent = readonly [by: 'batch' | 'plain', port: number, text: string];

/**
 * A system with one function: it reads what sendmmsg is given. `refuse` may answer each message with an error; other calls
 * succeed.
 */
function makeSystem(refuse: (message: { port: number; segments: number }) => number) {
  const memories = new Map<number, Uint8Array>();
  const sent: Sent[] = [];
  let error = 0;
  let calls = 0;
  const at = (address: number): { view: DataView; offset: number } => {
    for (const [base, bytes] of memories) {
      if (address >= base && address < base + bytes.length) {
        return { view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), offset: address - base };
      }
    }
    throw new Error(`nobody has ${address}`);
  };
  const pointer = (address: number): number => {
    const { view, offset } = at(address);
    return Number(view.getBigUint64(offset, true));
  };
  const word = (address: number): number => {
    const { view, offset } = at(address);
    return view.getUint32(offset, true);
  };
  const sendmmsg = (_: number, headers: number, count: number): number => {
    calls++;
    for (let i = 0; i < count; i++) {
      const header = headers + i * 64;
      const name = at(pointer(header));
      const port = name.view.getUint16(name.offset + 2);
      const vector = pointer(header + 16);
      const whole = [];
      for (let part = 0; part < word(header + 24); part++) {
        const { view, offset } = at(pointer(vector + part * 16));
        whole.push(...new Uint8Array(view.buffer, view.byteOffset + offset, word(vector + part * 16 + 8)));
      }
      const size = whole.length;
      const controlSize = word(header + 40);
      const control = at(pointer(header + 32));
      const segment = controlSize === 0 ? size : control.view.getUint16(control.offset + 16, true);
      error = refuse({ port, segments: Math.ceil(size / segment) });
      if (error !== 0) return i === 0 ? -1 : i;
      for (let from = 0; from < size; from += segment) {
        sent.push(['batch', port, text(Uint8Array.from(whole.slice(from, from + segment)))]);
      }
    }
    return count;
  };
  const native: Native = {
    bind: (signature) => (signature.includes('sendmmsg') ? (sendmmsg as ReturnType<Native['bind']>) : () => 0),
    address: (bytes) => {
      // Above 2^32, as real ones.
      const address = 2 ** 40 + memories.size * 2 ** 24;
      memories.set(address, bytes);
      return address;
    },
    errno: () => error,
  };
  return { native, sent, calls: () => calls };
}

function open(refuse: (message: { port: number; segments: number }) => number = () => 0) {
  const system = makeSystem(refuse);
  const plain: PlainPort & { waiting: number } = {
    local: { host: '127.0.0.1', port: 1 },
    waiting: 0,
    send: (datagram, { port }, rest = new Uint8Array(0)) =>
      void system.sent.push(['plain', port, text(datagram) + text(rest)]),
    sendBatch: (memory, spans, count, to) => {
      for (const { begin, end } of spans.slice(0, count)) plain.send(memory.subarray(begin, end), to);
    },
    read: () => false,
    close: () => undefined,
    onDatagram: () => undefined,
  };
  const port = new BatchPort(plain, system.native, { descriptor: 3, family: 4 });
  return { ...system, plain, port, flush: () => port.close() };
}

const text = (some: Uint8Array): string => new TextDecoder().decode(some);
const peer = (port: number): Peer => ({ host: '10.0.0.1', port });
const [first, second] = [peer(1001), peer(1002)];
const bytes = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

function sendAll(port: BatchPort, texts: readonly string[], to: Peer): void {
  const spans: Span[] = [];
  let at = 0;
  for (const { length } of texts) {
    spans.push({ begin: at, end: at + length });
    at += length;
  }
  port.sendBatch(bytes(texts.join('')), spans, spans.length, to);
}

it('equal sizes to one peer are one message, whose last one may be shorter, and all messages are one call', () => {
  const messages: [number, number][] = [];
  const { port, sent, calls, flush } = open(({ port, segments }) => {
    messages.push([port, segments]);
    return 0;
  });

  sendAll(port, ['aaa', 'bbb', 'cc', 'd'], first);
  sendAll(port, ['eee'], second);
  sendAll(port, ['fff', 'gggg'], first);
  expect(sent).toEqual([]);
  flush();

  expect(messages).toEqual([
    [1001, 3],
    [1001, 1],
    [1002, 1],
    [1001, 1],
    [1001, 1],
  ]);
  expect(sent.map(([, , text]) => text)).toEqual(['aaa', 'bbb', 'cc', 'd', 'eee', 'fff', 'gggg']);
  expect(calls()).toBe(1);
});

it('datagrams of two parts are one each, joined as others are, also by the socket', () => {
  const { port, sent, calls, flush } = open();

  port.send(bytes('h1'), first, bytes('same'));
  port.send(bytes('h2'), first, bytes('same'));
  port.send(bytes('h3'), { host: 'somewhere', port: 5 }, bytes('same'));
  flush();

  expect(sent.filter(([by]) => by === 'batch').map(([, , text]) => text)).toEqual(['h1same', 'h2same']);
  expect(sent.filter(([by]) => by === 'plain')).toEqual([['plain', 5, 'h3same']]);
  expect(calls()).toBe(1);
});

it('a message has no more segments than every kernel takes, and a call no more messages', () => {
  const segments: number[] = [];
  const { port, sent, calls, flush } = open((message) => {
    segments.push(message.segments);
    return 0;
  });

  for (let i = 0; i < 65; i++) port.send(bytes('xx'), first);
  for (let i = 0; i < 100; i++) port.send(bytes('y'), i % 2 === 0 ? second : first);
  flush();

  expect(segments.slice(0, 2)).toEqual([64, 1]);
  expect(sent).toHaveLength(165);
  expect(calls()).toBe(2);
});

it('leaves at the end of the turn', async () => {
  const { port, sent } = open();

  port.send(bytes('now'), first);
  await vi.waitFor(() => expect(sent).toEqual([['batch', 1001, 'now']]));
});

it.each(['EAGAIN', 'ENOBUFS'] as const)('%s: what is left goes to the socket that waits, in order', (name) => {
  let left = 1;
  const { port, sent, flush } = open(() => (left-- > 0 ? 0 : errors[name]));

  sendAll(port, ['a'], first);
  sendAll(port, ['bb', 'cc', 'd'], second);
  sendAll(port, ['e'], first);
  flush();

  expect(sent).toEqual([
    ['batch', 1001, 'a'],
    ['plain', 1002, 'bb'],
    ['plain', 1002, 'cc'],
    ['plain', 1002, 'd'],
    ['plain', 1001, 'e'],
  ]);
});

it('what waits in the socket is not overtaken', () => {
  const { port, plain, sent, flush } = open();
  plain.waiting = 3;

  port.send(bytes('late'), first);
  flush();

  expect(sent).toEqual([['plain', 1001, 'late']]);
});

it.each(['EMSGSIZE', 'EINVAL'] as const)(
  '%s for a message of segments: this peer gets them one by one from then on',
  async (name) => {
    const { port, sent, flush } = open((message) => (message.port === 1001 && message.segments > 1 ? errors[name] : 0));

    sendAll(port, ['aa', 'bb'], first);
    sendAll(port, ['cc', 'dd'], second);
    await vi.waitFor(() => expect(sent).toHaveLength(4));
    sendAll(port, ['ee', 'ff'], first);
    flush();

    expect(sent.filter(([, to]) => to === 1001)).toEqual([
      ['plain', 1001, 'aa'],
      ['plain', 1001, 'bb'],
      ['batch', 1001, 'ee'],
      ['batch', 1001, 'ff'],
    ]);
    expect(sent.filter(([by, to]) => to === 1002 && by === 'plain')).toEqual([]);
  },
);

it('EIO: the device makes no checksums, and nobody who comes later gets segments', async () => {
  const asked: number[] = [];
  const { port, sent, flush } = open(({ segments }) => {
    asked.push(segments);
    return segments > 1 ? errors.EIO : 0;
  });

  sendAll(port, ['aa', 'bb'], first);
  await vi.waitFor(() => expect(sent).toHaveLength(2));
  asked.length = 0;
  sendAll(port, ['cc', 'dd'], peer(1003));
  flush();

  expect(asked.every((segments) => segments === 1)).toBe(true);
  expect(sent.filter(([, to]) => to === 1003).map(([by, , text]) => [by, text])).toEqual([
    ['batch', 'cc'],
    ['batch', 'dd'],
  ]);
});

it('a signal repeats the call; a peer without a route costs its own datagrams only', () => {
  let signals = 2;
  const { port, sent, flush } = open((message) => {
    if (signals-- > 0) return errors.EINTR;
    return message.port === 1001 ? errors.ENETUNREACH : 0;
  });

  port.send(bytes('a'), first);
  port.send(bytes('b'), second);
  flush();

  expect(sent).toEqual([['batch', 1002, 'b']]);
});

it('names, empty datagrams and what is greater than the batch go to the socket', () => {
  const { port, sent, flush } = open();

  port.send(bytes('a'), { host: 'somewhere', port: 5 });
  port.send(new Uint8Array(0), first);
  port.send(new Uint8Array(200_000).fill(65), first);
  flush();

  expect(sent.map(([by, to, text]) => [by, to, text.length])).toEqual([
    ['plain', 5, 1],
    ['plain', 1001, 0],
    ['plain', 1001, 200_000],
  ]);
});

it('sends nothing after its end', () => {
  const { port, sent } = open();

  port.close();
  port.send(bytes('a'), first);
  port.close();

  expect(sent).toEqual([]);
});
