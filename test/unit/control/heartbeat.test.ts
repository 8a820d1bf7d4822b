// The heartbeat: when it beats, what it says, and a URL that does not answer.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Log } from '../../../src/core/base/log.ts';
import { fromSeconds } from '../../../src/core/base/time.ts';
import { loadConfig } from '../../../src/core/control/config/load.ts';
import { settingsOf } from '../../../src/core/control/config/settings.ts';
import { type HeartbeatOptions, startHeartbeat } from '../../../src/core/control/heartbeat.ts';
import type { HttpResponse } from '../../../src/core/wire/http/exchange.ts';
import { FakeLink } from '../../tools/fakes.ts';
import { fakeSystem, World } from './api/world.ts';

interface Beat {
  url: string;
  headers: Record<string, unknown>;
  body: Record<string, unknown>;
  text: string;
}

let world: World;
let beats: Beat[];
let answer: () => Promise<number>;
let closed: number;
let lines: string[];
let heartbeat: { close(): void } | undefined;

const text = (more = ''): string =>
  `rtmp { listen 21935; } http_server { enabled on; listen 28080; } http_api { enabled on; listen 21985; }
   srt_server { enabled on; listen 20080; } rtc_server { enabled on; listen 28000; tcp { enabled on; listen 28000; } }
   heartbeat { enabled on; interval 10; url http://127.0.0.1:8085/api/v1/servers?key=1; device_id dev1; ${more} }
   vhost __defaultVhost__ { }`;

const request: HeartbeatOptions['net']['request'] = async (url, { headers, upload, method, signal }) => {
  const link = new FakeLink();
  upload?.(link);
  const words = new TextDecoder().decode(link.bytes);
  beats.push({ url: `${method} ${url.href}`, headers, body: JSON.parse(words), text: words });
  const stopped = new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(new Error('aborted'))),
  );
  const status = await Promise.race([answer(), stopped]);
  const body = new FakeLink();
  body.onClose = () => closed++;
  return { status, header: () => undefined, body } satisfies HttpResponse;
};

function start(more = ''): void {
  world = new World({}, settingsOf(text(more)));
  const { clock, stats, settings, api } = world;
  const log = new Log((line) => lines.push(line.text));
  const system = fakeSystem;
  heartbeat = startHeartbeat({ clock, log, net: { request }, settings, stats, system, summary: () => api.summary() });
}

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

beforeEach(() => {
  beats = [];
  lines = [];
  closed = 0;
  answer = async () => 200;
});

afterEach(() => heartbeat?.close());

describe('a beat', () => {
  it('comes at the start and then at each interval', async () => {
    start();
    await settle();
    expect(beats).toHaveLength(1);

    for (let i = 0; i < 3; i++) {
      world.clock.advance(fromSeconds(10));
      await settle();
    }
    expect(beats).toHaveLength(4);
    expect(closed).toBe(4);
    expect(lines).toEqual([]);
  });

  it('says who the server is, in the words and order of SRS', async () => {
    start();
    await settle();

    const { server, service } = { server: world.stats.serverId, service: world.stats.serviceId };
    expect(beats[0]?.text).toBe(
      `{"device_id":"dev1","ip":"10.9.9.9","server":"${server}","service":"${service}","pid":"18579"}`,
    );
    expect(beats[0]?.url).toBe('POST http://127.0.0.1:8085/api/v1/servers?key=1');
    expect(beats[0]?.headers).toMatchObject({ 'Content-Type': 'application/json' });
    expect(beats[0]?.headers).not.toHaveProperty('Authorization');
  });

  it('has summaries and ports when they are asked for', async () => {
    start('summaries on; ports on;');
    await settle();

    const [beat] = beats;
    expect(Object.keys(beat?.body ?? {})).toEqual(
      'device_id ip server service pid summaries rtmp http api srt rtc'.split(' '),
    );
    expect(beat?.body).toMatchObject({
      summaries: { data: { ok: true, self: { version: '7.0.143' }, system: { ilde_time: 5843.35 } } },
      rtmp: ['21935'],
      http: ['28080'],
      api: ['21985'],
      srt: ['udp://0.0.0.0:20080'],
      rtc: ['udp://0.0.0.0:28000', 'tcp://0.0.0.0:28000'],
    });
  });

  it('carries a token when that is asked for', async () => {
    start('auth { enabled on; token s3cret; }');
    await settle();

    expect(beats[0]?.headers).toMatchObject({ Authorization: 'Bearer s3cret' });
  });
});

describe('a URL', () => {
  it('that does not answer gets no second beat on top, and the log a line', async () => {
    let fail: (error: Error) => void = () => undefined;
    answer = () =>
      new Promise<number>((_, reject) => {
        fail = reject;
      });
    start();
    world.clock.advance(fromSeconds(50));
    await settle();
    expect(beats).toHaveLength(1);

    fail(new Error('timed out'));
    await settle();
    world.clock.advance(fromSeconds(10));
    await settle();
    expect(beats).toHaveLength(2);
    expect(lines).toHaveLength(1);
  });

  it('that refuses is told in the log: HEARTBEAT_STATUS', async () => {
    answer = async () => 500;
    start();
    await settle();

    expect(lines[0]).toContain('answered 500');
    expect(closed).toBe(1);
  });

  it('that is none is told in the log: HEARTBEAT_URL', async () => {
    start();
    await settle();
    world.reload(text().replace('http://127.0.0.1:8085/api/v1/servers?key=1', 'nonsense'));
    world.clock.advance(fromSeconds(10));
    await settle();

    expect(lines[0]).toContain('nonsense is not a URL');
  });
});

describe('a reload', () => {
  it('starts, slows and stops it', async () => {
    start('');
    await settle();
    world.reload(text().replace('heartbeat { enabled on', 'heartbeat { enabled off'));
    world.clock.advance(fromSeconds(100));
    await settle();
    expect(beats).toHaveLength(1);

    world.reload(text());
    await settle();
    expect(beats).toHaveLength(2);

    world.reload(text().replace('interval 10', 'interval 60'));
    await settle();
    expect(beats).toHaveLength(3);
    world.clock.advance(fromSeconds(59));
    await settle();
    expect(beats).toHaveLength(3);
  });
});

it('ends with the server, in the middle of a beat too', async () => {
  answer = () => new Promise(() => undefined);
  start();
  await settle();
  heartbeat?.close();
  world.clock.advance(fromSeconds(100));
  await settle();

  expect(beats).toHaveLength(1);
  expect(world.clock.pending).toBe(0);
  expect(lines).toEqual([]);
  expect(() => loadConfig({ text: text(), read: () => '' })).not.toThrow();
});
