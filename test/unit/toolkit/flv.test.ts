// The tools over the real file protocol and real FLV, with files in memory.
import { describe, expect, test } from 'vitest';
import { concat } from '../../../src/core/base/bytes.ts';
import { fromMs, toMs } from '../../../src/core/base/time.ts';
import { FlvMuxer } from '../../../src/core/format/flv/index.ts';
import type { Frame } from '../../../src/core/media/frame.ts';
import { file, pullBytes } from '../../../src/core/protocols/file/index.ts';
import { bench } from '../../../src/core/toolkit/bench.ts';
import { probe } from '../../../src/core/toolkit/probe.ts';
import { type RelayOptions, relay } from '../../../src/core/toolkit/relay.ts';
import { aacTrack, audio, h264Track, live, video } from '../../tools/builders.ts';
import { unbox } from './box.ts';
import { fakeHost, runUntil, written } from './fake-host.ts';
import { liveTarget } from './fake-protocols.ts';

const both = [h264Track, aacTrack];

function flvFile(frames: readonly Frame[], tracks = both): Uint8Array {
  const muxer = new FlvMuxer();
  const packets = [...muxer.header(tracks), ...frames.flatMap((frame) => muxer.write(frame))];
  return concat(packets.flatMap((packet) => packet.chunks));
}

/** FLV has whole milliseconds. */
const wire = (frames: readonly Frame[]) =>
  frames.map(({ track, dts, cts, key, data }) => ({ id: track.id, ms: toMs(dts), cts: toMs(cts), key, data }));

async function read(bytes: Uint8Array): Promise<Frame[]> {
  const frames: Frame[] = [];
  await pullBytes(
    fakeHost(),
    bytes,
    { on: (event) => void (event.type === 'frame' && frames.push(event.frame)) },
    {
      signal: new AbortController().signal,
      ready: () => Promise.resolve(),
      onBytes: () => undefined,
    },
  );
  return frames;
}

const relaying = (more: Partial<RelayOptions>): RelayOptions => ({
  from: '/in.flv',
  to: '/out.flv',
  signal: new AbortController().signal,
  ...more,
});

describe('relay', () => {
  test('a copy has the same frames at the same times, sound before picture included', async () => {
    const frames = [
      audio({ at: 0 }),
      audio({ at: 23 }),
      video({ at: 30, cts: 80, key: true }),
      ...live({ seconds: 9 }).slice(4),
    ];
    const host = fakeHost({ '/in.flv': flvFile(frames) });

    const result = await runUntil(host.clock, relay(host, [file], relaying({})));

    const copied = written(host, '/out.flv');
    expect(wire(await read(copied))).toEqual(wire(frames));
    expect(result.dropped).toBe(0);
    expect(flvFile(await read(copied))).toEqual(copied);
  });

  test('a long GOP at a low rate loses nothing to the merge window', async () => {
    const frames = Array.from({ length: 3000 }, (_, index) => video({ at: index * 40, key: index % 20 === 0 }));
    const host = fakeHost({ '/in.flv': flvFile(frames, [h264Track]) });

    await runUntil(host.clock, relay(host, [file], relaying({ mergeWindow: fromMs(350) })));

    expect((await read(written(host, '/out.flv'))).length).toBe(3000);
  });

  test('a recording that was cut gives what is complete', async () => {
    const whole = flvFile(live({ seconds: 5 }));
    const host = fakeHost({ '/in.flv': whole.subarray(0, whole.length - 10) });

    const result = await runUntil(host.clock, relay(host, [file], relaying({})));

    expect(result.frames.video + result.frames.audio).toBe(5 * 68 - 1);
    expect(host.lines).toMatchObject([{ level: 'warn', fields: { code: 'FLV_CUT' } }]);
  });

  test('damage behind good frames is told, after they were copied', async () => {
    const bad = concat([flvFile(live({ seconds: 1 })), Uint8Array.of(9, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0)]);
    const host = fakeHost({ '/in.flv': bad }, { messageBytes: 1000 });

    const done = runUntil(host.clock, relay(host, [file], relaying({})));

    await expect(done).rejects.toMatchObject({ code: 'FLV_TAG_SIZE' });
    expect((await read(written(host, '/out.flv'))).length).toBe(68);
  });
});

describe('probe', () => {
  test('a good file has no findings', async () => {
    const host = fakeHost({ '/in.flv': flvFile(live({ seconds: 12, gop: 50 })) });

    const report = await runUntil(
      host.clock,
      probe(host, [file], { source: '/in.flv', duration: 0, signal: new AbortController().signal }),
    );

    expect(report.findings).toEqual([]);
    expect(report.tracks.map((track) => [track.rfc6381, track.frames])).toEqual([
      ['avc1.64001e', 300],
      ['mp4a.40.2', 516],
      ...report.tracks.slice(2).map((track) => [null, track.frames]),
    ]);
  });

  test('config-missing: frames before any sequence header are only known by the warning', async () => {
    const muxer = new FlvMuxer();
    muxer.header([h264Track]);
    const body = video({ at: 0, key: true });
    const packets = [...new FlvMuxer().header([]), ...muxer.write(body), ...muxer.write(video({ at: 40 }))];
    const host = fakeHost({ '/in.flv': concat(packets.flatMap((packet) => packet.chunks)) });

    const report = await runUntil(
      host.clock,
      probe(host, [file], { source: '/in.flv', signal: new AbortController().signal }),
    );

    expect(report.findings.map(({ id, severity }) => [id, severity])).toEqual([
      ['config-missing', 'must'],
      ['no-media', 'must'],
    ]);
  });
});

test('bench publishes a sample that is only in memory', async () => {
  const target = liveTarget();
  const host = fakeHost();

  const report = await runUntil(
    host.clock,
    bench(host, [file, target], {
      mode: 'publish',
      url: 'sink://x/a/s%d',
      clients: 2,
      duration: fromMs(5000),
      source: flvFile(live({ seconds: 2 })),
      signal: new AbortController().signal,
    }),
  );

  expect(report.clients).toMatchObject({ served: 2, failed: 0 });
  expect(unbox(target.links[0]?.bytes ?? new Uint8Array()).length).toBeGreaterThan(5 * 60);
});
