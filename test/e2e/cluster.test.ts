// Edges and origins as servers of one process, over real sockets.
import { afterEach, describe, expect, it } from 'vitest';
import type { Publication } from '../../src/core/media/stream.ts';
import { DEFAULT_VHOST, type StreamName } from '../../src/core/media/stream-name.ts';
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

/** A stream that goes on, a frame each 10 ms: times are media times, twice as fast as the clock. */
function publishAt(server: TestServer, name: StreamName): Publication {
  const publication = server.host.hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
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
      `vhost here { cluster { mode remote; origin ${place(origin)}; vhost far.[vhost]; follow_client on; } }`,
    );
    const player = play(`${at.http}/live/one.flv?vhost=here`);
    await until('it waits', () => at.host.sessions.size === 1);
    publishAt(origin, nameOf('one', 'far.here'));
    player.stop();
    const rtmp = at.host.sessions;
    expect(rtmp.size).toBeLessThanOrEqual(1);
  });
});
