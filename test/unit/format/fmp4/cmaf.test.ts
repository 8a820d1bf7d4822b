// Parts and segments: exact durations, ends at the right frame, what is kept for the next part.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import {
  CmafWriter,
  describeTrack,
  initSegment,
  type Mp4Track,
  type Part,
  partBytes,
} from '../../../../src/core/format/fmp4/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { aacTrack, audio, h264Track, video } from '../../../tools/builders.ts';
import { both, ofTrack, program, read, rootOf } from './media.ts';

const mp4 = both.map((track) => describeTrack(track) as Mp4Track);
const [picture, sound] = mp4 as [Mp4Track, Mp4Track];

/** Cut at key frames, as a segmenter does. */
function segments(tracks: readonly Mp4Track[], frames: readonly Frame[], partTime?: number): Part[][] {
  const writer = new CmafWriter(tracks, partTime === undefined ? {} : { partTime });
  const all: Part[][] = [[]];
  const add = (part: Part | undefined): void => void (part !== undefined && all.at(-1)?.push(part));
  for (const frame of frames) {
    add(writer.push(frame));
    if (!frame.key || frame.track.kind !== 'video') continue;
    add(writer.cut());
    if (all.at(-1)?.length !== 0) all.push([]);
  }
  add(writer.end());
  return all;
}

const sum = (parts: readonly Part[]): number => parts.reduce((total, part) => total + part.duration, 0);

describe('CmafWriter', () => {
  it('ends a segment at the key frame that begins the next one', () => {
    const all = segments([picture], ofTrack(program({ seconds: 4, gop: 50 }), h264Track));

    expect(all.map((parts) => parts.map(({ dts, duration, join, samples }) => [dts, duration, join, samples]))).toEqual(
      [[[0, fromSeconds(2), true, 50]], [[fromSeconds(2), fromSeconds(2), true, 50]]],
    );
  });

  it('keeps parts below the part target, and all but the last of a segment above 85 % of it', () => {
    const target = fromMs(200);
    const all = segments(mp4, program({ seconds: 10, gop: 48 }), target);

    for (const parts of all) {
      expect(parts[0]?.join).toBe(true);
      for (const part of parts) expect(part.duration).toBeLessThanOrEqual(target);
      for (const part of parts.slice(0, -1)) expect(part.duration).toBeGreaterThanOrEqual(0.85 * target);
    }
    expect(all.map(sum).slice(0, -1)).toEqual([1_920_000, 1_920_000, 1_920_000, 1_920_000, 1_920_000]);
  });

  it('gives each frame once and in order, whatever the times and cuts', () => {
    const shape = fc.record({
      gap: fc.integer({ min: 0, max: 3000 }).map((tenths) => tenths / 10.01),
      sound: fc.boolean(),
      key: fc.boolean(),
      cts: fc.integer({ min: -1000, max: 2000 }).map((tenths) => tenths / 10.01),
      cut: fc.boolean(),
    });
    fc.assert(
      fc.property(
        fc.array(shape, { size: 'max', maxLength: 60 }),
        fc.option(fc.integer({ min: 1, max: 500 }), { nil: undefined }),
        (shapes, partMs) => {
          const writer = new CmafWriter(mp4, partMs === undefined ? {} : { partTime: fromMs(partMs) });
          const parts: (Part | undefined)[] = [];
          const frames: Frame[] = [];
          let at = 1000;
          for (const { gap, sound, key, cts, cut } of shapes) {
            at += gap;
            const frame = sound ? audio({ at }) : video({ at, key, cts });
            frames.push(frame);
            parts.push(writer.push(frame));
            if (cut) parts.push(writer.cut());
          }
          parts.push(writer.end());

          const got = read(
            concat([initSegment(mp4), ...parts.flatMap((part) => (part === undefined ? [] : [partBytes(part)]))]),
          ).frames;

          for (const track of both) {
            const sent = ofTrack(frames, track);
            const back = ofTrack(got, track);
            expect(back.map(({ data, key }) => [data, key])).toEqual(sent.map(({ data, key }) => [data, key]));
            for (const [i, frame] of back.entries()) {
              const { dts, cts } = sent[i] as Frame;
              // Sound may be put on its grid, which is at most 2 ms away.
              const most = track === aacTrack ? 2100 : 6;
              expect(Math.abs(frame.dts - dts)).toBeLessThanOrEqual(most);
              expect(Math.abs(frame.dts + frame.cts - dts - cts)).toBeLessThanOrEqual(most);
            }
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('says durations that add up to the distance between any two parts', () => {
    // 30000/1001 pictures a second in whole milliseconds: no two frames have the same duration.
    const frames = Array.from({ length: 900 }, (_, i) => video({ at: Math.round((i * 1001) / 30), key: i % 60 === 0 }));
    const parts = segments([picture], frames, fromMs(333)).flat();

    for (const [i, part] of parts.entries()) {
      const next = parts[i + 1];
      if (next === undefined) continue;
      expect(part.dts + part.duration).toBe(next.dts);
      expect(part.ticks.start + part.ticks.duration).toBe(next.ticks.start);
    }
  });

  it('puts sound with times in whole milliseconds on the grid of its samples', () => {
    const [part] = segments(
      [sound],
      Array.from({ length: 431 }, (_, i) => audio({ at: Math.floor((i * 1024 * 1000) / 44100) })),
    ).flat();

    const tfhd = rootOf(partBytes(part as Part))
      .need('moof')
      .need('traf')
      .need('tfhd');
    // default-base-is-moof, default flags, and one duration for all.
    expect(tfhd.readFull((reader, _, flags) => [flags, reader.u32(), reader.u32()])).toEqual([0x20028, sound.id, 1024]);
    expect(part?.ticks).toEqual({ start: 0, duration: 431 * 1024, timescale: 44_100 });
  });

  it('leaves the grid when the times leave it', () => {
    const at = (i: number): number => Math.round((i * 1024 * 1000) / 44100) + (i < 20 ? 0 : 500);
    const parts = segments(
      [sound],
      Array.from({ length: 40 }, (_, i) => audio({ at: at(i) })),
    );

    const { frames } = read(concat([initSegment([sound]), ...parts.flat().map(partBytes)]));
    expect(frames.map((frame, i) => Math.abs(frame.dts - fromMs(at(i))) <= 2000)).toEqual(frames.map(() => true));
  });

  it('keeps the sound behind the end of the picture for the next part', () => {
    const writer = new CmafWriter(mp4);
    for (const at of [0, 23, 46, 70, 93]) writer.push(audio({ at }));
    for (const at of [0, 40]) writer.push(video({ at, key: at === 0 }));

    const part = writer.cut() as Part;

    expect(part.samples).toBe(3);
    expect(writer.end()?.samples).toBe(4);
  });

  it('gives the sound alone when the picture has stopped, without counting its duration as the stream’s', () => {
    const writer = new CmafWriter(mp4);
    writer.push(video({ at: 0, key: true }));
    const parts = Array.from({ length: 100 }, (_, i) => writer.push(audio({ at: i * 23.22 }))).filter(
      (part) => part !== undefined,
    );

    expect(parts.length).toBe(1);
    expect(parts[0]).toMatchObject({ leading: false, join: false, independent: false });
  });

  it('is bounded when nobody cuts', () => {
    const writer = new CmafWriter([picture], { limits: { openBytes: 10_000 } });
    const parts = Array.from({ length: 100 }, (_, i) => writer.push(video({ at: i * 40, size: 1000 }))).filter(
      (part) => part !== undefined,
    );

    expect(parts.length).toBeGreaterThan(8);
    expect(Math.max(...parts.map((part) => part.size))).toBeLessThan(12_000);
    const long = new CmafWriter([picture]);
    expect(
      Array.from({ length: 200 }, (_, i) => long.push(video({ at: i * 1000 }))).filter((part) => part !== undefined)
        .length,
    ).toBe(3);
  });

  it('ends with the held frame, as long as the one before it', () => {
    const writer = new CmafWriter([picture]);
    for (const at of [0, 40, 80]) writer.push(video({ at, key: at === 0 }));

    expect(writer.end()).toMatchObject({ duration: fromMs(120), samples: 3 });
    expect(writer.end()).toBeUndefined();
    writer.push(video({ at: 1000 }));
    expect(writer.end()?.duration).toBe(fromMs(40));
  });

  it('counts fragments from 1, or from where it is told', () => {
    const writer = new CmafWriter([picture], { sequence: 0xffffffff });
    const sequenceOf = (part: Part | undefined): number =>
      rootOf(partBytes(part as Part))
        .need('moof')
        .need('mfhd')
        .readFull((reader) => reader.u32());
    writer.push(video({ at: 0 }));
    writer.push(video({ at: 40 }));

    expect(sequenceOf(writer.cut())).toBe(0xffffffff);
    expect(writer.sequence).toBe(0);
    expect(sequenceOf(writer.end())).toBe(0);
  });

  it('says when a part was made, for those who measure latency', () => {
    const writer = new CmafWriter([picture]);
    writer.push(video({ at: 1000, key: true }));
    writer.push(video({ at: 1040 }));

    const part = writer.cut({ wall: fromSeconds(1_700_000_000.5) }) as Part;

    const prft = rootOf(partBytes(part)).need('prft');
    expect(prft.readFull((reader) => [reader.u32(), reader.u32(), reader.u32(), reader.u64()])).toEqual([
      picture.id,
      1_700_000_000 + 2_208_988_800,
      2 ** 31,
      90_000,
    ]);
  });

  it('ignores frames of tracks that it does not have', () => {
    const writer = new CmafWriter([sound]);

    writer.push(video({ at: 0, key: true }));

    expect(writer.end()).toBeUndefined();
  });
});
