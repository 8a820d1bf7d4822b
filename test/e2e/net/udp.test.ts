// Datagram sockets: node's own, and batches by the C library where the machine has them.
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../src/core/base/bytes.ts';
import type { Port } from '../../../src/core/base/link.ts';
import { silentLog } from '../../../src/core/base/log.ts';
import { BatchPort } from '../../../src/core/net/batch-port.ts';
import { loadNative } from '../../../src/core/net/native.ts';
import { anyPort, finally_, makeNet } from './tools.ts';

/** The next `count` datagrams as text. */
const texts = (port: Port, count: number): Promise<string[]> =>
  new Promise((resolve) => {
    const heard: string[] = [];
    port.onDatagram = (datagram) => {
      heard.push(new TextDecoder().decode(datagram));
      if (heard.length === count) resolve(heard);
    };
  });

const without = loadNative(silentLog) === undefined;

describe.each([
  ['without accelerators', false],
  ['with accelerators', true],
])('a UDP port %s', (_, accelerators) => {
  const listen = async (host: string = anyPort.host): Promise<Port> =>
    finally_(await makeNet({}, accelerators).net.listenUdp({ host, port: 0 }));

  it.skipIf(accelerators && without)('is what was asked for', async () => {
    expect((await listen()) instanceof BatchPort).toBe(accelerators);
  });

  it('gives datagrams with their sender, and answers it', async () => {
    const [a, b] = [await listen(), await listen()];
    const answered = texts(a, 1);
    b.onDatagram = (datagram, from) => {
      expect(from).toEqual(a.local);
      b.send(datagram, from);
    };

    a.send(utf8('ping'), b.local);

    expect(await answered).toEqual(['ping']);
  });

  it('of both families answers a sender of IPv4', async () => {
    const both = await listen('::');
    const four = await listen();
    const answered = texts(four, 1);
    both.onDatagram = (datagram, from) => both.send(datagram, from);

    four.send(utf8('ping'), { host: '127.0.0.1', port: both.local.port });

    expect(await answered).toEqual(['ping']);
  });

  it('that is shared has several sockets, and each peer keeps to one of them', async () => {
    const { net } = makeNet({}, accelerators);
    const first = finally_(await net.listenUdp(anyPort, { shared: true }));
    const second = finally_(await net.listenUdp(first.local, { shared: true }));
    const peers = await Promise.all(Array.from({ length: 24 }, async () => finally_(await net.listenUdp(anyPort))));
    const got = new Map<number, number[]>();
    for (const [index, port] of [first, second].entries()) {
      port.onDatagram = (_, from) => void got.set(from.port, [...(got.get(from.port) ?? []), index]);
    }

    for (let round = 0; round < 3; round++) for (const peer of peers) peer.send(utf8('x'), first.local);

    await expect.poll(() => [...got.values()].flat().length).toBe(72);
    for (const sockets of got.values()) expect(new Set(sockets).size).toBe(1);
    expect(new Set([...got.values()].flat())).toEqual(new Set([0, 1]));
  });

  it('speaks IPv6', async () => {
    const [a, b] = [await listen('::1'), await listen('::1')];
    const answered = texts(a, 1);
    b.onDatagram = (datagram, from) => b.send(datagram, { ...from });

    a.send(utf8('ping'), { ...b.local });

    expect(await answered).toEqual(['ping']);
  });

  it('sends to a name', async () => {
    const [a, b] = [await listen(), await listen()];
    const heard = texts(b, 1);

    a.send(utf8('ping'), { host: 'localhost', port: b.local.port });

    expect(await heard).toEqual(['ping']);
  });

  it('sends batches of any sizes whole, in order, each to its peer, and from memory that is used again', async () => {
    const from = await listen();
    const peers = [await listen(), await listen(), await listen()];
    const sizes = [700, 700, 700, 300, 300, 700, 1, 700, 701, 701, 700];
    const heard = peers.map((peer) => texts(peer, sizes.length));
    const memory = new Uint8Array(8000);

    for (const [index, peer] of peers.entries()) {
      let at = 0;
      const spans = sizes.map((size, i) => {
        memory.fill(97 + ((index * 8 + i) % 26), at, at + size);
        const span = { begin: at, end: at + size };
        at += size + 3;
        return span;
      });
      from.sendBatch(memory, spans, spans.length, peer.local);
      memory.fill(0);
    }

    const wanted = peers.map((_, index) =>
      sizes.map((size, i) => String.fromCharCode(97 + ((index * 8 + i) % 26)).repeat(size)),
    );
    expect(await Promise.all(heard)).toEqual(wanted);
  });

  it('receives what came at once, each datagram whole, in order and from its sender', async () => {
    const [a, b, to] = [await listen(), await listen(), await listen()];
    const heard: string[] = [];
    const done = new Promise<void>((resolve) => {
      to.onDatagram = (datagram, from) => {
        const name = from.port === a.local.port ? 'a' : from.port === b.local.port ? 'b' : 'nobody';
        heard.push(`${name}${new TextDecoder().decode(datagram).replace(/x+/, '')}`);
        if (heard.length === 200) resolve();
      };
    });

    for (let i = 0; i < 100; i++) {
      a.send(utf8(`${i}${'x'.repeat(i * 20)}`), to.local);
      b.send(utf8(String(i)), to.local);
    }
    await done;

    const of = (name: string): string[] => heard.filter((one) => one.startsWith(name)).map((one) => one.slice(1));
    const wanted = Array.from({ length: 100 }, (_, i) => String(i));
    expect([of('a'), of('b')]).toEqual([wanted, wanted]);
  });

  it('that may wait gives everything in order, at once again when little comes, and nothing after its end', async () => {
    const [from, to] = [await listen(), await listen()];
    if (to.patience !== undefined) to.patience = 3000;
    const heard = texts(to, 3000);

    // One in each turn of the loop, so that each is a waking.
    let sent = 0;
    const next = (): void => {
      from.send(utf8(String(sent++)), to.local);
      if (sent < 3000) setImmediate(next);
    };
    next();
    expect(await heard).toEqual(Array.from({ length: 3000 }, (_, i) => String(i)));

    for (let i = 0; i < 20; i++) {
      const answered = texts(to, 1);
      from.send(utf8('ping'), to.local);
      expect(await answered).toEqual(['ping']);
    }
    to.onDatagram = () => expect.fail('closed');
    from.send(utf8('late'), to.local);
    to.close();
    const last = texts(from, 1);
    from.send(utf8('own'), from.local);
    expect(await last).toEqual(['own']);
  });

  it('gives nothing more when it was closed by what it gave', async () => {
    const [from, to] = [await listen(), await listen()];
    const end = await listen();
    let given = 0;
    to.onDatagram = () => {
      given++;
      to.close();
      end.send(utf8('end'), end.local);
    };
    const ended = texts(end, 1);

    for (let i = 0; i < 50; i++) from.send(utf8(String(i)), to.local);
    await ended;

    expect(given).toBe(1);
  });

  it('sends more than fits into one batch, and datagrams of the greatest size', async () => {
    const [from, to] = [await listen(), await listen()];
    const heard = texts(to, 6);
    const big = new Uint8Array(60_000);

    for (let i = 0; i < 6; i++) {
      big.fill(97 + i);
      from.send(big, to.local);
    }

    expect((await heard).map((text) => [text[0], text.length])).toEqual(
      [...'abcdef'].map((letter) => [letter, 60_000]),
    );
  });

  it('is refused with NET_ADDRESS_IN_USE, and may be closed twice', async () => {
    const { net } = makeNet({}, accelerators);
    const first = await net.listenUdp(anyPort);

    await expect(net.listenUdp(first.local)).rejects.toMatchObject({ code: 'NET_ADDRESS_IN_USE' });
    first.close();
    first.close();
    first.send(utf8('x'), first.local);
  });

  it('sends at its end what waits', async () => {
    const [from, to] = [await listen(), await listen()];
    const heard = texts(to, 2);

    from.send(utf8('good'), to.local);
    from.send(utf8('bye'), to.local);
    from.close();

    expect(await heard).toEqual(['good', 'bye']);
  });
});
