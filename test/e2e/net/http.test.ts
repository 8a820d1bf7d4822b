// HTTP over real sockets: answers, bodies, ends, bounds, and our own client against our own server.
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { utf8 } from '../../../src/core/base/bytes.ts';
import type { Limits } from '../../../src/core/base/limits.ts';
import { fromMs } from '../../../src/core/base/time.ts';
import { admissionErrors } from '../../../src/core/control/admission.ts';
import type { HttpRequestOptions } from '../../../src/core/control/host.ts';
import { chunkEnvelope, lastChunk } from '../../../src/core/wire/http/chunk.ts';
import type { HttpExchange, HttpHandler } from '../../../src/core/wire/http/exchange.ts';
import { anyPort, closed, finally_, makeNet, never, patience, readAll, readText } from './tools.ts';

async function serve(on: HttpHandler, changes: Partial<Limits> = {}) {
  const made = makeNet(changes);
  const listener = finally_(await made.net.listenHttp(anyPort, on));
  const url = (path: string): URL => new URL(path, `http://127.0.0.1:${listener.address.port}`);
  const ask = (path: string, options: Partial<HttpRequestOptions> = {}) =>
    made.net.request(url(path), { method: 'GET', headers: {}, signal: never(), timeout: patience, ...options });
  return { ...made, listener, url, ask };
}

/** Sends bytes as they are; resolves with everything that comes back until the end. */
function talk(port: number, text: string, { end = false } = {}): Promise<string> {
  const socket = connect(port, '127.0.0.1', () => {
    socket.write(text);
    if (end) socket.end();
  });
  onTestFinished(() => void socket.destroy());
  let answer = '';
  return new Promise((resolve) => {
    socket.on('data', (bytes) => {
      answer += bytes.toString('latin1');
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(answer));
  });
}

describe('a reply', () => {
  it('has status, headers and body, and keeps the connection', async () => {
    const { listener, ask } = await serve((exchange) => exchange.reply(201, { 'X-A': 'b' }, 'hello'));

    const response = await ask('/x');
    const twice = await talk(
      listener.address.port,
      'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );

    expect([response.status, response.header('x-a'), await readText(response.body)]).toEqual([201, 'b', 'hello']);
    expect(twice.match(/HTTP\/1.1 201 Created/g)).toHaveLength(2);
  });

  it('has a line for each of several values, whoever writes the head', async () => {
    const { listener } = await serve((exchange) => {
      const headers = { Link: ['<a>; rel="x"', '<b>; rel="x"'] };
      if (exchange.request.method === 'GET') exchange.send(200, { ...headers, 'Content-Length': 0 }).close();
      else exchange.reply(200, headers);
    });

    for (const method of ['GET', 'OPTIONS']) {
      const answer = await talk(listener.address.port, `${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      expect(answer).toContain('Link: <a>; rel="x"\r\nLink: <b>; rel="x"\r\n');
    }
  });

  it('to HEAD is the head only', async () => {
    const { listener } = await serve((exchange) => exchange.reply(200, {}, 'hello'));

    const answer = await talk(listener.address.port, 'HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');

    expect(answer).toMatch(/Content-Length: 5\r\n/);
    expect(answer).toMatch(/\r\n\r\n$/);
  });

  it('is 500 without a stack when the handler fails, at once or later', async () => {
    const { ask, lines } = await serve((exchange) => {
      if (exchange.request.path === '/now') throw new TypeError('secret');
      return Promise.reject(new TypeError('secret'));
    });

    for (const path of ['/now', '/later']) {
      const response = await ask(path);

      expect(response.status).toBe(500);
      expect(await readText(response.body)).not.toMatch(/secret|\.ts/);
    }
    expect(lines.filter((line) => line.level === 'error')).toHaveLength(2);
  });

  it('is the status of a refusal', async () => {
    const { ask } = await serve(() => Promise.reject(admissionErrors.refused('KICKED')));

    const response = await ask('/');

    expect(response.status).toBe(403);
    expect(JSON.parse(await readText(response.body))).toMatchObject({ code: 2056, error: 'ADMISSION_KICKED' });
  });

  it('never lets a value break out of its header', async () => {
    const { ask } = await serve((exchange) => {
      exchange.stream(200, { 'X-A': 'a\r\nX-B: c' });
    });

    await expect(ask('/')).rejects.toMatchObject({ code: 'NET_RESET' });
  });

  it('tells a handler that waits when its peer has gone', async () => {
    const waiting = Promise.withResolvers<HttpExchange>();
    const { listener } = await serve((exchange) => waiting.resolve(exchange));
    const socket = connect(listener.address.port, '127.0.0.1', () => socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'));
    const exchange = await waiting.promise;
    const gone = new Promise<void>((resolve) => {
      exchange.onGone = resolve;
    });

    socket.destroy();
    await gone;

    // Answering now harms nobody, and the link tells that it is over.
    const { link } = exchange.stream(200, {});
    expect(await closed(link)).toBeUndefined();
  });
});

describe('the request', () => {
  it('is given as it came', async () => {
    const seen = Promise.withResolvers<HttpExchange['request']>();
    const { ask } = await serve((exchange) => {
      seen.resolve(exchange.request);
      exchange.reply(200, {});
    });

    await ask('/a%2fb/../c.flv?vhost=v&x=%20', { headers: { 'X-Y': 'z' } });

    const request = await seen.promise;
    expect(request).toMatchObject({ method: 'GET', secure: false, webSocket: false, search: '?vhost=v&x=%20' });
    expect(request.query.get('x')).toBe(' ');
    expect(request.header('x-y')).toBe('z');
    expect(request.peer.host).toBe('127.0.0.1');
  });

  it('is refused with 400 when it has both Content-Length and Transfer-Encoding', async () => {
    const { listener } = await serve(() => expect.unreachable());

    const answer = await talk(
      listener.address.port,
      'POST /a.flv HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n',
    );

    expect(answer).toMatch(/^HTTP\/1.1 400 Bad Request\r\n/);
    expect(answer.match(/HTTP\/1.1/g)).toHaveLength(1);
  });

  it('is refused with 431 when its head is too long', async () => {
    const { listener } = await serve(() => expect.unreachable());

    const answer = await talk(listener.address.port, `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`);

    expect(answer).toMatch(/^HTTP\/1.1 431 /);
  });

  it('must be there within the handshake time', async () => {
    const { listener } = await serve(() => expect.unreachable(), { handshakeTime: fromMs(40) });

    const [slow, silent] = await Promise.all([
      talk(listener.address.port, 'GET / HTTP/1.1\r\nHost: a\r\nX-'),
      talk(listener.address.port, ''),
    ]);

    expect(slow).toMatch(/^HTTP\/1.1 408 /);
    expect(silent).toMatch(/^(HTTP\/1.1 408 |$)/);
  });
});

describe('a stream', () => {
  const startTwo: HttpHandler = (exchange) => {
    const { link, chunked } = exchange.stream(200, { 'Content-Type': 'video/x-flv' });
    const { head, tail } = chunkEnvelope(3);
    link.send(chunked ? [head, utf8('abc'), tail, lastChunk] : [utf8('abc')]);
    link.close();
  };

  it('is chunked for HTTP/1.1 and ends cleanly', async () => {
    const { ask } = await serve(startTwo);

    const response = await ask('/');

    expect(response.header('transfer-encoding')).toBe('chunked');
    expect(await readText(response.body)).toBe('abc');
  });

  it('ends with the connection for HTTP/1.0', async () => {
    const { listener } = await serve(startTwo);

    const answer = await talk(listener.address.port, 'GET / HTTP/1.0\r\n\r\n');

    expect(answer).not.toMatch(/chunked/i);
    expect(answer).toMatch(/Connection: close\r\n[\s\S]*\r\n\r\nabc$/);
  });

  it('that breaks off is an error for the client', async () => {
    const { ask } = await serve((exchange) => {
      const { link } = exchange.stream(200, {});
      link.send([utf8('3\r\nabc\r\n')]);
      link.close();
    });

    const response = await ask('/');

    await expect(readAll(response.body)).rejects.toMatchObject({ code: 'NET_RESET' });
  });

  it('tells when the client leaves', async () => {
    const left = Promise.withResolvers<unknown>();
    const { ask } = await serve((exchange) => {
      exchange.stream(200, {}).link.onClose = left.resolve;
    });

    const response = await ask('/');
    response.body.close();

    expect(await left.promise).toBeUndefined();
  });

  it('is the last answer on its connection', async () => {
    let requests = 0;
    const { listener } = await serve((exchange) => {
      requests++;
      exchange.stream(200, {}).link.send([utf8('3\r\nabc\r\n')]);
    });

    const twice = 'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n';
    const answer = await talk(listener.address.port, twice);

    expect(answer.match(/HTTP\/1.1/g) ?? []).toHaveLength(1);
    expect(requests).toBe(1);
  });
});

describe('a body', () => {
  it('comes as it is sent, chunked, and the answer follows', async () => {
    const { ask } = await serve(async (exchange) => exchange.reply(200, {}, await readText(exchange.body())));

    const response = await ask('/', {
      method: 'POST',
      upload: (body) => {
        body.send([utf8('one '), utf8('two')]);
        body.close();
      },
    });

    expect(await readText(response.body)).toBe('one two');
  });

  it('waits while it is paused, and the sender knows', async () => {
    const arrived = Promise.withResolvers<HttpExchange>();
    const { ask } = await serve((exchange) => arrived.resolve(exchange));
    const chunk = new Uint8Array(1024 * 1024);
    const full = Promise.withResolvers<number>();

    const answer = ask('/', {
      method: 'POST',
      upload: (body) => {
        let sends = 1;
        while (body.send([chunk])) sends++;
        full.resolve(sends);
        body.onDrain = () => body.close();
      },
    });
    const exchange = await arrived.promise;
    const body = exchange.body();
    body.pause();
    const all = readAll(body);
    const sends = await full.promise;
    body.resume();

    expect((await all).length).toBe(sends * chunk.length);
    exchange.reply(200, {});
    expect((await answer).status).toBe(200);
  });

  it('without end is cut off when the answer was given', async () => {
    const { ask } = await serve((exchange) => exchange.reply(409, {}, 'busy'));
    const ended = Promise.withResolvers<unknown>();

    const response = await ask('/', {
      method: 'POST',
      upload: (body) => {
        const more = (): void => void body.send([new Uint8Array(100_000)]);
        body.onDrain = more;
        body.onClose = ended.resolve;
        more();
      },
    });

    expect(response.status).toBe(409);
    expect(await readText(response.body)).toBe('busy');
    expect(await ended.promise).toBeUndefined();
  });

  it('whose end does not come is not waited for after the answer', async () => {
    const { listener } = await serve((exchange) => exchange.reply(409, {}, 'busy'));

    const answer = await talk(listener.address.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc');

    expect(answer).toMatch(/^HTTP\/1.1 409 [\s\S]*Connection: close[\s\S]*busy$/);
  });

  it('that breaks off is an error', async () => {
    const broken = Promise.withResolvers<unknown>();
    const { listener } = await serve((exchange) => {
      readAll(exchange.body()).catch(broken.resolve);
    });

    await talk(listener.address.port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc', { end: true });

    expect(await broken.promise).toMatchObject({ code: 'NET_RESET' });
  });

  it('is only asked for when the handler wants it (Expect: 100-continue)', async () => {
    const { listener } = await serve(async (exchange) => {
      if (exchange.request.path === '/no') exchange.reply(409, {}, 'no');
      else exchange.reply(200, {}, await readText(exchange.body()));
    });
    const ask = (path: string): string =>
      `POST ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n`;

    const no = await talk(listener.address.port, ask('/no'));
    const yes = await talk(listener.address.port, `${ask('/yes')}abc`);

    expect(no).toMatch(/^HTTP\/1.1 409 /);
    expect(yes).toMatch(/^HTTP\/1.1 100 Continue\r\n\r\nHTTP\/1.1 200 OK[\s\S]*abc$/);
  });
});

describe('the client', () => {
  it('follows redirects, and leaves secrets behind at another origin', async () => {
    const other = await serve((exchange) =>
      exchange.reply(200, {}, exchange.request.header('authorization') ?? 'none'),
    );
    const { ask } = await serve((exchange) => {
      if (exchange.request.path === '/own') exchange.reply(302, { Location: '/far' });
      else exchange.reply(307, { Location: other.url('/x').href });
    });

    const response = await ask('/own', { headers: { Authorization: 'secret' } });

    expect(await readText(response.body)).toBe('none');
    expect(response.url?.href).toBe(other.url('/x').href);
    expect((await ask('/plain', { follow: false })).url).toBeUndefined();
  });

  it.each(['file:///etc/passwd', 'gopher://a/', 'http://['])('does not follow a redirect to %s', async (target) => {
    const { ask } = await serve((exchange) => exchange.reply(302, { Location: target }));

    await expect(ask('/')).rejects.toMatchObject({ code: 'NET_REDIRECTS' });
  });

  it('gives up after five redirects', async () => {
    let requests = 0;
    const { ask } = await serve((exchange) => {
      requests++;
      exchange.reply(302, { Location: '/' });
    });

    await expect(ask('/')).rejects.toMatchObject({ code: 'NET_REDIRECTS' });
    expect(requests).toBe(6);
  });

  it('gives up with NET_TIMEOUT, NET_ABORTED, NET_HTTP and NET_REFUSED', async () => {
    const { net, ask } = await serve(() => undefined);
    const stop = new AbortController();
    const other = finally_(
      await net.listenTcp(anyPort, (link) => {
        link.onData = () => link.close();
        link.send([utf8('SSH-2.0-x\r\n')]);
      }),
    );
    const far = new URL(`http://127.0.0.1:${other.address.port}/`);
    const get = { method: 'GET', headers: {}, signal: never(), timeout: patience };

    await expect(ask('/', { timeout: fromMs(20) })).rejects.toMatchObject({ code: 'NET_TIMEOUT' });
    const aborted = ask('/', { signal: stop.signal });
    stop.abort();
    await expect(aborted).rejects.toMatchObject({ code: 'NET_ABORTED' });
    await expect(net.request(far, get)).rejects.toMatchObject({ code: 'NET_HTTP' });
    other.close();
    await expect(net.request(far, get)).rejects.toMatchObject({ code: 'NET_REFUSED' });
  });
});
