import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { silentLog } from '../../../../src/core/base/log.ts';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import type { AdmissionRequest } from '../../../../src/core/control/admission.ts';
import { Cluster } from '../../../../src/core/control/cluster/cluster.ts';
import { loadConfig } from '../../../../src/core/control/config/load.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import type { PullOptions, PushOptions } from '../../../../src/core/control/host.ts';
import { Sessions } from '../../../../src/core/control/sessions.ts';
import { Hub } from '../../../../src/core/media/hub.ts';
import type { MediaSink } from '../../../../src/core/media/sink.ts';
import { DEFAULT_VHOST, type StreamName } from '../../../../src/core/media/stream-name.ts';
import { Splice } from '../../../../src/core/toolkit/splice.ts';
import { h264Track, video } from '../../../tools/builders.ts';
import { SeedRng, VirtualClock } from '../../../tools/fakes.ts';

const settle = async (): Promise<void> => {
  for (let i = 0; i < 30; i++) await Promise.resolve();
};

interface Under<Options> {
  readonly url: string;
  readonly options: Options;
  readonly end: (error?: Error) => void;
}

const one: StreamName = { vhost: DEFAULT_VHOST, app: 'live', stream: 'one' };
const remote = (more: string): string => `vhost __defaultVhost__ { cluster { mode remote; ${more} } }`;

function world(config: string) {
  const clock = new VirtualClock();
  const hub = new Hub({ clock, limits: defaultLimits, gopCache: true, mergeWindow: 0 });
  const sessions = new Sessions(clock, new SeedRng(), 100);
  const settings = settingsOf(config);
  const pulls: (Under<PullOptions> & { readonly sink: MediaSink })[] = [];
  const pushes: Under<PushOptions>[] = [];
  /** Ends with the signal, or when the test says so. */
  const under = <Options extends { readonly signal: AbortSignal }>(url: URL, options: Options) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    options.signal.addEventListener('abort', () => resolve());
    const end = (error?: Error): void => (error === undefined ? resolve() : reject(error));
    return { promise, under: { url: url.href, options, end } };
  };
  const cluster = new Cluster({
    ...{ clock, hub, sessions, settings, log: silentLog, limits: { streams: 3 } },
    net: { request: () => Promise.reject(new Error('no network')) },
    pull: (url, sink, options) => {
      const { promise, under: pull } = under(url, options);
      pulls.push({ ...pull, sink });
      return promise;
    },
    push: (_, url, options) => {
      const { promise, under: push } = under(url, options);
      pushes.push(push);
      return promise;
    },
    splice: (to) => new Splice(to),
    introduction: () => ({ args: { srs_sig: 'SRS' } }),
    isOwn: ({ port }) => port === '7',
  });
  return {
    ...{ clock, hub, sessions, settings, pulls, pushes, cluster },
    /** A session that plays. */
    player({ protocol = 'rtmp', param = '', name = one } = {}) {
      const info = {
        ...{ protocol, type: 'play', publish: false, peer: { host: 'h', port: 1 }, name, param },
        ...{ shownName: name.stream, tcUrl: '', pageUrl: '', swfUrl: '', end: () => undefined },
      };
      return sessions.open(info, {});
    },
    media(at: number, from = pulls.length - 1) {
      pulls[from]?.sink.on({ type: 'tracks', tracks: [h264Track] });
      for (let i = 0; i < 30; i++)
        pulls[from]?.sink.on({ type: 'frame', frame: video({ at: at + i * 40, key: i === 0 }) });
    },
    async fail(error = new Error('gone')) {
      pulls.at(-1)?.end(error);
      await settle();
    },
  };
}

const asked = (more: Partial<AdmissionRequest> = {}): AdmissionRequest => ({
  ...{ action: 'play', protocol: 'rtmp', type: 'rtmp-play', peer: { host: 'h', port: 1 }, name: one, param: '' },
  ...{ tcUrl: '', pageUrl: 'http://page/', swfUrl: '' },
  ...more,
});
const terms = { name: one, policy: 'refuse' } as const;

describe('what an edge fetches', () => {
  it.each([
    ['', 'rtmp', 'rtmp://a/live/one?t=1'],
    ['protocol flv;', 'rtmp', 'http://a/live/one.flv?t=1'],
    ['protocol flvs;', 'rtmp', 'https://a/live/one.flv?t=1'],
    ['follow_client on;', 'http-flv', 'http://a/live/one.flv?t=1'],
    ['protocol flv; follow_client on;', 'rtmp', 'rtmp://a/live/one?t=1'],
    ['vhost x.[vhost];', 'rtmp', `rtmp://a/live?vhost=x.${DEFAULT_VHOST}/one?t=1`],
    ['protocol flv; vhost v;', 'rtmp', 'http://a/live/one.flv?vhost=v&t=1'],
  ])('with "%s" for a player of %s is %s', (more, protocol, url) => {
    const server = world(remote(`origin a; ${more}`));
    server.player({ protocol, param: '?t=1&vhost=mine' });

    expect(server.pulls.map((pull) => pull.url)).toEqual([url]);
    expect(server.pulls[0]?.options.introduction?.args).toEqual({ srs_sig: 'SRS' });
  });

  it('is nothing at a local vhost, for a publisher, or for a stream that is published here', () => {
    const local = world('vhost __defaultVhost__ { cluster { mode local; origin a; } }');
    local.player();
    const edge = world(remote('origin a; debug_srs_upnode off;'));
    edge.hub.stream(one).publish({ policy: 'refuse', onEvicted: () => undefined });
    edge.player();

    expect([...local.pulls, ...edge.pulls]).toEqual([]);
  });

  it('is one stream for all players, until 3 s after the last one', () => {
    const server = world(remote('origin a;'));
    const [first, second] = [server.player(), server.player()];
    server.media(0);
    first.close();
    server.clock.advance(fromSeconds(1));
    second.close();
    server.clock.advance(fromSeconds(2));
    const third = server.player();
    server.clock.advance(fromSeconds(4));
    expect(server.pulls).toHaveLength(1);
    expect(server.hub.find(one)?.published).toBe(true);

    third.close();
    server.clock.advance(fromSeconds(3));
    expect(server.pulls[0]?.options.signal.aborted).toBe(true);
    expect(server.cluster.describe()).toEqual([]);
    expect(server.hub.size).toBe(0);
  });
});

describe('an origin that fails', () => {
  it('is followed by the next one at once, and each round in vain by a pause', async () => {
    const server = world(remote('origin a b;'));
    server.player();
    const at: number[] = [];
    for (let i = 0; i < 8; i++) {
      at.push(server.clock.now() / fromSeconds(1));
      await server.fail();
      server.clock.advance(0);
      for (let s = 0; s < 30 && server.pulls.length === i + 1; s++) server.clock.advance(fromSeconds(1));
    }

    expect(server.pulls.map(({ url }) => new URL(url).host).slice(0, 5)).toEqual(['a', 'b', 'a', 'b', 'a']);
    expect(at).toEqual([0, 0, 3, 3, 9, 9, 19, 19]);
  });

  it('makes a pause for players, who see one stream with growing times', async () => {
    const server = world(remote('origin a b;'));
    server.player();
    server.media(0);
    const times: number[] = [];
    let ends = 0;
    const stream = server.hub.stream(one);
    stream.tap((event) => event.type === 'frame' && times.push(event.frame.dts), { fromGop: true });
    stream.onEnd(() => ends++);
    await server.fail();
    server.clock.advance(0);
    // The clocks of two origins differ: here a little, so that nothing but the change itself tells it.
    server.media(600);
    await server.fail();
    server.clock.advance(fromSeconds(3));
    server.media(900_000);
    const steps = times.slice(1).map((time, index) => time - (times[index] as number));

    expect(times.length).toBeGreaterThan(80);
    // The two changes; all else is as it was sent.
    expect(steps.filter((step) => step !== fromSeconds(0.04))).toEqual([fromSeconds(0.01), fromSeconds(0.01)]);
    expect(ends).toBe(0);
  });

  it('without another one ends the stream after 10 s', async () => {
    const server = world(remote('origin a;'));
    server.player();
    server.media(0);
    await server.fail();
    server.clock.advance(fromSeconds(9));
    expect(server.hub.find(one)?.published).toBe(true);
    server.clock.advance(fromSeconds(1));
    expect(server.hub.find(one)?.published ?? false).toBe(false);

    server.media(0);
    expect(server.hub.find(one)?.published).toBe(true);
  });

  it('is left when it falls silent; alone and before any media it is waited for', async () => {
    const alone = world(remote('origin a;'));
    alone.player();
    alone.clock.advance(fromSeconds(19));
    expect(alone.pulls[0]?.options.signal.aborted).toBe(false);
    alone.media(0);
    alone.clock.advance(fromSeconds(6));
    expect(alone.pulls[0]?.options.signal.aborted).toBe(true);

    const two = world(remote('origin a b;'));
    two.player();
    two.clock.advance(fromSeconds(5));
    await settle();
    two.clock.advance(0);
    expect(two.pulls.map(({ url }) => new URL(url).host)).toEqual(['a', 'b']);
    expect(two.cluster.describe()).toMatchObject([{ state: 'connecting', attempts: 2 }]);
  });

  it('is this server itself: refused', async () => {
    const server = world(remote('origin 127.0.0.1:7 nonsense:x;'));
    server.player();
    await settle();

    expect(server.pulls).toEqual([]);
    expect(server.cluster.describe()[0]?.['last_error']).toContain('is this server itself');
  });
});

describe('what is fetched', () => {
  it('is bounded by the limit of streams', () => {
    const server = world(remote('origin a;'));
    for (const stream of ['1', '2', '3', '4', '5']) server.player({ name: { ...one, stream } });

    expect(server.pulls).toHaveLength(3);
  });

  it('stays when a player leaves for whom there was no room', () => {
    const server = world(remote('origin a;'));
    const [first] = ['1', '2', '3'].map((stream) => server.player({ name: { ...one, stream } }));
    const early = server.player();
    first?.close();
    server.clock.advance(fromSeconds(3));
    server.player();
    server.media(0);

    early.close();
    server.clock.advance(fromSeconds(3));

    expect(server.pulls.at(-1)).toMatchObject({ url: 'rtmp://a/live/one', options: { signal: { aborted: false } } });
  });

  it('stays away for some time when an operator ends it', async () => {
    const server = world(remote('origin a;'));
    server.player();
    server.media(0);
    server.hub.find(one)?.evict(Object.assign(new Error('kicked')) as never);
    await settle();
    expect(server.pulls[0]?.options.signal.aborted).toBe(true);
    server.clock.advance(fromSeconds(3));
    expect(server.pulls).toHaveLength(2);
  });

  it('keeps its mode when a reload changes it', () => {
    const server = world(remote('origin a;'));
    server.settings.replace(
      loadConfig({ text: 'vhost __defaultVhost__ { cluster { origin b; } }', file: 'x', read: () => '' }),
    );
    server.player();

    expect(server.pulls.map(({ url }) => url)).toEqual(['rtmp://b/live/one']);
  });
});

describe('a player that cannot wait', () => {
  it('is admitted when the stream is there, or refused after 8 s', async () => {
    const server = world(remote('origin a;'));
    const good = server.cluster.take(asked({ atOnce: true }), terms, 'id');
    server.media(0);
    await good;

    const bad = server.cluster.take(asked({ atOnce: true }), { ...terms, name: { ...one, stream: 'no' } }, 'id');
    server.clock.advance(fromSeconds(8));
    await expect(bad).rejects.toMatchObject({ code: 'CLUSTER_LATE' });
  });

  it('without a session keeps the stream for 30 s', async () => {
    const server = world(remote('origin a;'));
    await server.cluster.take(asked({ session: false }), terms, '');
    server.media(0);
    server.clock.advance(fromSeconds(4));
    server.media(1200);
    expect(server.pulls[0]?.options.signal.aborted).toBe(false);
    server.clock.advance(fromSeconds(26));
    expect(server.cluster.describe()).toEqual([]);
  });
});

describe('token_traverse', () => {
  const config = remote('origin a; token_traverse on;');

  it('asks the origin with the page of the player', async () => {
    const server = world(config);
    const entering = server.cluster.enter(asked({ param: '?t=1' }), one);
    server.pulls[0]?.options.onRunning?.();
    await entering;

    expect(server.pulls[0]).toMatchObject({
      url: 'rtmp://a/live/one?t=1',
      options: { introduction: { pageUrl: 'http://page/', args: { srs_sig: 'SRS' } } },
    });
    expect(server.pulls[0]?.options.signal.aborted).toBe(true);
  });

  it('refuses when the origin does, or says nothing for 3 s', async () => {
    const server = world(config);
    const refused = server.cluster.enter(asked(), one);
    await server.fail();
    await expect(refused).rejects.toMatchObject({ code: 'CLUSTER_TOKEN' });

    const late = server.cluster.enter(asked(), one);
    server.clock.advance(fromSeconds(3));
    await expect(late).rejects.toMatchObject({ code: 'CLUSTER_TOKEN' });
  });
});

describe('a publisher at an edge', () => {
  const publish = asked({ action: 'publish', param: '?k=v' });

  it('is taken when an origin that can be reached takes it', async () => {
    const server = world(remote('origin a b;'));
    const taking = server.cluster.take(publish, terms, 'id');
    server.pushes[0]?.end(new Error('nobody there'));
    await settle();
    server.pushes[1]?.options.onRunning?.();
    const taken = await taking;

    expect(server.pushes.map(({ url }) => url)).toEqual(['rtmp://a/live/one?k=v', 'rtmp://b/live/one?k=v']);
    expect(server.cluster.describe()).toMatchObject([{ kind: 'push', state: 'running' }]);
    taken?.close();
    expect(server.pushes[1]?.options.signal.aborted).toBe(true);
    expect(server.cluster.describe()).toEqual([]);
  });

  it('is refused when all fail, and leaves nothing behind', async () => {
    const server = world(remote('origin a;'));
    const taking = server.cluster.take(publish, terms, 'id');
    server.pushes[0]?.end(new Error('nobody there'));

    await expect(taking).rejects.toMatchObject({ code: 'CLUSTER_PUBLISH' });
    expect(server.hub.size).toBe(0);
    expect(server.cluster.describe()).toEqual([]);
  });

  it('is refused when somebody publishes here', async () => {
    const server = world(remote('origin a;'));
    server.hub.stream(one).publish({ policy: 'refuse', onEvicted: () => undefined });

    await expect(server.cluster.take(publish, terms, 'id')).rejects.toMatchObject({ code: 'STREAM_BUSY' });
    expect(server.pushes).toEqual([]);
  });

  it('takes the place of what is fetched, which comes back after it', async () => {
    const server = world(remote('origin a;'));
    server.player();
    server.media(0);
    const taking = server.cluster.take(publish, terms, 'id');
    server.pushes[0]?.options.onRunning?.();
    const taken = await taking;
    server.player();
    expect(server.pulls.map(({ options }) => options.signal.aborted)).toEqual([true]);

    taken?.close();
    expect(server.pulls.map(({ options }) => options.signal.aborted)).toEqual([true, false]);
  });
});
