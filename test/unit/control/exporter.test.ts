// The exporter: SRS's names, labels and types, our health of streams, and bounds on both.
import { beforeEach, describe, expect, it } from 'vitest';
import { fromMs, fromSeconds } from '../../../src/core/base/time.ts';
import { settingsOf } from '../../../src/core/control/config/settings.ts';
import { Exporter } from '../../../src/core/control/exporter/exporter.ts';
import { audio, video } from '../../tools/builders.ts';
import { fakeSystem, name, World } from './api/world.ts';

let world: World;
let exporter: Exporter;

function start(text = ''): void {
  const settings = settingsOf(`listen 1935; exporter { enabled on; ${text} } vhost __defaultVhost__ { }`);
  world = new World({}, settings);
  const { clock, hub, sessions, stats } = world;
  exporter = new Exporter({ clock, hub, sessions, stats, settings, system: fakeSystem });
}

beforeEach(() => start());

/** Value by `name{labels}`. */
async function scrape(): Promise<Map<string, number>> {
  const lines = (await exporter.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(' ');
      return [line.slice(0, at), Number(line.slice(at + 1))];
    }),
  );
}

const types = async (): Promise<Map<string, string>> =>
  new Map(
    [...(await exporter.text()).matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, key = '', type = '']) => [key, type]),
  );

const LABELS = 'vhost="__defaultVhost__",app="live",stream="livestream"';

describe("SRS's metrics", () => {
  it('are all there, with its names and types', async () => {
    const all = await types();

    expect([...all].filter(([key]) => key.startsWith('srs_'))).toEqual([
      ['srs_node_uname_info', 'gauge'],
      ['srs_build_info', 'gauge'],
      ['srs_cpu_percent', 'gauge'],
      ['srs_memory', 'gauge'],
      ['srs_streams', 'gauge'],
      ['srs_clients', 'gauge'],
      ['srs_send_bytes_total', 'counter'],
      ['srs_receive_bytes_total', 'counter'],
      ['srs_clients_total', 'counter'],
      ['srs_clients_errs_total', 'counter'],
    ]);
  });

  it('have its labels and units; label and tag only when they are written', async () => {
    const { serverId, serviceId } = world.stats;
    const own = `server="${serverId}",service="${serviceId}",pid="18579",build_date="",major="7",version="7.0.143",code="srsx"`;

    expect((await scrape()).get(`srs_build_info{${own}}`)).toBe(1);
    const uname = 'sysname="Linux",nodename="host",release="6.1",version="#1",machine="x86_64"';
    expect((await scrape()).get(`srs_node_uname_info{${uname}}`)).toBe(1);
    expect((await scrape()).get('srs_cpu_percent')).toBe(4);
    expect((await scrape()).get('srs_memory')).toBe(72616);

    start('label cn-north; tag edge;');
    expect([...(await scrape()).keys()].find((key) => key.startsWith('srs_build_info'))).toContain(
      'label="cn-north",tag="edge"',
    );
  });

  it('count what happens', async () => {
    world.sessions.kick([...world.sessions.list()][1]!.id);
    world.publication.write(video({ at: 40, size: 1000 }));

    const now = await scrape();
    expect(now.get('srs_streams')).toBe(1);
    expect(now.get('srs_clients')).toBe(2);
    expect(now.get('srs_clients_total')).toBe(3);
    expect(now.get('srs_clients_errs_total')).toBe(1);
    expect(now.get('srs_receive_bytes_total')).toBe(world.hub.find(name)?.receivedBytes);
  });

  it('never go back when a stream ends', async () => {
    const before = (await scrape()).get('srs_receive_bytes_total');
    world.publication.end();

    expect((await scrape()).get('srs_receive_bytes_total')).toBe(before);
    expect((await scrape()).get('srs_streams')).toBe(0);
  });
});

describe('health of a stream', () => {
  it('is told by its names', async () => {
    for (let i = 1; i <= 250; i++) {
      world.clock.advance(fromMs(40));
      world.publication.write(audio({ at: i * 40 - 200 }));
      world.publication.write(video({ at: i * 40, key: i % 25 === 0, size: 1000 }));
      if (i % 25 === 0) world.stats.tick();
    }

    const now = await scrape();
    const value = (key: string): number | undefined => now.get(`srsx_stream_${key}{${LABELS}}`);
    expect(value('fps')).toBeCloseTo(25, 0);
    expect(value('receive_bitrate_bps')).toBeGreaterThan(200_000);
    expect(value('gop_seconds')).toBe(1);
    expect(value('gop_frames')).toBe(25);
    expect(value('av_offset_seconds')).toBeCloseTo(0.2, 2);
    expect(value('queue_age_seconds')).toBe(0);
    expect(value('first_frame_seconds')).toBe(0);
    expect(value('dropped_packets_total')).toBe(0);
    expect(value('players_first_frame_seconds_count')).toBe(0);
    expect(now.get(`srsx_stream_clients{${LABELS},protocol="rtmp",action="publish"}`)).toBe(1);
    expect(now.get(`srsx_stream_clients{${LABELS},protocol="http-flv",action="play"}`)).toBe(1);
    expect(now.get('srsx_clients{protocol="rtmp",action="play"}')).toBe(1);
    expect((await types()).get('srsx_stream_dropped_packets_total')).toBe('counter');
  });

  it('leaves with the stream', async () => {
    await scrape();
    world.publication.end();

    expect([...(await scrape()).keys()].filter((key) => key.includes('livestream'))).toEqual([]);
  });
});

describe('names that publishers make', () => {
  const publish = (stream: string, bytes: number): void => {
    const publication = world.hub.stream({ ...name, stream }).publish({ policy: 'refuse', onEvicted: () => undefined });
    publication.write(video({ at: 0, key: true, size: bytes }));
  };
  const shown = async (): Promise<string[]> =>
    [...(await scrape()).keys()].flatMap((key) => /^srsx_stream_fps\{.*stream="(.*)"\}/.exec(key)?.[1] ?? []);

  it('are shown up to the limit, the busiest first, and the rest is counted', async () => {
    start('streams 3;');
    for (let i = 0; i < 50; i++) publish(`s${i}`, 1000 + i * 100);
    world.clock.advance(fromSeconds(1));

    expect((await shown()).toSorted()).toEqual(['s47', 's48', 's49']);
    expect((await scrape()).get('srsx_streams_hidden')).toBe(48);
    start('streams 0;');
    expect(await shown()).toEqual([]);
  });

  it('are cut and escaped', async () => {
    publish(`${'x'.repeat(1000)}`, 10);
    publish('a"b\\c\nd', 10);

    expect(await shown()).toContain('x'.repeat(128));
    expect(await shown()).toContain('a\\"b\\\\c\\nd');
  });
});

it('two scrapes at once do not disturb each other', async () => {
  const [one, two] = await Promise.all([exporter.text(), exporter.text()]);

  expect(one).toBe(two);
});
