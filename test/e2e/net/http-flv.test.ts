// HTTP-FLV over real sockets: many players, slow players, publishing, and our own client in both directions.
import { connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { fromMs } from '../../../src/core/base/time.ts';
import type { PullOptions } from '../../../src/core/control/host.ts';
import { FlvDemuxer } from '../../../src/core/format/flv/index.ts';
import type { MediaEvent } from '../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../src/core/media/frame.ts';
import { Stream } from '../../../src/core/media/stream.ts';
import { httpFlv } from '../../../src/core/protocols/http-flv/index.ts';
import { live, video } from '../../tools/builders.ts';
import { flvFile, liveName, liveTracks } from '../../unit/protocols/http-flv/fakes.ts';
import { startServer, until } from './http-flv-server.ts';
import { never, patience, readAll, readText } from './tools.ts';

type Server = Awaited<ReturnType<typeof startServer>>;

const get = { method: 'GET', headers: {}, signal: never(), timeout: patience } as const;
const play = async ({ net, url }: Server): Promise<Uint8Array> =>
  readAll((await net.request(url('/live/a.flv'), get)).body);

function publish({ hub }: Server) {
  const publication = hub.stream(liveName).publish({ policy: 'refuse', onEvicted: () => undefined });
  publication.retrack(liveTracks);
  return publication;
}

async function playByWebSocket({ net, url }: Server): Promise<Uint8Array> {
  return readAll(await net.dialWebSocket(url('/live/a.flv', 'ws'), { signal: never(), timeout: patience }));
}

const framesOf = (events: readonly MediaEvent[]): Frame[] =>
  events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []));

const demux = (file: Uint8Array): Frame[] => {
  const demuxer = new FlvDemuxer({ messageBytes: 1e7, tracks: 8, amfDepth: 8, amfValues: 100 });
  return framesOf([...demuxer.push(file), ...demuxer.end()]);
};

/** A socket that asks for the stream and then reads nothing. */
function deaf({ port }: Server): void {
  const socket = connect(port, '127.0.0.1');
  socket.pause();
  socket.on('error', () => undefined);
  socket.write('GET /live/a.flv HTTP/1.1\r\nHost: a\r\n\r\n');
  onTestFinished(() => void socket.destroy());
}

describe('players', () => {
  it('200 of them, over HTTP and WebSocket, get the same bytes and a clean end', async () => {
    const server = await startServer({ mergeWindowMs: 20 });
    const publication = publish(server);
    const frames = live({ seconds: 4, size: 2000 });
    const players = Array.from({ length: 200 }, (_, index) =>
      index % 2 === 0 ? play(server) : playByWebSocket(server),
    );
    await until(() => server.hub.find(liveName)?.players === 200);

    for (const frame of frames) {
      publication.write(frame);
      await new Promise((resolve) => setImmediate(resolve));
    }
    publication.end();

    const wanted = flvFile(frames);
    const files = await Promise.all(players);
    expect(files.every((file) => Buffer.compare(file, wanted) === 0)).toBe(true);
    expect(server.host.sessions.size).toBe(0);
  });

  it('that read nothing are closed, and the others miss nothing', async () => {
    const server = await startServer({ limits: { stallTime: fromMs(300), linkBytes: 100_000, feedBytes: 2_000_000 } });
    const publication = publish(server);
    const fast = play(server);
    deaf(server);
    deaf(server);
    await until(() => server.hub.find(liveName)?.players === 3);

    // More than the kernel takes for a reader that does not read (at most about 10 MB on Linux).
    const frames = Array.from({ length: 400 }, (_, index) =>
      video({ at: index * 40, key: index % 25 === 0, size: 60_000 }),
    );
    for (const frame of frames) {
      publication.write(frame);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => server.host.sessions.size === 1);
    publication.end();

    expect(demux(await fast).map((frame) => frame.dts)).toEqual(frames.map((frame) => frame.dts));
    const slow = server.lines.filter(({ fields }) => fields['code'] === 'PLAYER_TOO_SLOW');
    expect(slow).toHaveLength(2);
  });

  it('wait for their publisher, and hear 404 when none comes', async () => {
    const server = await startServer({ config: { waitTime: fromMs(100) } });

    const response = await server.net.request(server.url('/live/a.flv'), get);

    expect(response.status).toBe(404);
    expect(JSON.parse(await readText(response.body))).toMatchObject({ error: 'HTTP_FLV_NO_STREAM' });
  });

  it('that leave while they wait are forgotten', async () => {
    const server = await startServer();
    const stop = new AbortController();
    const asking = server.net.request(server.url('/live/a.flv'), { ...get, signal: stop.signal });
    const refused = expect(asking).rejects.toMatchObject({ code: 'NET_ABORTED' });
    await until(() => server.host.sessions.size === 1);

    stop.abort();
    await refused;

    await until(() => server.host.sessions.size === 0);
  });
});

describe('publishing', () => {
  it('by POST reaches a player that waits, byte for byte', async () => {
    const server = await startServer();
    const file = flvFile(live({ seconds: 2 }));
    const player = play(server);
    await until(() => server.host.sessions.size === 1);

    const response = await server.net.request(server.url('/live/a.flv'), {
      ...get,
      method: 'POST',
      upload: (body) => {
        for (let at = 0; at < file.length; at += 1000) body.send([file.subarray(at, at + 1000)]);
        body.close();
      },
    });

    expect(response.status).toBe(200);
    expect(Buffer.compare(await player, file)).toBe(0);
  });

  it('is refused with 409 and why, although the body has no end', async () => {
    const server = await startServer();
    publish(server);

    const response = await server.net.request(server.url('/live/a.flv'), {
      ...get,
      method: 'POST',
      upload: (body) => void body.send([flvFile(live({ seconds: 1 }))]),
    });

    expect(response.status).toBe(409);
    expect(JSON.parse(await readText(response.body))).toMatchObject({ code: 1028, error: 'STREAM_BUSY' });
  });
});

describe('the client', () => {
  const pullOptions = (signal: AbortSignal): PullOptions => ({
    signal,
    ready: async () => undefined,
    onBytes: () => undefined,
  });

  it.each(['http', 'ws'])('pulls by %s until the end', async (scheme) => {
    const server = await startServer();
    const publication = publish(server);
    const events: MediaEvent[] = [];
    const pulling = httpFlv.pull(
      server.host,
      server.url('/live/a.flv', scheme),
      { on: (event) => events.push(event) },
      pullOptions(never()),
    );
    await until(() => server.hub.find(liveName)?.players === 1);
    const frames = live({ seconds: 1 });

    for (const frame of frames) publication.write(frame);
    publication.end();
    await pulling;

    expect(framesOf(events).map(({ dts, data }) => [dts, data])).toEqual(frames.map(({ dts, data }) => [dts, data]));
  });

  it.each(['http', 'ws'])('is told by %s why it may not, with the status', async (scheme) => {
    const server = await startServer({ config: { waitTime: fromMs(50) } });

    const pulling = httpFlv.pull(
      server.host,
      server.url('/live/a.flv', scheme),
      { on: () => undefined },
      pullOptions(never()),
    );

    await expect(pulling).rejects.toMatchObject({
      code: 'HTTP_FLV_STATUS',
      name: 'RefusedError',
      details: { status: 404 },
    });
  });

  it('stops at the signal, before and after it has connected', async () => {
    const server = await startServer();
    const publication = publish(server);
    const stop = new AbortController();
    const events: MediaEvent[] = [];
    const pulling = httpFlv.pull(
      server.host,
      server.url('/live/a.flv'),
      { on: (event) => events.push(event) },
      pullOptions(stop.signal),
    );
    publication.write(video({ at: 0, key: true }));
    await until(() => events.length > 0);

    stop.abort();
    await pulling;

    await until(() => server.host.sessions.size === 0);
    await httpFlv.pull(
      server.host,
      server.url('/live/a.flv'),
      { on: () => expect.unreachable() },
      pullOptions(stop.signal),
    );
  });

  it('gives a source up that sends no media', async () => {
    const server = await startServer({ limits: { firstMediaTime: fromMs(100) } });
    publish(server);

    const pulling = httpFlv.pull(server.host, server.url('/live/a.flv'), { on: () => undefined }, pullOptions(never()));

    await expect(pulling).rejects.toMatchObject({ code: 'HTTP_FLV_NO_MEDIA' });
    await until(() => server.host.sessions.size === 0);
  });

  it('refuses what is not FLV', async () => {
    const server = await startServer();
    const page = await server.net.listenHttp({ host: '127.0.0.1', port: 0 }, (exchange) =>
      exchange.reply(200, {}, '<html></html>'),
    );
    onTestFinished(() => page.close());
    const url = new URL(`http://127.0.0.1:${page.address.port}/live/a.flv`);

    const pulling = httpFlv.pull(server.host, url, { on: () => undefined }, pullOptions(never()));

    await expect(pulling).rejects.toMatchObject({ code: 'FLV_HEADER' });
  });

  function source(server: Server) {
    const { clock, limits } = server.host;
    const nobody = (): void => undefined;
    const stream = new Stream(liveName, {
      clock,
      limits,
      gopCache: true,
      mergeWindow: 0,
      onIdle: nobody,
      onPublished: nobody,
      onUnpublished: nobody,
    });
    const publication = stream.publish({ policy: 'refuse', onEvicted: nobody });
    publication.retrack(liveTracks);
    return { stream, publication };
  }

  it('pushes a stream to its end, and the bytes are counted', async () => {
    const server = await startServer();
    const player = play(server);
    const { stream, publication } = source(server);
    const frames = live({ seconds: 2 });
    let bytes = 0;

    const pushing = httpFlv.push(server.host, stream, server.url('/live/a.flv'), {
      signal: never(),
      mergeWindow: 0,
      onBytes: (count) => {
        bytes += count;
      },
    });
    await until(() => stream.players === 1);
    for (const frame of frames) publication.write(frame);
    publication.end();
    await pushing;

    const file = await player;
    expect(Buffer.compare(file, flvFile(frames))).toBe(0);
    expect(bytes).toBe(file.length);
    expect(stream.players).toBe(0);
  });

  it('is told why it may not push, with the status', async () => {
    const server = await startServer();
    publish(server);
    const { stream } = source(server);

    const pushing = httpFlv.push(server.host, stream, server.url('/live/a.flv'), {
      signal: never(),
      mergeWindow: 0,
      onBytes: () => undefined,
    });

    await expect(pushing).rejects.toMatchObject({ code: 'HTTP_FLV_STATUS', details: { status: 409 } });
    expect(stream.players).toBe(0);
  });

  it('is told HTTP_FLV_EARLY when the server has had enough', async () => {
    const server = await startServer();
    const short = await server.net.listenHttp({ host: '127.0.0.1', port: 0 }, (exchange) => exchange.reply(200, {}));
    onTestFinished(() => short.close());
    const { stream } = source(server);

    const url = new URL(`http://127.0.0.1:${short.address.port}/live/a.flv`);
    const pushing = httpFlv.push(server.host, stream, url, {
      signal: never(),
      mergeWindow: 0,
      onBytes: () => undefined,
    });

    await expect(pushing).rejects.toMatchObject({ code: 'HTTP_FLV_EARLY' });
  });

  it('ends a push at the signal, and the server sees a clean end', async () => {
    const server = await startServer();
    const { stream, publication } = source(server);
    const stop = new AbortController();
    const pushing = httpFlv.push(server.host, stream, server.url('/live/a.flv'), {
      signal: stop.signal,
      mergeWindow: 0,
      onBytes: () => undefined,
    });
    publication.write(video({ at: 0, key: true }));
    await until(() => server.hub.find(liveName) !== undefined);

    stop.abort();
    await pushing;

    expect(server.hub.find(liveName)).toBeUndefined();
    expect(server.lines.at(-1)?.fields['code']).toBeUndefined();
  });

  it('ends a push that cannot connect, by error or signal', async () => {
    const server = await startServer();
    const { stream } = source(server);
    const options = { mergeWindow: 0, onBytes: () => undefined };
    const stop = new AbortController();
    const silent = await server.net.listenTcp({ host: '127.0.0.1', port: 0 }, () => undefined);
    onTestFinished(() => silent.close());
    const { port } = silent.address;

    const hanging = httpFlv.push(server.host, stream, new URL(`https://127.0.0.1:${port}/live/a.flv`), {
      ...options,
      signal: stop.signal,
    });
    stop.abort();
    await hanging;
    silent.close();
    const refused = httpFlv.push(server.host, stream, new URL(`http://127.0.0.1:${port}/live/a.flv`), {
      ...options,
      signal: never(),
    });

    await expect(refused).rejects.toMatchObject({ code: 'NET_REFUSED' });
    await expect(
      httpFlv.push(server.host, stream, server.url('/live/a.flv', 'ws'), { ...options, signal: never() }),
    ).rejects.toMatchObject({ code: 'HTTP_FLV_PUSH_WEBSOCKET' });
  });

  it('takes URLs that end in .flv', () => {
    expect(httpFlv.accepts(new URL('http://a/live/b.flv?token=1'))).toBe(true);
    expect(httpFlv.accepts(new URL('wss://a/live/b.m3u8'))).toBe(false);
  });
});
