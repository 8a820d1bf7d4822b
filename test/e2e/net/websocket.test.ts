// WebSockets over real sockets: our server against Node's own client, our client against our server.
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fromHex, utf8 } from '../../../src/core/base/bytes.ts';
import type { Link } from '../../../src/core/base/link.ts';
import { admissionErrors } from '../../../src/core/control/admission.ts';
import { WebSocketLink } from '../../../src/core/net/websocket-link.ts';
import type { HttpExchange, HttpHandler } from '../../../src/core/wire/http/exchange.ts';
import { clientMessageEnvelope, messageEnvelope, opcodes, writeFrame } from '../../../src/core/wire/websocket/index.ts';
import { FakeLink } from '../../tools/fakes.ts';
import { anyPort, closed, finally_, makeNet, never, patience } from './tools.ts';

async function serve(on: HttpHandler, messageBytes = 1_000_000) {
  const { net } = makeNet({ messageBytes });
  const listener = finally_(await net.listenHttp(anyPort, on));
  const url = new URL(`ws://127.0.0.1:${listener.address.port}/live/a.flv`);
  return { net, listener, url, dial: () => net.dialWebSocket(url, { signal: never(), timeout: patience }) };
}

const message = (text: string, envelope = messageEnvelope): Uint8Array[] => {
  const bytes = utf8(text);
  const { head, tail } = envelope(bytes.length);
  return [head, bytes, tail];
};

/** Messages and the close event of Node's WebSocket. */
function browser(url: URL) {
  const socket = new WebSocket(url);
  socket.binaryType = 'arraybuffer';
  onTestFinished(() => socket.close());
  const messages: string[] = [];
  socket.onmessage = ({ data }) => messages.push(new TextDecoder().decode(data as ArrayBuffer));
  const end = new Promise<CloseEvent>((resolve) => {
    socket.onclose = resolve;
  });
  return { socket, messages, end };
}

/** Upgrades by hand and sends bytes; resolves with what comes behind the head of the answer. */
function raw(port: number, frames: Uint8Array): Promise<Uint8Array> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
  socket.write(
    `GET /a.flv HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${key}\r\n\r\n`,
  );
  let answer = Buffer.alloc(0);
  let upgraded = false;
  return new Promise((resolve) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes) => {
      answer = Buffer.concat([answer, bytes]);
      if (!upgraded && answer.includes('\r\n\r\n')) {
        upgraded = true;
        expect(answer.toString('latin1')).toMatch(
          /^HTTP\/1.1 101 [\s\S]*Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/,
        );
        socket.write(frames);
      }
    });
    socket.on('close', () => resolve(answer.subarray(answer.indexOf('\r\n\r\n') + 4)));
  });
}

describe('a WebSocket', () => {
  it('gives messages to a standard client and closes with 1000', async () => {
    const { url } = await serve((exchange) => {
      const link = exchange.upgrade();
      link.send(message('one'));
      link.send(message('two'));
      link.close();
    });
    const { messages, end } = browser(url);

    const { code, wasClean } = await end;

    expect({ messages, code, wasClean }).toEqual({ messages: ['one', 'two'], code: 1000, wasClean: true });
  });

  it('says why it refuses: 1008', async () => {
    const { url } = await serve((exchange) => exchange.upgrade().close(admissionErrors.refused('KICKED')));

    const { code, reason } = await browser(url).end;

    expect({ code, reason }).toEqual({ code: 1008, reason: 'ended by the operator' });
  });

  it('hears messages, and the close of a standard client', async () => {
    const left = Promise.withResolvers<unknown>();
    const { url } = await serve((exchange) => {
      const link = exchange.upgrade();
      link.onData = (bytes) => link.send(message(new TextDecoder().decode(bytes)));
      link.onClose = left.resolve;
    });
    const { socket, messages, end } = browser(url);
    socket.onopen = () => socket.send(Buffer.from('echo'));
    socket.addEventListener('message', () => socket.close(1000));

    const { code } = await end;

    expect(await left.promise).toBeUndefined();
    expect({ messages, code }).toEqual({ messages: ['echo'], code: 1000 });
  });

  it('is dialled, answers both ways, and ends', async () => {
    const { dial } = await serve((exchange) => {
      const link = exchange.upgrade();
      link.send(message('hello'));
      link.onData = (bytes) => {
        link.send(message(new TextDecoder().decode(bytes)));
        link.close();
      };
    });
    const link = await dial();
    const texts: string[] = [];

    const end = closed(link);
    link.onData = (bytes) => {
      texts.push(new TextDecoder().decode(bytes));
      if (texts.length === 1) link.send(message('again', clientMessageEnvelope));
    };

    expect(await end).toBeUndefined();
    expect(texts).toEqual(['hello', 'again']);
  });

  it('is refused with NET_UPGRADE and the status', async () => {
    const { dial } = await serve((exchange) => exchange.reply(404, {}, 'no'));

    await expect(dial()).rejects.toMatchObject({ code: 'NET_UPGRADE', details: { status: 404 } });
  });

  it.each([
    ['an unmasked frame', '82 01 00', '88 ?? 03 ea'],
    ['a message above the limit', '82 ff 00 00 00 00 01 00 00 00 00 00 00 00', '88 ?? 03 f1'],
    ['a ping, answered, then a close', '89 81 00 00 00 00 07 88 82 00 00 00 00 03 e8', '8a 01 07 88 02 03 e8'],
  ])('answers %s', async (_name, frames, answer) => {
    const { listener } = await serve((exchange) => {
      finally_(exchange.upgrade());
    });

    const bytes = await raw(listener.address.port, fromHex(frames));

    const wanted = answer.split(' ');
    const got = [...bytes.subarray(0, wanted.length)].map((byte, index) =>
      wanted[index] === '??' ? '??' : byte.toString(16).padStart(2, '0'),
    );
    expect(got).toEqual(wanted);
  });

  it('ends with WEBSOCKET_PEER when the other end says that something is wrong', async () => {
    const { dial } = await serve((exchange) => exchange.upgrade().close(admissionErrors.refused('KICKED')));

    const link = await dial();
    const end = closed(link);
    link.onData = () => expect.unreachable();

    expect(await end).toMatchObject({ code: 'WEBSOCKET_PEER', details: { code: 1008 } });
  });

  it('answers no pings of a peer that does not read', () => {
    const link = new FakeLink(0);
    finally_(new WebSocketLink(link, { limitBytes: 1000 }));
    const ping = writeFrame(opcodes.ping, new Uint8Array(125), new Uint8Array(4));

    for (let i = 0; i < 10_000; i++) link.onData(ping);

    expect(link.pending).toBeLessThan(70_000);
  });

  it('forgets what a client says before it is answered, and notices that it leaves', async () => {
    const waiting = Promise.withResolvers<HttpExchange>();
    const { listener } = await serve((exchange) => waiting.resolve(exchange));
    const socket = connect(listener.address.port, '127.0.0.1');
    onTestFinished(() => void socket.destroy());
    const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==';
    socket.write(
      `GET /a.flv HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n${key}\r\n\r\nearly`,
    );
    const exchange = await waiting.promise;
    const gone = new Promise<void>((resolve) => {
      exchange.onGone = resolve;
    });

    socket.end('more');

    await gone;
  });

  it('tells a handler that waits when its peer has gone', async () => {
    const waiting = Promise.withResolvers<HttpExchange>();
    const { url } = await serve((exchange) => waiting.resolve(exchange));
    const stop = new AbortController();
    const { net } = makeNet();
    const dialling = net.dialWebSocket(url, { signal: stop.signal, timeout: patience });
    const exchange = await waiting.promise;
    const gone = new Promise<void>((resolve) => {
      exchange.onGone = resolve;
    });

    const refused = expect(dialling).rejects.toMatchObject({ code: 'NET_ABORTED' });
    stop.abort();

    await Promise.all([gone, refused]);
    const link: Link = exchange.upgrade();
    expect(await closed(link)).toBeUndefined();
  });
});
