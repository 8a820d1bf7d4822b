import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { Log, type LogLine } from '../../../../src/core/base/log.ts';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { loadConfig } from '../../../../src/core/control/config/load.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { Forwarder } from '../../../../src/core/control/forward/forwarder.ts';
import { destinationUrl } from '../../../../src/core/control/forward/target.ts';
import type { PushOptions } from '../../../../src/core/control/host.ts';
import { Sessions } from '../../../../src/core/control/sessions.ts';
import { Hub } from '../../../../src/core/media/hub.ts';
import { DEFAULT_VHOST } from '../../../../src/core/media/stream-name.ts';
import { SeedRng, VirtualClock } from '../../../tools/fakes.ts';

const settle = async (): Promise<void> => {
  for (let i = 0; i < 20; i++) await Promise.resolve();
};

interface Pushing {
  readonly url: string;
  readonly options: PushOptions;
  readonly end: (error?: Error) => void;
}

function world(config: string, backend: () => Promise<readonly string[]> = async () => []) {
  const clock = new VirtualClock();
  const hub = new Hub({ clock, limits: defaultLimits, gopCache: true, mergeWindow: 0 });
  const sessions = new Sessions(clock, new SeedRng(), 100);
  const settings = settingsOf(config);
  const lines: LogLine[] = [];
  const pushes: Pushing[] = [];
  const asked: string[] = [];
  const forwarder = new Forwarder({
    clock,
    hub,
    sessions,
    settings,
    log: new Log((line) => lines.push(line)),
    hooks: {
      forward: (name) => {
        asked.push(name.stream);
        return backend();
      },
    },
    push: (_, url, options) =>
      new Promise((resolve, reject) => {
        options.signal.addEventListener('abort', () => resolve());
        pushes.push({ url: url.href, options, end: (error) => (error === undefined ? resolve() : reject(error)) });
      }),
    ports: () => [1935],
  });
  return {
    ...{ clock, hub, settings, lines, pushes, asked, forwarder },
    get open() {
      return pushes.filter(({ options }) => !options.signal.aborted);
    },
    publish(stream = 'one', { app = 'live', vhost = DEFAULT_VHOST, param = '' } = {}) {
      const name = { vhost, app, stream };
      const info = {
        ...{ protocol: 'rtmp', type: 'fmle-publish', publish: true, peer: { host: 'h', port: 1 }, name, param },
        ...{ shownName: stream, tcUrl: '', pageUrl: '', swfUrl: '', end: () => undefined },
      };
      sessions.open(info, {});
      const evicted: string[] = [];
      const publication = hub.stream(name).publish({ policy: 'refuse', onEvicted: ({ code }) => evicted.push(code) });
      return { evicted, end: () => publication.end() };
    },
    reload: (text: string) => settings.replace(loadConfig({ text, file: 'srs.conf', read: () => '' })),
  };
}

const forward = (body: string): string => `listen 1935; vhost __defaultVhost__ { forward { enabled on; ${body} } }`;

describe('forward to destinations', () => {
  it('pushes the stream to each, under its own name and with its parameters', () => {
    const server = world(forward('destination 10.0.0.1 10.0.0.2:19350;'));
    server.publish('one', { app: 'a/b', param: '?token=x' });

    expect(server.pushes.map(({ url }) => url)).toEqual([
      'rtmp://10.0.0.1/a/b/one?token=x',
      'rtmp://10.0.0.2:19350/a/b/one?token=x',
    ]);
  });

  it('does nothing when it is off', () => {
    const server = world('listen 1935; vhost __defaultVhost__ { forward { enabled off; destination a; } }');
    server.publish();

    expect(server.pushes).toEqual([]);
  });

  it('connects again, at 3 s first, later each time, and at once better after a success', async () => {
    const server = world(forward('destination 10.0.0.1;'));
    server.publish();
    const waits: number[] = [];
    for (let i = 0; i < 6; i++) {
      const count = server.pushes.length;
      server.pushes.at(-1)?.end(new Error('refused'));
      await settle();
      let waited = 0;
      while (server.pushes.length === count) {
        server.clock.advance(fromSeconds(1));
        waited++;
      }
      waits.push(waited);
    }
    expect(waits).toEqual([3, 6, 12, 24, 30, 30]);

    server.pushes.at(-1)?.options.onBytes(100);
    server.clock.advance(fromSeconds(60));
    server.pushes.at(-1)?.end();
    await settle();
    server.clock.advance(fromSeconds(3));

    expect(server.pushes).toHaveLength(8);
    expect(server.forwarder.describe()).toMatchObject([{ kind: 'forward', state: 'connecting', bytes: 100 }]);
  });

  it('ends with the stream, also while it waits', async () => {
    const server = world(forward('destination 10.0.0.1 10.0.0.2;'));
    const one = server.publish();
    server.pushes[0]?.end(new Error('x'));
    await settle();
    one.end();
    server.clock.advance(fromSeconds(100));

    expect(server.open).toHaveLength(0);
    expect(server.pushes).toHaveLength(2);
    expect(server.forwarder.describe()).toEqual([]);
  });

  it('keeps what stays at a reload', () => {
    const server = world(forward('destination 10.0.0.1 10.0.0.2;'));
    server.publish();
    server.reload(forward('destination 10.0.0.2 10.0.0.3;'));

    expect(server.open.map(({ url }) => url)).toEqual(['rtmp://10.0.0.2/live/one', 'rtmp://10.0.0.3/live/one']);
    expect(server.pushes).toHaveLength(3);

    server.reload('listen 1935; vhost __defaultVhost__ { }');
    expect(server.open).toHaveLength(0);
  });

  it('refuses to forward a stream to itself', () => {
    const server = world(forward('destination 127.0.0.1:1935 localhost 127.0.0.1:19350;'));
    server.publish();

    expect(server.pushes.map(({ url }) => url)).toEqual(['rtmp://127.0.0.1:19350/live/one']);
    expect(server.lines.filter(({ level }) => level === 'error')).toHaveLength(2);
  });

  it('hides tokens of the other server', () => {
    const server = world(forward('destination 10.0.0.1;'));
    server.publish('one', { param: '?token=secret&vhost=v&a=b' });

    expect(server.forwarder.describe()[0]).toMatchObject({ url: 'rtmp://10.0.0.1/live/***?token=***&a=***' });
  });
});

describe('forward by a backend', () => {
  const config = forward('destination 10.0.0.9; backend http://127.0.0.1/f;');

  it('pushes to the answer, and never to the static list', async () => {
    const server = world(config, async () => ['rtmp://10.0.0.1/x/y?k=v', 'http://10.0.0.2/', 'file:///etc/passwd']);
    server.publish();
    await settle();

    expect(server.pushes.map(({ url }) => url)).toEqual(['rtmp://10.0.0.1/x/y?k=v']);
    expect(server.asked).toEqual(['one']);

    const none = world(config);
    none.publish();
    await settle();
    expect(none.pushes).toEqual([]);
  });

  it('ends the publication when the backend fails', async () => {
    const server = world(config, async () => {
      throw new Error('500');
    });
    const one = server.publish();
    await settle();

    expect(one.evicted).toEqual(['BUG_UNEXPECTED']);
  });

  it('does not use an answer that comes when the stream is gone', async () => {
    const answer = Promise.withResolvers<readonly string[]>();
    const server = world(config, () => answer.promise);
    const one = server.publish();
    one.end();
    answer.resolve(['rtmp://10.0.0.1/x/y']);
    await settle();

    expect(server.pushes).toEqual([]);
  });

  it('is asked once, not at each reload', async () => {
    const server = world(config);
    server.publish();
    server.reload(config);
    await settle();

    expect(server.asked).toEqual(['one']);
  });
});

describe('destinationUrl', () => {
  it.each([
    ['h', DEFAULT_VHOST, '', 'rtmp://h/live/s'],
    ['h:1', 'v.com', '', 'rtmp://h:1/live?vhost=v.com/s'],
    ['[::1]:1', 'v.com', '?vhost=v.com&a=1', 'rtmp://[::1]:1/live?vhost=v.com/s?a=1'],
    ['h', 'v.com', '?a=b/c', 'rtmp://h/live/s?vhost=v.com&a=b/c'],
  ])('%s %s %s', (place, vhost, param, url) => {
    expect(destinationUrl(place, { vhost, app: 'live', stream: 's' }, param).href).toBe(url);
  });

  it.each(['', 'h:999999', 'a b', 'h/x', 'user@h', 'http://h'])('refuses %j', (place) => {
    expect(() => destinationUrl(place, { vhost: 'v', app: 'live', stream: 's' }, '')).toThrow(/no target/);
  });
});
