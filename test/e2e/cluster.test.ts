// Edges and origins as servers of one process, over real sockets.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../src/core/base/limits.ts';
import { createEngine, silentLog } from '../../src/core/index.ts';
import { Hub } from '../../src/core/media/hub.ts';
import type { Publication } from '../../src/core/media/stream.ts';
import { DEFAULT_VHOST, type StreamName } from '../../src/core/media/stream-name.ts';
import { rtmp } from '../../src/core/protocols/rtmp/index.ts';
import { aacTrack, h264Track, live } from '../tools/builders.ts';
import { type ConfServer, confServer } from '../tools/conf-server.ts';
import { type TestServer, until } from '../tools/interop.ts';

const place = ({ rtmp }: TestServer): string => rtmp.replace('rtmp://', '');
const httpPlace = ({ http }: TestServer): string => http.replace('http://', '');
const nameOf = (stream: string, vhost = DEFAULT_VHOST): StreamName => ({ vhost, app: 'live', stream });

const stops: (() => void)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

const publishAt = ({ host }: TestServer, name: StreamName): Publication => feed(host.hub, name);

/** A stream that goes on for the whole test. */
function feed(hub: Hub, name: StreamName): Publication {
  const publication = hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
  publication.retrack([h264Track, aacTrack]);
  let round = 0;
  let frames = live({ seconds: 2 });
  const timer = setInterval(() => {
    if (frames.length === 0) {
      round += 2_000_000;
      frames = live({ seconds: 2 }).map((frame) => ({ ...frame, dts: frame.dts + round }));
    }
    for (const frame of frames.splice(0, 2)) publication.write(frame);
  }, 10);
  stops.push(() => {
    clearInterval(timer);
    publication.end();
  });
  return publication;
}

/** A player over HTTP-FLV; `bytes` of media so far. */
function play(url: string) {
  const stop = new AbortController();
  stops.push(() => stop.abort());
  const player = { bytes: 0, status: 0, ended: false, stop: () => stop.abort() };
  void fetch(url, { signal: stop.signal })
    .then(async ({ body, status }) => {
      player.status = status;
      for await (const chunk of body ?? []) player.bytes += chunk.length;
    })
    .catch(() => undefined)
    .finally(() => {
      player.ended = true;
    });
  return player;
}

const sessions = (server: TestServer, type: string): number =>
  [...server.host.sessions.list()].filter(({ info }) => info.type === type).length;

const edge = (origins: string, more = ''): Promise<ConfServer> =>
  confServer(`vhost __defaultVhost__ { cluster { mode remote; origin ${origins}; ${more} } }`);

describe('players at an edge', () => {
  it.each(['rtmp', 'flv'])('a hundred are one at the origin, over %s; the last one ends it', async (protocol) => {
    const origin = await confServer('vhost __defaultVhost__ { }');
    const at = await edge(protocol === 'rtmp' ? place(origin) : httpPlace(origin), `protocol ${protocol};`);
    publishAt(origin, nameOf('one'));
    const players = Array.from({ length: 100 }, () => play(`${at.http}/live/one.flv?token=x`));
    await until('all play', () => players.every(({ bytes }) => bytes > 1000));

    const pulls = [...origin.host.sessions.list()];
    expect(pulls.map(({ info }) => [info.type, info.param])).toEqual([
      [protocol === 'rtmp' ? 'rtmp-play' : 'flv-play', '?token=x'],
    ]);
    const { cluster } = (await (await fetch(`${at.api}/api/srsx/v1/programs`)).json()) as { cluster: object[] };
    expect(cluster).toMatchObject([{ kind: 'pull', state: 'running', players: 100, last_error: null }]);

    for (const { stop } of players) stop();
    await until('it is gone', () => origin.host.sessions.size === 0 && at.host.hub.size === 0, 8000);
  });

  it('an origin that dies is followed by the next one, and players go on', async () => {
    const [first, second] = [
      await confServer('vhost __defaultVhost__ { }'),
      await confServer('vhost __defaultVhost__ { }'),
    ];
    const at = await edge(`${place(first)} ${place(second)}`);
    publishAt(first, nameOf('one'));
    publishAt(second, nameOf('one'));
    const player = play(`${at.http}/live/one.flv`);
    await until('it plays', () => player.bytes > 1000 && first.host.sessions.size === 1);
    await first.close();
    await until('the second', () => sessions(second, 'rtmp-play') === 1);
    const { bytes } = player;
    await until('it goes on', () => player.bytes > bytes + 2000);

    expect(player.ended).toBe(false);
  });

  it('the stream may come later, and the vhost may be another one there', async () => {
    const origin = await confServer('vhost far.here { }');
    const at = await confServer(
      `vhost here { cluster { mode remote; origin ${httpPlace(origin)}; vhost far.[vhost]; follow_client on; } }`,
    );
    const player = play(`${at.http}/live/one.flv?vhost=here`);
    await until('the origin is asked', () => sessions(origin, 'flv-play') === 1);
    publishAt(origin, nameOf('one', 'far.here'));
    await until('it plays', () => player.bytes > 1000);

    expect([...at.host.hub.streams()].map(({ name }) => name.vhost)).toEqual(['here']);
  });

  it('of HLS fetch it too, and get the playlist that they asked for', async () => {
    const origin = await confServer('vhost __defaultVhost__ { }');
    const at = await confServer(
      `vhost __defaultVhost__ { hls { enabled on; hls_fragment 1; hls_disk off; } cluster { mode remote; origin ${place(origin)}; } }`,
    );
    publishAt(origin, nameOf('one'));
    const master = await (await fetch(`${at.http}/live/one.m3u8`)).text();
    const [, path = ''] = /\n(\/?live.*hls_ctx=.*)\n?/.exec(master) ?? [];
    const playlist = await (await fetch(new URL(path, at.http))).text();

    expect(playlist).toContain('#EXTINF');
    expect(sessions(at, 'hls-play')).toBe(1);
  });

  it('of DASH fetch it too, and it stays for as long as they ask for the manifest', async () => {
    const origin = await confServer('vhost __defaultVhost__ { }');
    const at = await confServer(
      `vhost __defaultVhost__ { dash { enabled on; dash_fragment 1; dash_disk off; }
         cluster { mode remote; origin ${place(origin)}; } }`,
    );
    publishAt(origin, nameOf('one'));
    const manifest = await fetch(`${at.http}/live/one.mpd`);
    const text = await manifest.text();
    const [, number = ''] = /startNumber="(\d+)"/.exec(text) ?? [];
    const segment = await fetch(`${at.http}/live/one/video-${number}.m4s`);

    expect([manifest.status, segment.status]).toEqual([200, 200]);
    expect(sessions(origin, 'rtmp-play')).toBe(1);
  });

  it('are asked for at the origin with token_traverse', async () => {
    const hooks: string[] = [];
    const callback = createServer((request, response) => {
      request.on('data', (data) => hooks.push(String(data)));
      request.on('end', () => response.end(String(hooks.at(-1)).includes('token=good') ? '0' : '1'));
    });
    await new Promise<void>((done) => callback.listen(0, '127.0.0.1', done));
    stops.push(() => void callback.close());
    const { port } = callback.address() as AddressInfo;
    const origin = await confServer(
      `vhost __defaultVhost__ { http_hooks { enabled on; on_play http://127.0.0.1:${port}/p; } }`,
    );
    const at = await edge(place(origin), 'token_traverse on;');
    publishAt(origin, nameOf('one'));
    const [good, bad] = [play(`${at.http}/live/one.flv?token=good`), play(`${at.http}/live/one.flv?token=bad`)];
    await until('both are answered', () => good.bytes > 1000 && bad.ended);

    expect([good.status, bad.status]).toEqual([200, 403]);
  });
});

/** A publisher over RTMP, as a client of srsx is one. */
async function push(to: string): Promise<{ end: () => void; failed: Promise<unknown> }> {
  const engine = createEngine({ log: silentLog });
  const hub = new Hub({ ...engine.host, limits: defaultLimits, gopCache: true, mergeWindow: 0 });
  const publication = feed(hub, nameOf('local'));
  const stop = new AbortController();
  const options = { signal: stop.signal, mergeWindow: 0, onBytes: () => undefined };
  const failed = rtmp.push?.(engine.host, publication.stream, new URL(to), options).then(
    () => undefined,
    (error) => error,
  );
  const end = (): void => {
    stop.abort();
    void failed?.then(() => engine.close());
  };
  stops.push(end);
  return { end, failed: failed as Promise<unknown> };
}

describe('a publisher at an edge', () => {
  it('publishes at the origin, is played at both, and leaves both', async () => {
    const origin = await confServer('vhost __defaultVhost__ { }');
    const at = await edge(place(origin));
    const { end } = await push(`${at.rtmp}/live/one?token=x`);
    const players = [play(`${at.http}/live/one.flv`), play(`${origin.http}/live/one.flv`)];
    await until('both play', () => players.every(({ bytes }) => bytes > 1000));

    const there = [...origin.host.sessions.list()].filter(({ info }) => info.publish);
    expect(there.map(({ info }) => [info.name, info.param])).toEqual([[nameOf('one'), '?token=x']]);
    end();
    await until('it is gone', () => origin.host.hub.find(nameOf('one'))?.published !== true);
  });

  it('is refused when the origin refuses, or is not there', async () => {
    const origin = await confServer('vhost __defaultVhost__ { security { enabled on; deny publish all; } }');
    const [at, nowhere] = [await edge(place(origin)), await edge('127.0.0.1:1')];
    const reasons = await Promise.all([at, nowhere].map(async ({ rtmp: to }) => (await push(`${to}/live/one`)).failed));

    expect(reasons).toMatchObject([{ code: 'RTMP_REFUSED' }, { code: 'RTMP_REFUSED' }]);
    expect([at.host.sessions.size, at.host.hub.size, nowhere.host.hub.size]).toEqual([0, 0, 0]);
  });

  it('ends when the origin dies', async () => {
    const origin = await confServer('vhost __defaultVhost__ { }');
    const at = await edge(place(origin));
    const { failed } = await push(`${at.rtmp}/live/one`);
    await until('it is there', () => origin.host.hub.find(nameOf('one'))?.published === true);
    await origin.close();

    expect(await failed).toBeInstanceOf(Error);
    expect(at.host.hub.size).toBe(0);
  });

  it('takes the place of what was fetched for players, who go on', async () => {
    const origin = await confServer('vhost __defaultVhost__ { }');
    const at = await edge(place(origin));
    const player = play(`${at.http}/live/one.flv`);
    await until('the origin is asked', () => sessions(origin, 'rtmp-play') === 1);
    await push(`${at.rtmp}/live/one`);
    await until('it plays', () => player.bytes > 1000);
    await until('no circle', () => sessions(origin, 'rtmp-play') === 0);
  });
});

describe('an origin cluster', () => {
  it('sends players to the server that has the stream', async () => {
    const [far, empty] = [
      await confServer('vhost __defaultVhost__ { }'),
      await confServer('vhost __defaultVhost__ { }'),
    ];
    const api = (server: TestServer): string => server.api.replace('http://', '');
    const at = await confServer(
      `vhost __defaultVhost__ { hls { enabled on; hls_disk off; } cluster { origin_cluster on; coworkers 127.0.0.1:1 ${api(empty)} ${api(far)}; } }`,
    );
    publishAt(far, nameOf('one'));
    const get = (path: string) => fetch(`${at.http}${path}`, { redirect: 'manual' });
    const answers = [await get('/live/one.flv?a=b'), await get('/live/one.m3u8'), await get('/live/two.flv')];

    expect(answers.map(({ status }) => status)).toEqual([302, 302, 404]);
    expect(answers.map(({ headers }) => headers.get('location'))).toEqual([
      `${far.http}/live/one.flv?a=b`,
      `${far.http}/live/one.m3u8`,
      null,
    ]);

    const engine = createEngine({ log: silentLog });
    stops.push(() => engine.close());
    const stop = new AbortController();
    let frames = 0;
    const done = rtmp.pull?.(
      engine.host,
      new URL(`${at.rtmp}/live/one?c=d`),
      { on: ({ type }) => void (type === 'frame' && frames++) },
      { signal: stop.signal, ready: async () => undefined, onBytes: () => undefined },
    );
    await until('it plays', () => frames > 10);
    expect([...far.host.sessions.list()].map(({ info }) => info.param)).toEqual(['?c=d']);
    expect(at.host.sessions.size).toBe(0);
    stop.abort();
    await done;
  });
});
