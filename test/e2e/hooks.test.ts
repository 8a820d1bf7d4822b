// Hooks over real sockets: who may, who may not, what is told, and callback servers that misbehave.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits, loadConfig } from '../../src/core/index.ts';
import { Hub } from '../../src/core/media/hub.ts';
import type { Publication } from '../../src/core/media/stream.ts';
import { RealClock } from '../../src/core/net/index.ts';
import { rtmp } from '../../src/core/protocols/rtmp/index.ts';
import { aacTrack, h264Track, live } from '../tools/builders.ts';
import { type Behaviour, callbackServer, no, yes } from '../tools/callback-server.ts';
import { nameOf, testServer, until } from '../tools/interop.ts';
import { rejected } from '../tools/thrown.ts';
import { captured, shapeOf } from '../unit/control/hooks/captured.ts';
import { flvFile } from '../unit/protocols/http-flv/fakes.ts';

const callbacks = await callbackServer();
const { url } = callbacks;
const actions = ['connect', 'close', 'publish', 'unpublish', 'play', 'stop', 'hls'];
const everything = actions.map((action) => `on_${action} ${url}/${action};`).join(' ');
const text = (hooks: string): string => `rtmp { listen 127.0.0.1:0; } http_server { enabled on; listen 127.0.0.1:0; }
  http_api { enabled on; listen 127.0.0.1:0; } server_id vid-1234567;
  vhost __defaultVhost__ { hls { enabled on; hls_fragment 1; hls_disk off; } http_remux { enabled on; }
    http_hooks { enabled on; ${hooks} } }`;
const read = (source: string) => loadConfig({ text: source, file: 'srs.conf', read: () => '' });
let config = read(text(everything));
const server = await testServer({ config, readConfig: () => config, serverId: 'vid-1234567' });
const { hub, sessions } = server.host;

const reload = async (hooks: string): Promise<void> => {
  config = read(text(hooks));
  await server.reload();
};
/** Publishes over RTMP from a stream of its own; `done` is the end of the client. */
function publish(stream: string) {
  const own = new Hub({ clock: new RealClock(), limits: defaultLimits, gopCache: true, mergeWindow: 0 });
  const publication: Publication = own.stream(nameOf('x')).publish({ policy: 'refuse', onEvicted: () => undefined });
  publication.retrack([h264Track, aacTrack]);
  for (const frame of live({ seconds: 1, gop: 10 })) publication.write(frame);
  const stop = new AbortController();
  const options = { signal: stop.signal, mergeWindow: 0, onBytes: () => undefined };
  const done = rtmp.push(server.host, publication.stream, new URL(`${server.rtmp}/live/${stream}`), options);
  /** Four seconds more. */
  const feed = (): void => {
    for (const frame of live({ seconds: 5, gop: 10 }).filter(({ dts }) => dts > 1_000_000)) publication.write(frame);
  };
  return { done, stop: () => stop.abort(), feed };
}

/** Plays over RTMP until `stop`. */
function play(stream: string) {
  const stop = new AbortController();
  const options = { signal: stop.signal, ready: () => Promise.resolve(), onBytes: () => undefined };
  const done = rtmp.pull(server.host, new URL(`${server.rtmp}/live/${stream}`), { on: () => undefined }, options);
  return { done, stop: () => stop.abort() };
}

const published = (stream: string): boolean => hub.find(nameOf(stream))?.published === true;
const told = (action: string, count = 1) => until(`${count} ${action}`, () => callbacks.named(action).length >= count);
const nothingStays = () => until('no session is left', () => sessions.size === 0);

beforeEach(async () => {
  await nothingStays();
  callbacks.requests.length = 0;
  callbacks.answer = () => yes;
});

describe('hooks that say yes', () => {
  it('hear of RTMP as SRS tells it, key by key, with the ids of the API', async () => {
    const publisher = publish('livestream?token=abc&foo=bar');
    await until('it is published', () => published('livestream'));
    const player = play('livestream?u=1');
    await told('on_play');
    await until('two sessions', () => sessions.size === 2);
    const { streams } = (await (await fetch(`${server.api}/api/v1/streams/`)).json()) as { streams: { id: string }[] };
    const { clients } = (await (await fetch(`${server.api}/api/v1/clients/`)).json()) as { clients: { id: string }[] };
    player.stop();
    await told('on_close');
    publisher.stop();
    await told('on_close', 2);
    await Promise.all([player.done, publisher.done]);

    expect(callbacks.actions).toEqual([
      ...['on_connect', 'on_publish', 'on_connect', 'on_play', 'on_stop', 'on_close', 'on_unpublish', 'on_close'],
    ]);
    for (const { body } of callbacks.requests)
      expect(shapeOf(body)).toEqual(shapeOf(captured[`${body['action']}`] ?? {}));
    const [publishing, playing] = [callbacks.named('on_publish')[0]?.body, callbacks.named('on_play')[0]?.body];
    expect(publishing).toMatchObject({
      ...{ server_id: 'vid-1234567', ip: '127.0.0.1', vhost: '__defaultVhost__', app: 'live', stream: 'livestream' },
      ...{ param: '?token=abc&foo=bar', stream_url: '/live/livestream', stream_id: streams[0]?.id },
      tcUrl: `${server.rtmp}/live`,
    });
    expect(playing).toMatchObject({ param: '?u=1', stream_id: streams[0]?.id });
    expect(clients.map(({ id }) => id)).toEqual([publishing?.['client_id'], playing?.['client_id']]);
    const close = callbacks.named('on_close').map(({ body }) => body);
    expect(close.map((body) => body['client_id'])).toEqual([playing?.['client_id'], publishing?.['client_id']]);
    expect(close[0]?.['send_bytes']).toBeGreaterThan(4000);
    expect(close[1]?.['recv_bytes']).toBeGreaterThan(4000);
  });

  it('get requests with the headers of SRS, on a connection for each', async () => {
    const publisher = publish('a');
    await until('it is published', () => published('a'));
    publisher.stop();
    await told('on_close');
    const { rawHeaders, method } = callbacks.named('on_publish')[0] ?? { rawHeaders: [] };

    expect(method).toBe('POST');
    expect(rawHeaders.filter((_, index) => index % 2 === 0).sort()).toEqual(
      ['Connection', 'Content-Length', 'Content-Type', 'Host', 'User-Agent'].sort(),
    );
    await until('all connections are closed', () => callbacks.open === 0);
  });

  it('hear of HTTP-FLV, in and out', async () => {
    const body = flvFile(live({ seconds: 1 }));
    const { readable, writable } = new TransformStream<Uint8Array>();
    const writer = writable.getWriter();
    const publishing = fetch(`${server.http}/live/flv.flv?k=1`, {
      method: 'POST',
      body: readable,
      duplex: 'half',
    } as RequestInit);
    void writer.write(body);
    await until('it is published', () => published('flv'));
    const stop = new AbortController();
    const playing = await fetch(`${server.http}/live/flv.flv?u=1`, {
      signal: stop.signal,
      headers: { Referer: 'http://p/' },
    });
    expect(playing.status).toBe(200);
    stop.abort();
    await told('on_stop');
    await writer.close();
    expect((await publishing).status).toBe(200);
    await told('on_unpublish');

    expect(callbacks.actions).toEqual(['on_publish', 'on_play', 'on_stop', 'on_unpublish']);
    for (const { body: one } of callbacks.requests)
      expect(shapeOf(one)).toEqual(shapeOf(captured[`${one['action']}`] ?? {}));
    expect(callbacks.named('on_play')[0]?.body).toMatchObject({
      ...{ stream: 'flv', tcUrl: 'rtmp://__defaultVhost__/live', param: '?u=1', pageUrl: 'http://p/' },
      stream_url: '/live/flv',
    });
  });

  it('hear of HLS once for each session, and of its end', async () => {
    const publisher = publish('hls');
    await until('it is published', () => (hub.find(nameOf('hls'))?.frames.video ?? 0) > 0);
    publisher.feed();
    const master = await (await fetch(`${server.http}/live/hls.m3u8`)).text();
    const media = master.split('\n').find((line) => line.includes('hls_ctx='));
    const ctx = new URL(media ?? '', server.http).searchParams.get('hls_ctx');
    for (let i = 0; i < 3; i++) expect((await fetch(new URL(media ?? '', server.http))).status).toBe(200);
    await fetch(`${server.http}/live/hls.m3u8?hls_ctx=mine`);
    await told('on_play', 2);
    for (const { id } of [...sessions.list()].filter(({ info }) => info.protocol === 'hls')) sessions.kick(id);
    await told('on_stop', 2);
    publisher.stop();
    await told('on_close');

    const [first, mine] = callbacks.named('on_play').map(({ body }) => body);
    expect(shapeOf(first ?? {})).toEqual(shapeOf(captured['on_play'] ?? {}));
    expect(first).toMatchObject({
      ...{ stream: 'hls.m3u8', tcUrl: 'http://127.0.0.1/live', param: '', stream_url: '/live/hls', client_id: ctx },
    });
    expect(mine).toMatchObject({ param: '?hls_ctx=mine', client_id: 'mine' });
    expect(
      callbacks
        .named('on_stop')
        .map(({ body }) => body['client_id'])
        .sort(),
    ).toEqual([ctx, 'mine'].sort());
  });
});

describe('hooks that say no', () => {
  it('refuse publishers over RTMP and HTTP-FLV, and the name stays free', async () => {
    callbacks.answer = ({ body }) => (body['action'] === 'on_publish' ? no : yes);
    expect(await rejected(publish('refused').done)).toBe('RTMP_REFUSED');
    const response = await fetch(`${server.http}/live/refused.flv`, {
      method: 'POST',
      body: Buffer.from(flvFile(live({ seconds: 1 }))),
    });
    expect([response.status, await response.json()]).toMatchObject([403, { code: 3064, error: 'HOOKS_REFUSED' }]);
    await told('on_close');

    expect(callbacks.actions.filter((action) => action === 'on_unpublish')).toEqual([]);
    expect([hub.size, sessions.size]).toEqual([0, 0]);
    callbacks.answer = () => yes;
    const publisher = publish('refused');
    await until('it is published', () => published('refused'));
    publisher.stop();
    await publisher.done;
  });

  it('refuse players over RTMP, HTTP-FLV and HLS, and the publisher goes on', async () => {
    const publisher = publish('quiet');
    await until('it is published', () => published('quiet'));
    callbacks.answer = ({ body }) => (body['action'] === 'on_play' ? no : yes);
    expect(await rejected(play('quiet').done)).toBe('RTMP_REFUSED');
    expect((await fetch(`${server.http}/live/quiet.flv`)).status).toBe(403);
    expect((await fetch(`${server.http}/live/quiet.m3u8`)).status).toBe(403);

    expect([published('quiet'), sessions.size, hub.find(nameOf('quiet'))?.players]).toEqual([true, 1, 0]);
    expect(callbacks.actions).not.toContain('on_stop');
    publisher.stop();
    await publisher.done;
  });

  it('refuse a connection, for which neither publish nor play is asked', async () => {
    callbacks.answer = ({ body }) => (body['action'] === 'on_connect' ? no : yes);
    expect(await rejected(play('a').done)).toBe('RTMP_REFUSED');
    await told('on_connect');
    // Connections of the test before may end late: what counts is this one.
    const id = callbacks.named('on_connect')[0]?.body['client_id'];
    const own = (): unknown[] => callbacks.requests.filter(({ body }) => body['client_id'] === id);
    await until('its end', () => own().length > 1);

    expect(own()).toMatchObject([{ body: { action: 'on_connect' } }, { body: { action: 'on_close' } }]);
  });

  it('leave nothing behind, two hundred times', async () => {
    callbacks.answer = ({ body }) => (body['action'] === 'on_publish' ? no : yes);
    const before = server.host.wheel.size;
    for (let i = 0; i < 20; i++) {
      const codes = await Promise.all(Array.from({ length: 10 }, () => rejected(publish('again').done)));
      expect(new Set(codes)).toEqual(new Set(['RTMP_REFUSED']));
    }

    expect(callbacks.named('on_publish')).toHaveLength(200);
    await until('all links are gone', () => server.host.wheel.size <= before);
    expect([hub.size, sessions.size]).toEqual([0, 0]);
    callbacks.answer = () => yes;
    const publisher = publish('again');
    await until('the name is free', () => published('again'));
    publisher.stop();
    await publisher.done;
  });
});

describe('a callback server that', () => {
  const table: readonly (readonly [string, Behaviour])[] = [
    ['answers 500', { status: 500, text: '0' }],
    ['hangs', 'hang'],
    ['hangs behind the head', 'slow head'],
    ['resets the connection', 'reset'],
    ['sends a gigabyte', 'gigabyte'],
    ['redirects', 'redirect'],
  ];

  it.each(table)('%s when it is asked refuses, and nothing stays', async (_, behaviour) => {
    await reload(`${everything} hooks_timeout 400;`);
    callbacks.answer = ({ body }) => (body['action'] === 'on_publish' ? behaviour : yes);
    const before = callbacks.taken;
    expect(await rejected(publish('bad').done)).toBe('RTMP_REFUSED');

    await until('all connections are closed', () => callbacks.open === 0);
    expect(callbacks.named('on_publish')).toHaveLength(1);
    expect(callbacks.requests.some(({ url: path }) => path.includes('elsewhere'))).toBe(false);
    // What the kernel holds of both ends may have been taken, not what was offered.
    expect(callbacks.taken - before).toBeLessThan(32 * 1024 * 1024);
    expect([hub.size, sessions.size]).toEqual([0, 0]);
    callbacks.answer = () => yes;
    const publisher = publish('bad');
    await until('the name is free', () => published('bad'));
    publisher.stop();
    await publisher.done;
  });

  it.each(table)('%s when it is told holds up nobody', async (_, behaviour) => {
    // Long beside what a busy machine takes, so that whoever waits for it is seen.
    await reload(`${everything} hooks_timeout 3000;`);
    callbacks.answer = ({ body }) => (/on_(unpublish|stop|close)/.test(String(body['action'])) ? behaviour : yes);
    for (let i = 0; i < 3; i++) {
      const publisher = publish('free');
      await until('it is published', () => published('free'));
      const player = play('free');
      await until('it plays', () => hub.find(nameOf('free'))?.players === 1);
      const begin = performance.now();
      player.stop();
      publisher.stop();
      await Promise.all([player.done, publisher.done]);
      await until('the name is free', () => hub.size === 0 && sessions.size === 0);
      expect(performance.now() - begin).toBeLessThan(1500);
    }
    await told('on_close', 6);
  });

  it('is not there refuses at once', async () => {
    await reload('on_publish http://127.0.0.1:1/;');
    const begin = performance.now();

    expect(await rejected(publish('gone').done)).toBe('RTMP_REFUSED');
    expect(performance.now() - begin).toBeLessThan(2000);
    await reload(everything);
  });
});

describe('hooks over HTTPS', () => {
  const directory = mkdtempSync(join(tmpdir(), 'srsx-hooks-'));
  const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
      ...['-subj', '/CN=hooks.test', '-keyout', key, '-out', cert],
    ],
    { stdio: 'ignore' },
  );
  let asked = 0;
  const tls = createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (request, response) => {
    asked++;
    request.resume().on('end', () => response.end('{"code":0}'));
  }).listen(0, '127.0.0.1');
  afterAll(() => {
    tls.closeAllConnections();
    tls.close();
    rmSync(directory, { recursive: true });
  });

  it('are asked as SRS asks, without a look at the certificate unless the vhost says so', async () => {
    const at = `https://127.0.0.1:${(tls.address() as AddressInfo).port}/`;
    await reload(`on_publish ${at};`);
    const publisher = publish('secure');
    await until('it is published', () => published('secure'));
    publisher.stop();
    await publisher.done;
    expect(asked).toBe(1);

    await reload(`on_publish ${at}; hooks_verify on;`);
    expect(await rejected(publish('secure').done)).toBe('RTMP_REFUSED');
    expect(asked).toBe(1);
    await reload(everything);
  });
});
