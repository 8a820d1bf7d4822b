// Connections that are answered past node:http: nobody outside can tell, whatever is sent and however it is cut.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeInput } from '../../../scripts/fuzz-input.ts';
import { utf8 } from '../../../src/core/base/bytes.ts';
import { defaultLimits, type Limits } from '../../../src/core/base/limits.ts';
import { fromMs, toMs } from '../../../src/core/base/time.ts';
import type { HttpExchange, HttpHandler } from '../../../src/core/wire/http/exchange.ts';
import { seeds } from '../../fuzz/plain-request.fuzz.ts';
import { anyPort, finally_, makeNet, readText } from './tools.ts';

/** So long may a head take, in both servers, and so long is an answer waited for. */
const headTime = fromMs(400);
const watched = ['host', 'connection', 'user-agent', 'accept', 'range', 'x', 'content-length', 'transfer-encoding'];

async function serve(on: HttpHandler, changes: Partial<Limits> = {}): Promise<{ port: number; close: () => void }> {
  const listener = finally_(await makeNet(changes).net.listenHttp(anyPort, on));
  return { port: listener.address.port, close: () => listener.close() };
}

/** Says what it understood. */
const echo: HttpHandler = (exchange) => {
  const { header } = exchange.request;
  // At once where that can be: node:http forgets what is not answered yet when rubbish comes behind it.
  if (header('content-length') === undefined && header('transfer-encoding') === undefined) say(exchange, '');
  else return readText(exchange.body()).then((body) => say(exchange, body));
};

function say(exchange: HttpExchange, body: string): void {
  const { method, path, search, header } = exchange.request;
  exchange.reply(200, {}, JSON.stringify([method, path + search, ...watched.map((name) => header(name) ?? ''), body]));
}

/** The same on node:http alone. */
async function serveByNode(): Promise<number> {
  const answer = (incoming: IncomingMessage, response: ServerResponse, body: string): void => {
    const { method, url = '', headers } = incoming;
    const target = url.replace(/^https?:\/\/[^/?]*/i, '') || '/';
    const said = JSON.stringify([method, target, ...watched.map((name) => headers[name] ?? ''), body]);
    response.writeHead(200, { 'Content-Length': Buffer.byteLength(said) }).end(said);
  };
  const serveOne = (incoming: IncomingMessage, response: ServerResponse): void => {
    const { headers } = incoming;
    const bodiless = headers['content-length'] === undefined && headers['transfer-encoding'] === undefined;
    if (bodiless) answer(incoming, response, '');
    // A body that breaks off has nobody to answer.
    else
      text(incoming)
        .then((body) => answer(incoming, response, body))
        .catch(() => incoming.socket.destroy());
  };
  const options = {
    maxHeaderSize: defaultLimits.httpHeadBytes,
    headersTimeout: toMs(headTime),
    connectionsCheckingInterval: 100,
    requestTimeout: 0,
  };
  const server = createServer(options, serveOne);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close().closeAllConnections());
  return (server.address() as AddressInfo).port;
}

/** Statuses with what was understood, until the server closes or says nothing more. */
function talk(port: number, pieces: readonly Uint8Array[], { answers = 1000 } = {}): Promise<string[]> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true }, () => writeAll(socket, pieces));
    onTestFinished(() => void socket.destroy());
    const timer = setTimeout(() => socket.destroy(), toMs(headTime) * 3);
    let wire = '';
    socket.on('data', (bytes) => {
      wire += bytes.toString('latin1');
      if (readAnswers(wire).length >= answers) socket.destroy();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(timer);
      resolve(readAnswers(wire));
    });
  });
}

/** Each piece in a packet of its own, as far as that can be asked for. */
function writeAll(socket: Socket, [piece, ...rest]: readonly Uint8Array[]): void {
  if (piece !== undefined) socket.write(piece, () => setImmediate(() => writeAll(socket, rest)));
}

function readAnswers(wire: string): string[] {
  const answers: string[] = [];
  for (let at = 0; at < wire.length; ) {
    const body = wire.indexOf('\r\n\r\n', at) + 4;
    const head = wire.slice(at, body);
    const size = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
    if (body < 4 || wire.length < body + size) break;
    answers.push(`${head.slice(9, 12)} ${wire.slice(body, body + size)}`);
    at = body + size;
  }
  return answers;
}

/** Node says 400 to rubbish only when the answer before it has left, which is a matter of time. */
const quiet = (answers: readonly string[]): readonly string[] =>
  answers.length > 1 && answers.at(-1) === '400 ' ? answers.slice(0, -1) : answers;

const last = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
const good = seeds.map((seed) => new TextDecoder().decode(seed)).filter((text) => !text.startsWith('HEAD'));

describe('beside node:http alone', () => {
  const cases = [
    ...good,
    'GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n',
    'GET /a HTTP/1.1\r\nHost: a\r\nX:  y \t\r\nUser-Agent: \xe9\r\n\r\nGET /b HTTP/1.1\r\nHost:b\r\nx: z\r\n\r\n',
    'GET /a HTTP/1.1\r\nHost: a\r\n\r\nPOST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabcGET /c HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 28\r\n\r\nGET /smuggled HTTP/1.1\r\nX: y',
    'GET /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'GET /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n',
    'GET /a HTTP/1.1\r\nHost: a\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'GET /a HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n',
    'GET /a HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n',
    'GET /a HTTP/1.1\r\n\r\n',
    'GET http://b/a?b HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /a HTTP/1.0\r\n\r\n',
    'GET /a\r\n\r\n',
    '\r\n\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET /a HTTP/1.1\r\nHost: a\r\nConnection: \r\n\r\n',
    'GET /a HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nConnection: Upgrade\r\n\r\n',
    'FOO /a HTTP/1.1\r\nHost: a\r\n\r\n',
    'OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n',
    `GET /a HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(9000)}\r\n\r\n`,
    `GET /a HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
    `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  ];

  it.each(cases.map((text) => [JSON.stringify(text.slice(0, 120)), text]))('%s is answered alike', async (_, text) => {
    const node = await serveByNode();
    const { port } = await serve(echo, { handshakeTime: headTime });
    const bytes = Buffer.from(text + last, 'latin1');

    const answers = await talk(port, [bytes]);

    expect(answers).toEqual(await talk(node, [bytes]));
    expect(answers).not.toHaveLength(0);
  });

  it('two hundred damaged requests are answered alike, whole and in two pieces', async () => {
    const node = await serveByNode();
    const { port } = await serve(echo, { handshakeTime: headTime });
    const examples = good.map(utf8);
    for (let seed = 0; seed < 200; seed += 20) {
      const inputs = Array.from({ length: 20 }, (_, i) => makeInput(seed + i, examples));
      await Promise.all(
        inputs.map(async (input, i) => {
          const bytes = Buffer.concat([input, Buffer.from(last)]);
          const cut = (seed + i * 7) % bytes.length;
          const pieces = [bytes.subarray(0, cut), bytes.subarray(cut)];
          const [theirs, whole, cutUp] = await Promise.all([
            talk(node, [bytes]),
            talk(port, [bytes]),
            talk(port, pieces),
          ]);
          expect(quiet(whole), `input ${seed + i}`).toEqual(quiet(theirs));
          expect(quiet(cutUp), `input ${seed + i} cut at ${cut}`).toEqual(quiet(theirs));
        }),
      );
    }
  });

  it('requests cut at each byte are answered alike', async () => {
    const { port } = await serve(echo);
    const bytes = utf8(`${good[0]}GET /b HTTP/1.1\r\nHost: a\r\n\r\n${last}`);
    const whole = await talk(port, [bytes]);

    const cut = await Promise.all(
      Array.from({ length: bytes.length }, (_, at) => talk(port, [bytes.slice(0, at), bytes.slice(at)])),
    );
    const single = await talk(
      port,
      Array.from(bytes, (byte) => Uint8Array.of(byte)),
    );

    expect(whole.map((answer) => answer.slice(0, 3))).toEqual(['200', '200', '200']);
    for (const answers of [...cut, single]) expect(answers).toEqual(whole);
  });
});

describe('a connection', () => {
  it('serves what waits behind an answer that is not there yet, in order', async () => {
    const held: HttpExchange[] = [];
    const waits = Promise.withResolvers<void>();
    const { port } = await serve((exchange) => {
      if (exchange.request.path !== '/held') exchange.reply(200, {}, exchange.request.path);
      else if (held.push(exchange) === 1) waits.resolve();
    });

    const answers = talk(port, [
      utf8('GET /held HTTP/1.1\r\nHost: a\r\n\r\nGET /1 HTTP/1.1\r\nHost: a\r\n\r\n'),
      utf8(`GET /2 HTTP/1.1\r\nHost: a\r\n\r\n${last}`),
    ]);
    await waits.promise;
    held[0]?.reply(200, {}, 'held');

    expect(await answers).toEqual(['200 held', '200 /1', '200 /2', '200 /last']);
  });

  it('goes on behind a body of a length, and behind a broken one it does not', async () => {
    const { port } = await serve((exchange) => {
      const link = exchange.send(200, { 'Content-Length': 200_000 });
      link.send([Buffer.alloc(100_000, 'a')]);
      if (exchange.request.path === '/broken') link.close(new Error() as never);
      else {
        link.send([Buffer.alloc(100_000, 'b')]);
        link.close();
      }
    });
    const ask = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

    const answers = await talk(port, [utf8(ask('/1') + ask('/2') + ask('/broken') + ask('/3'))]);

    expect(answers.map((answer) => answer.length)).toEqual([200_004, 200_004]);
  });

  it('two hundred requests in one read are answered, and no more is made than the peer takes', async () => {
    const body = new Uint8Array(1024 * 1024);
    let made = 0;
    const { port } = await serve((exchange) => {
      made++;
      exchange.reply(200, {}, body);
    });
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(200)));
    onTestFinished(() => void socket.destroy());
    socket.pause();
    // The answers to another one come when those of this one no longer fit.
    await talk(port, [utf8('GET / HTTP/1.1\r\nHost: a\r\n\r\n')], { answers: 1 });
    const early = made;
    let size = 0;
    await new Promise<void>((resolve) => {
      socket.on('data', (bytes) => {
        size += bytes.length;
        if (size > 200 * body.length) resolve();
      });
      socket.resume();
    });

    expect(early).toBeLessThan(100);
    expect(made).toBe(201);
  });

  it('tells who waits that the peer has left, also when it only ended its side', async () => {
    for (const leave of [(socket: Socket) => socket.destroy(), (socket: Socket) => socket.end()]) {
      const waiting = Promise.withResolvers<HttpExchange>();
      const { port } = await serve((exchange) => waiting.resolve(exchange));
      const socket = connect(port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
      onTestFinished(() => void socket.destroy());
      const exchange = await waiting.promise;
      const gone = new Promise<void>((resolve) => {
        exchange.onGone = resolve;
      });

      leave(socket);
      await gone;

      exchange.reply(200, {}, 'nobody');
    }
  });

  it('ends when its listener closes: at once without a request, else with its answer', async () => {
    const waiting = Promise.withResolvers<HttpExchange>();
    const { port, close } = await serve((exchange) => {
      if (exchange.request.path === '/held') waiting.resolve(exchange);
      else exchange.reply(200, {}, 'at once');
    });
    const idle = talk(port, [utf8('GET / HTTP/1.1\r\nHost: a\r\n\r\n')]);
    const held = talk(port, [utf8('GET /held HTTP/1.1\r\nHost: a\r\n\r\n')]);
    const exchange = await waiting.promise;

    close();
    const first = await Promise.race([idle, held]);
    exchange.reply(200, {}, 'late');

    expect(first).toEqual(['200 at once']);
    expect(await held).toEqual(['200 late']);
  });

  it('that says nothing ends within the time for a head', async () => {
    const { port } = await serve(() => expect.unreachable(), { handshakeTime: fromMs(40) });

    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);

    await new Promise<void>((resolve) => {
      socket.resume().on('close', () => resolve());
    });
  });
});
