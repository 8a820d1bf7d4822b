import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { Fmp4Demuxer } from '../../../../src/core/format/fmp4/index.ts';
import { SampleClock } from '../../../../src/core/format/hls/index.ts';
import { analyseTs, promisedStreams, TsDemuxer, tsFaults } from '../../../../src/core/format/ts/index.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { aacTrack, audio, h264Track, video } from '../../../tools/builders.ts';
import {
  both,
  CmafSegmenter,
  cmafOptions,
  lengths,
  partLengths,
  run,
  segmentsOf,
  stream,
  TsSegmenter,
  tsOptions,
  WALL,
} from './media.ts';

const framesOf = (events: readonly MediaEvent[], kind: 'video' | 'audio'): Frame[] =>
  events.flatMap((event) => (event.type === 'frame' && event.frame.track.kind === kind ? [event.frame] : []));

const bodies = (frames: readonly Frame[]): string[] => frames.map(({ data }) => Buffer.from(data).toString('hex'));

describe('a classic segmenter', () => {
  it('cuts at the first key frame from hls_fragment on', () => {
    const events = run(new TsSegmenter(tsOptions), both, stream({ seconds: 35, gop: 75 }));

    expect(lengths(events)).toEqual([12_000, 12_000]);
  });

  it('lets hls_td_ratio shift that point', () => {
    const events = run(new TsSegmenter({ ...tsOptions, ratio: 0.9 }), both, stream({ seconds: 35, gop: 75 }));

    expect(lengths(events)).toEqual([9000, 9000, 9000]);
  });

  it('cuts at any picture without hls_wait_keyframe', () => {
    const events = run(new TsSegmenter({ ...tsOptions, waitKey: false }), both, stream({ seconds: 22, gop: 10_000 }));

    expect(lengths(events)).toEqual([10_000, 10_000]);
    expect(segmentsOf(events).map(({ independent }) => independent)).toEqual([true, false]);
  });

  it('cuts a GOP without end at hls_aof_ratio, with sound and without', () => {
    for (const sound of [true, false]) {
      const events = run(new TsSegmenter(tsOptions), both, stream({ seconds: 44, gop: 10_000, sound }));
      for (const length of lengths(events)) expect(Math.abs(length - 21_000)).toBeLessThan(45);
      expect(lengths(events)).toHaveLength(2);
    }
  });

  it('cuts sound alone at hls_aof_ratio, as SRS', () => {
    const frames = stream({ seconds: 50 }).filter(({ track }) => track === aacTrack);
    const events = run(new TsSegmenter(tsOptions), [aacTrack], frames);

    expect(lengths(events)).toHaveLength(2);
    for (const length of lengths(events)) expect(length).toBeGreaterThanOrEqual(21_000);
  });

  it('never cuts below 200 ms', () => {
    const frames = Array.from({ length: 50 }, (_, i) => video({ at: i * 40, key: true }));
    const events = run(new TsSegmenter({ ...tsOptions, fragment: fromMs(50) }), [h264Track], frames);

    expect(new Set(lengths(events))).toEqual(new Set([200]));
  });

  it('cuts when a segment has too many bytes', () => {
    const frames = Array.from({ length: 100 }, (_, i) => video({ at: i * 40, key: i === 0, size: 10_000 }));
    const events = run(new TsSegmenter({ ...tsOptions, segmentBytes: 200_000 }), [h264Track], frames);

    expect(events.length).toBeGreaterThan(3);
    for (const { bytes } of segmentsOf(events)) expect(bytes.length).toBeLessThan(211_000);
  });

  it('gives segments whose durations add up and that have every frame once', () => {
    const source = stream({ seconds: 31 });
    const segmenter = new TsSegmenter(tsOptions);
    const events = [...run(segmenter, both, source), ...segmenter.end()];
    const segments = segmentsOf(events);

    expect(lengths(events)).toEqual([10_000, 10_000, 10_000, 1000]);
    const whole = concat(segments.map(({ bytes }) => bytes));
    expect(tsFaults(analyseTs(whole))).toEqual([]);
    const demuxer = new TsDemuxer(defaultLimits);
    const got = [...demuxer.push(whole), ...demuxer.end()];
    expect(framesOf(got, 'video')).toHaveLength(31 * 25);
    expect(bodies(framesOf(got, 'audio'))).toEqual(bodies(source.filter(({ track }) => track === aacTrack)));
  });

  it('gives segments that each play alone: PAT, PMT, key frame', () => {
    for (const { bytes } of segmentsOf(run(new TsSegmenter(tsOptions), both, stream({ seconds: 31 })))) {
      const demuxer = new TsDemuxer(defaultLimits);
      const got = [...demuxer.push(bytes), ...demuxer.end()];
      expect(framesOf(got, 'video')[0]).toMatchObject({ key: true });
      expect(framesOf(got, 'video')).toHaveLength(250);
      expect([bytes[0], bytes[1]! & 0x1f, bytes[2]]).toEqual([0x47, 0, 0]);
    }
  });

  it('marks the first segment of each publication and those behind new parameters', () => {
    const segmenter = new TsSegmenter(tsOptions);
    const frames = stream({ seconds: 21 });
    const events = run(segmenter, both, frames);
    const changed = { ...h264Track, epoch: 1 };
    events.push(...segmenter.retrack([changed, aacTrack]));
    const next = frames.map((f) => ({
      ...f,
      dts: f.dts + fromSeconds(21),
      track: f.track === h264Track ? changed : f.track,
    }));
    for (const frame of next) events.push(...segmenter.write(frame, WALL + frame.dts));
    events.push(...segmenter.end());
    events.push(...run(segmenter, both, frames), ...segmenter.end());

    expect(segmentsOf(events).map(({ discontinuity }) => discontinuity)).toEqual([
      ...[true, false, false],
      ...[true, false, false],
      ...[true, false, false],
    ]);
  });

  it('takes the same tracks again, and data tracks, for no change', () => {
    const segmenter = new TsSegmenter(tsOptions);
    run(segmenter, both, stream({ seconds: 3 }));
    const data = { id: 512, kind: 'data', codec: 'amf0', config: new Uint8Array(3), epoch: 0 } as const;

    expect(segmenter.retrack([...both, data])).toEqual([]);
  });

  it('dates segments by their first frame, whatever comes in a burst', () => {
    const segmenter = new TsSegmenter(tsOptions);
    segmenter.retrack(both);
    const events = stream({ seconds: 35 }).flatMap((frame) =>
      // What is due within half a second comes at once.
      segmenter.write(frame, WALL + Math.floor(frame.dts / 500_000) * 500_000),
    );

    expect(segmentsOf(events).map(({ wall }) => wall - WALL)).toEqual([0, 10, 20].map(fromSeconds));
  });

  it('puts dates right when the publisher drifts by more than a second', () => {
    const segmenter = new TsSegmenter(tsOptions);
    segmenter.retrack(both);
    const events = stream({ seconds: 35 }).flatMap((frame) => segmenter.write(frame, WALL + frame.dts * 1.08));

    expect(segmentsOf(events).map(({ wall }) => Math.round((wall - WALL) / 1000))).toEqual([0, 10_000, 21_600]);
  });
});

describe('a low-latency segmenter', () => {
  it('cuts segments at key frames and parts at whole frames', () => {
    const events = run(new CmafSegmenter(cmafOptions), both, stream({ seconds: 7 }));

    expect(lengths(events)).toEqual([2000, 2000, 2000]);
    expect(new Set(partLengths(events))).toEqual(new Set([200]));
  });

  it.each([
    [24, 208],
    [30, 200],
    [29.97, 200],
    [60, 200],
    [50, 200],
    [15, 200],
    [12.5, 240],
    [10, 200],
    [5, 200],
    [2, 500],
  ])('makes parts of %s frames a second as long as the target, nearly %s ms', (fps, nominal) => {
    const segmenter = new CmafSegmenter(cmafOptions);
    const events = run(segmenter, both, stream({ seconds: 20, fps, gop: Math.round(fps * 2) }));
    const target = segmenter.partTarget! / 1000;

    const parts = partLengths(events);
    expect(parts.length).toBeGreaterThan(15);
    const ends = new Set<number>();
    for (let at = -1, i = 0; i < events.length; i++) {
      if (events[i]!.type === 'part') at++;
      else ends.add(at);
    }
    for (const [index, length] of parts.entries()) {
      expect(length).toBeLessThanOrEqual(target);
      if (!ends.has(index)) expect(length, `${index}`).toBeGreaterThanOrEqual(target * 0.85);
    }
    // The wished length stands in the middle of what the target allows.
    expect(target).toBeGreaterThan(nominal);
    expect(target).toBeLessThan(nominal * 1.08 + 6);
  });

  it.each([12, 15, -15, -25])('keeps parts within the rule when a frame in each second is %s ms off', (off) => {
    const segmenter = new CmafSegmenter(cmafOptions);
    const frames = stream({ seconds: 20, sound: false }).map((frame, i) =>
      video({ at: i * 40 + Math.floor((i + 20) / 25) * off, key: frame.key }),
    );
    const events = run(segmenter, [h264Track], frames);
    const target = segmenter.partTarget! / 1000;

    const parts = partLengths(events);
    const ends = new Set<number>();
    for (let at = -1, i = 0; i < events.length; i++) {
      if (events[i]!.type === 'part') at++;
      else ends.add(at);
    }
    for (const [index, length] of parts.entries()) {
      expect(length).toBeLessThanOrEqual(target);
      if (!ends.has(index) && index < parts.length - 1)
        expect(length, `${index}`).toBeGreaterThanOrEqual(target * 0.85 - 1);
    }
  });

  it('gives a part when the frame behind its last one comes, not later', () => {
    const segmenter = new CmafSegmenter(cmafOptions);
    segmenter.retrack([h264Track]);
    const counts = stream({ seconds: 1, sound: false }).map((frame) => segmenter.write(frame, WALL).length);

    expect(counts.slice(0, 12)).toEqual([0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
  });

  it('cuts sound alone into parts and segments', () => {
    const frames = stream({ seconds: 10 }).filter(({ track }) => track === aacTrack);
    const events = run(new CmafSegmenter(cmafOptions), [aacTrack], frames);

    expect(lengths(events).length).toBe(4);
    for (const length of lengths(events)) expect(Math.abs(length - 2000)).toBeLessThan(24);
    for (const length of partLengths(events)) expect(length).toBeLessThanOrEqual(213);
    expect(segmentsOf(events).every(({ independent }) => independent)).toBe(true);
  });

  it('gives every frame once and in order, in segments and in parts, with its times', () => {
    const source = stream({ seconds: 9, fps: 30, gop: 45 });
    const segmenter = new CmafSegmenter(cmafOptions);
    const events = [...run(segmenter, both, source), ...segmenter.end()];
    const segments = segmentsOf(events);

    const parts = concat(events.flatMap((event) => (event.type === 'part' ? [event.part.bytes] : [])));
    expect(Buffer.compare(parts, concat(segments.map(({ bytes }) => bytes)))).toBe(0);
    const demuxer = new Fmp4Demuxer(defaultLimits);
    const got = [...demuxer.push(segments[0]!.init!), ...demuxer.push(parts), ...demuxer.end()];
    for (const kind of ['video', 'audio'] as const) {
      const wanted = source.filter(({ track }) => track.kind === kind);
      expect(bodies(framesOf(got, kind))).toEqual(bodies(wanted));
      for (const [index, frame] of framesOf(got, kind).entries()) {
        expect(Math.abs(frame.dts - wanted[index]!.dts)).toBeLessThan(2100);
      }
    }
    expect(segments.reduce((sum, { duration }) => sum + duration, 0)).toBeGreaterThan(fromSeconds(8.9));
  });

  it('marks a new publication and new parameters, and gives a new init segment', () => {
    const segmenter = new CmafSegmenter(cmafOptions);
    const frames = stream({ seconds: 3 });
    const events = [...run(segmenter, both, frames), ...segmenter.end(), ...run(segmenter, both, frames)];
    events.push(...segmenter.retrack([{ ...aacTrack, epoch: 1 }]));
    const segments = segmentsOf(events);

    expect(segments.map(({ discontinuity }) => discontinuity)).toEqual([false, false, true, false]);
    expect(new Set(segments.map(({ init }) => init)).size).toBe(2);
  });

  it('cuts a GOP without end at the overflow, and says that the next segment is no start', () => {
    const segments = segmentsOf(run(new CmafSegmenter(cmafOptions), both, stream({ seconds: 12, gop: 10_000 })));

    expect(segments.map(({ independent }) => independent)).toEqual([true, false]);
  });

  it('gives nothing for tracks that fMP4 does not carry, and for frames without a track', () => {
    const segmenter = new CmafSegmenter(cmafOptions);
    const odd = { ...aacTrack, codec: 'unknown' } as const;

    expect(segmenter.write(audio({ at: 0 }), WALL)).toEqual([]);
    expect([...run(segmenter, [odd], [audio({ at: 0, track: odd })]), ...segmenter.end()]).toEqual([]);
  });

  it('holds a bounded number of frames when no length of a frame can be learnt', () => {
    const segmenter = new CmafSegmenter(cmafOptions);
    segmenter.retrack([h264Track]);
    const frames = Array.from({ length: 2000 }, (_, i) => video({ at: 0, key: i === 0 }));

    for (const frame of frames) segmenter.write(frame, WALL);

    expect(segmenter.partTarget).toBeDefined();
  });
});

describe('a program map', () => {
  /** Stream types of the first segment. */
  const listed = (codecs: readonly (keyof typeof promisedStreams)[], tracks = [h264Track]): number[] => {
    const promised = codecs.map((codec) => promisedStreams[codec]);
    const frames = stream({ seconds: 25, gop: 50 }).filter(({ track }) => tracks.some(({ id }) => id === track.id));
    const [segment] = segmentsOf(run(new TsSegmenter({ ...tsOptions, promised }), tracks, frames));
    const pmt = (segment as { bytes: Uint8Array }).bytes.subarray(188, 376);
    const end = 5 + 3 + (((pmt[6] as number) & 15) << 8) + (pmt[7] as number) - 4;
    const types: number[] = [];
    for (let at = 17; at < end; at += 5 + (pmt[at + 4] as number)) types.push(pmt[at] as number);
    return types;
  };

  it('lists what is promised until it is there, and the stream in its place (hls_acodec, hls_vcodec)', () => {
    expect(listed([])).toEqual([0x1b]);
    expect(listed(['aac'])).toEqual([0x1b, 0x0f]);
    expect(listed(['mp3', 'h264'])).toEqual([0x1b, 3]);
    expect(listed(['mp3', 'h264'], [h264Track, aacTrack])).toEqual([0x1b, 0x0f]);
    expect(listed(['h264'], [aacTrack])).toEqual([0x0f, 0x1b]);
  });

  it('that promises sound keeps every rule of a transport stream but that it comes', () => {
    const promised = [promisedStreams.aac];
    const frames = stream({ seconds: 22, gop: 50 }).filter(({ track }) => track === h264Track);
    const events = run(new TsSegmenter({ ...tsOptions, promised }), [h264Track], frames);

    const bytes = concat(segmentsOf(events).map((segment) => segment.bytes));
    expect(tsFaults(analyseTs(bytes))).toEqual(['pidErrors=1']);
  });
});

describe('times of AAC by its samples', () => {
  /** 44100 Hz: a frame is 23.2 ms, which FLV writes as 23 or 24. */
  function counted(times: readonly number[]): number[] {
    const got: number[] = [];
    const clock = new SampleClock({
      retrack: () => [],
      write: (frame) => {
        got.push(frame.dts);
        return [];
      },
      end: () => [],
    });
    for (const dts of times) clock.write({ ...audio({ at: 0 }), dts }, 0);
    return got;
  }
  const exact = (index: number): number => Math.round((index * 1024 * 1e6) / 44_100);

  it('are even where the times of the publisher are whole milliseconds', () => {
    const rough = Array.from({ length: 500 }, (_, index) => fromMs(Math.floor(exact(index) / 1000)));

    expect(counted(rough)).toEqual(rough.map((_, index) => exact(index)));
  });

  it('begin anew 100 ms from the time of the publisher', () => {
    const gap = fromMs(500);
    const times = [0, 1, 2].map(exact).concat([3, 4].map((index) => exact(index) + gap));

    expect(counted(times)).toEqual(times);
    expect(counted([0, exact(1) + fromMs(90), exact(2)])).toEqual([0, exact(1), exact(2)]);
  });

  it('leave pictures alone, and AAC that nobody can read', () => {
    const got: number[] = [];
    const write = ({ dts }: Frame): [] => {
      got.push(dts);
      return [];
    };
    const to = { retrack: () => [], end: () => [], write };
    const clock = new SampleClock(to);
    const odd = { ...audio({ at: 0 }), track: { ...aacTrack, config: new Uint8Array(1) } };
    for (const dts of [0, 7, 11]) for (const frame of [video({ at: 0 }), odd]) clock.write({ ...frame, dts }, 0);

    expect(got).toEqual([0, 0, 7, 7, 11, 11]);
  });
});
