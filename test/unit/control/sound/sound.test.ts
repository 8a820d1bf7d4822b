// Sound bridges: who gets which frames, and the life of the program behind them.
import { describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { Log, type LogLine } from '../../../../src/core/base/log.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { opus } from '../../../../src/core/codec/index.ts';
import { SoundBridges, type SoundTranscoder, type TranscoderEvents } from '../../../../src/core/control/sound/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { Hub } from '../../../../src/core/media/hub.ts';
import { Stream } from '../../../../src/core/media/stream.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { aacTrack, h264Track, video } from '../../../tools/builders.ts';
import { VirtualClock } from '../../../tools/fakes.ts';
import { aacFrame, opusFrame, opusTrack } from '../../format/ts/media.ts';

/** A transcoder whose frames the test gives. */
class FakeTranscoder implements SoundTranscoder {
  readonly from: Track;
  readonly to: Track;
  readonly events: TranscoderEvents;
  readonly written: Frame[] = [];
  closed = false;

  constructor(from: Track, to: Track, events: TranscoderEvents) {
    this.from = from;
    this.to = to;
    this.events = events;
  }

  write(frame: Frame): void {
    this.written.push(frame);
  }

  close(): void {
    this.closed = true;
  }

  give(ms: number): void {
    this.events.frame({ ...opusFrame(ms), track: this.to });
  }
}

function world(missing = false) {
  const clock = new VirtualClock();
  const hub = new Hub({ clock, limits: defaultLimits, gopCache: true, mergeWindow: 0 });
  const transcoders: FakeTranscoder[] = [];
  const lines: LogLine[] = [];
  const bridges = new SoundBridges({
    clock,
    limits: defaultLimits,
    log: new Log((line) => lines.push(line), 'debug'),
    transcoders: {
      ready: () => !missing,
      start: (from, to, events) => {
        const made = new FakeTranscoder(from, to, events);
        transcoders.push(made);
        return made;
      },
    },
  });
  const source = hub.stream({ vhost: 'v', app: 'live', stream: 's' });
  const publish = (tracks: readonly Track[]) => {
    const publication = source.publish({ policy: 'refuse', onEvicted: () => undefined });
    publication.retrack(tracks);
    return publication;
  };
  return { clock, source, bridges, transcoders, lines, publish };
}

/** What a tap of a stream is given. */
function watch(stream: Stream) {
  const seen: { tracks: readonly Track[]; frames: Frame[] } = { tracks: [], frames: [] };
  stream.tap((event) => {
    if (event.type === 'tracks') seen.tracks = event.tracks;
    else seen.frames.push(event.frame);
  });
  return seen;
}

const shape = (frames: readonly Frame[]) => frames.map(({ track, dts }) => `${track.codec} ${dts / 1000}`);

describe('a sound bridge', () => {
  it('has the picture as it is, and the sound in the other codec with the times it had', () => {
    const { source, bridges, transcoders, publish } = world();
    const publication = publish([h264Track, aacTrack]);
    publication.write(video({ at: 0, key: true }));

    const { stream } = bridges.acquire(source, 'opus');
    const seen = watch(stream);
    publication.write(aacFrame(20));
    publication.write(video({ at: 40 }));
    transcoders[0]!.give(20);
    publication.write(video({ at: 80 }));

    expect(transcoders[0]!.written.map(({ dts }) => dts)).toEqual([fromMs(20)]);
    expect(seen.tracks.map(({ id, codec }) => [id, codec])).toEqual([
      [0, 'h264'],
      [256, 'opus'],
    ]);
    expect(opus.parseHead(seen.tracks[1]!.config)).toMatchObject({ channels: 2 });
    expect(shape(seen.frames)).toEqual(['h264 40', 'opus 20', 'h264 80']);
  });

  it('begins with the last group of pictures, but not with its sound of long ago', () => {
    const { source, bridges, transcoders, publish } = world();
    const publication = publish([h264Track, aacTrack]);
    for (let ms = 0; ms <= 8000; ms += 40) {
      publication.write(video({ at: ms, key: ms === 0 }));
      publication.write(aacFrame(ms));
    }

    const { stream } = bridges.acquire(source, 'opus');
    const seen: Frame[] = [];
    stream.tap((event) => event.type === 'frame' && seen.push(event.frame), { fromGop: true });
    transcoders[0]!.give(5000);
    transcoders[0]!.give(7000);

    expect(seen.filter(({ track }) => track.kind === 'video')).toHaveLength(201);
    expect(transcoders[0]!.written.map(({ dts }) => dts).every((dts) => dts >= fromSeconds(6))).toBe(true);
    expect(shape(seen.filter(({ track }) => track.kind === 'audio'))).toEqual(['opus 7000']);
    expect(stream.repairs).toEqual({ jumps: 0, lifts: 0 });
  });

  it('lets through what fits already, without a program', () => {
    const { source, bridges, transcoders, publish } = world();
    const publication = publish([h264Track, opusTrack]);
    const seen = watch(bridges.acquire(source, 'opus').stream);
    publication.write(video({ at: 0, key: true }));
    publication.write(opusFrame(20));

    expect(transcoders).toEqual([]);
    expect(shape(seen.frames)).toEqual(['h264 0', 'opus 20']);
  });

  it('is shared, and gone five seconds after its last user', () => {
    const { clock, source, bridges, transcoders, publish } = world();
    const publication = publish([h264Track, aacTrack]);
    const first = bridges.acquire(source, 'opus');
    publication.write(aacFrame(0));
    const second = bridges.acquire(source, 'opus');
    expect(second.stream).toBe(first.stream);
    first.release();
    first.release();
    clock.advance(fromSeconds(60));
    expect(bridges.size).toBe(1);

    second.release();
    clock.advance(fromSeconds(4));
    const third = bridges.acquire(source, 'opus');
    clock.advance(fromSeconds(60));
    expect([third.stream, transcoders.length]).toEqual([first.stream, 1]);
    third.release();
    clock.advance(fromSeconds(5));

    expect([bridges.size, transcoders[0]!.closed, clock.pending]).toEqual([0, true, 0]);
  });

  it('follows the publisher: its end, the next one, and new parameters', () => {
    const { source, bridges, transcoders, publish } = world();
    const { stream } = bridges.acquire(source, 'opus');
    expect([stream.published, transcoders.length]).toEqual([false, 0]);
    const publication = publish([h264Track, aacTrack]);
    publication.write(aacFrame(0));
    const newer = { ...aacTrack, epoch: 1 };
    publication.retrack([h264Track, newer]);
    publication.write({ ...aacFrame(20), track: newer });
    expect(transcoders.map(({ from, closed }) => [from.epoch, closed])).toEqual([
      [0, true],
      [1, false],
    ]);

    publication.end();
    expect([stream.published, transcoders[1]!.closed]).toEqual([false, true]);
    publish([h264Track, opusTrack]);

    expect(stream.published).toBe(true);
    expect(stream.tracks.map(({ codec }) => codec)).toEqual(['h264', 'opus']);
    expect(transcoders).toHaveLength(2);
  });

  it('starts a program again that ended, later each time', () => {
    const { clock, source, bridges, transcoders, lines, publish } = world();
    const publication = publish([h264Track, aacTrack]);
    bridges.acquire(source, 'opus');
    publication.write(aacFrame(0));
    const starts: number[] = [];
    for (let i = 0; i < 7; i++) {
      transcoders.at(-1)!.events.failed('crashed');
      const since = clock.now();
      while (transcoders.length === i + 1) {
        clock.advance(fromMs(100));
        publication.write(aacFrame(clock.now() / 1000));
      }
      starts.push((clock.now() - since) / fromSeconds(1));
    }

    expect(starts).toEqual([1, 2, 4, 8, 16, 30, 30]);
    expect(lines.filter(({ text }) => text.includes('crashed'))).toHaveLength(7);
    bridges.close();
    expect(clock.pending).toBe(0);
  });

  it('starts a program again that hangs, but not one whose publisher paused', () => {
    const { clock, source, bridges, transcoders, lines, publish } = world();
    const publication = publish([h264Track, aacTrack]);
    bridges.acquire(source, 'opus');
    const feed = (ms: number, answered: boolean): void => {
      for (const end = clock.now() + fromMs(ms); clock.now() < end; clock.advance(fromMs(20))) {
        publication.write(aacFrame(clock.now() / 1000));
        if (answered) transcoders.at(-1)!.give(clock.now() / 1000);
      }
    };
    feed(10_000, true);
    feed(100, false);
    clock.advance(fromSeconds(8));
    feed(4000, false);
    expect([transcoders.length, lines.length]).toEqual([1, 0]);
    feed(100, false);
    expect([transcoders[0]!.closed, lines.at(-1)!.text]).toEqual([
      true,
      expect.stringContaining('it gave nothing for 4 s'),
    ]);
    feed(1000, true);
    expect(transcoders).toHaveLength(2);
  });

  it('has no sound where there is no FFmpeg, and says once how to get it', () => {
    const { source, bridges, lines, publish } = world(true);
    const publication = publish([h264Track, aacTrack]);
    const seen = watch(bridges.acquire(source, 'opus').stream);
    publication.write(video({ at: 0, key: true }));
    publication.write(aacFrame(0));
    publication.retrack([h264Track, { ...aacTrack, epoch: 1 }]);

    expect(shape(seen.frames)).toEqual(['h264 0']);
    expect(lines.map(({ level, text }) => [level, text])).toEqual([
      ['warn', expect.stringContaining('Install ffmpeg')],
    ]);
  });
});

describe('times of the sound', () => {
  it('may have a gap, but a step back or half a turn of the wire clock is for a new program, one a second', () => {
    const { clock, source, bridges, transcoders, publish } = world();
    const publication = publish([h264Track, aacTrack]);
    bridges.acquire(source, 'opus');
    const at = (ms: number): number => {
      publication.write(aacFrame(ms));
      return transcoders.length;
    };
    expect([at(0), at(9000), at(8950)]).toEqual([1, 1, 1]);
    for (let hours = 0; hours < 14; hours++) for (let s = 0; s < 3600; s += 9) at(9000 + hours * 3_600_000 + s * 1000);
    // Nothing is started faster, whatever the times are.
    expect([transcoders.length, transcoders[0]!.closed]).toEqual([1, true]);
    clock.advance(fromSeconds(1));
    expect(at(9000 + 14 * 3_600_000)).toBe(2);
    expect(transcoders[1]!.written).toHaveLength(1);
  });

  it('may step back where a stream keeps the times of its publisher', () => {
    const { clock, bridges, transcoders } = world();
    const source = new Stream(
      { vhost: 'v', app: 'live', stream: 'raw' },
      {
        ...{ clock, limits: defaultLimits, gopCache: true, mergeWindow: 0, timeline: 'raw' },
        ...{ onIdle: () => undefined, onPublished: () => undefined, onUnpublished: () => undefined },
      },
    );
    const publication = source.publish({ policy: 'refuse', onEvicted: () => undefined });
    publication.retrack([aacTrack]);
    bridges.acquire(source, 'opus');
    publication.write(aacFrame(500_000));
    clock.advance(fromSeconds(2));
    publication.write(aacFrame(1000));

    expect(transcoders.map(({ closed, written }) => [closed, written.map(({ dts }) => dts / 1000)])).toEqual([
      [true, [500_000]],
      [false, [1000]],
    ]);
  });
});

describe('a publisher whose sound is converted', () => {
  function converted(missing = false) {
    const at = world(missing);
    const begin = () => {
      const to = at.source.publish({ policy: 'takeover', onEvicted: () => undefined });
      return at.bridges.convert(to, 'aac');
    };
    return { ...at, begin };
  }

  it('gives AAC to its stream, and its own Opus to who leases it', () => {
    const { source, bridges, transcoders, begin } = converted();
    const publication = begin();
    publication.retrack([h264Track, opusTrack]);
    const aac = watch(source);
    const own = watch(bridges.acquire(source, 'opus').stream);
    publication.write(video({ at: 0, key: true }));
    publication.write(opusFrame(0));
    transcoders[0]!.give(0);
    publication.write(video({ at: 40 }));

    expect(source.tracks.map(({ codec, config }) => [codec, config.length])).toEqual([
      ['h264', h264Track.config.length],
      ['aac', 2],
    ]);
    expect(shape(aac.frames)).toEqual(['h264 0', 'aac 0', 'h264 40']);
    expect(shape(own.frames)).toEqual(['h264 0', 'opus 0', 'h264 40']);
    expect(transcoders).toHaveLength(1);
  });

  it('costs a program only while somebody plays the stream', () => {
    const { clock, source, bridges, transcoders, begin } = converted();
    const publication = begin();
    publication.retrack([opusTrack]);
    const lease = bridges.acquire(source, 'opus');
    let now = 0;
    const second = (): void => {
      for (const end = now + 1000; now < end; now += 20) {
        publication.write(opusFrame(now));
        transcoders.at(-1)?.give(now);
        clock.advance(fromMs(20));
      }
    };
    second();
    expect([source.watched, transcoders.length]).toEqual([false, 0]);
    const tap = source.tap(() => undefined);
    second();
    expect([transcoders.length, transcoders[0]!.closed]).toEqual([1, false]);
    tap.close();
    for (let i = 0; i < 4; i++) second();
    expect(transcoders[0]!.closed).toBe(false);
    source.tap(() => undefined).close();
    for (let i = 0; i < 2; i++) second();
    expect([transcoders.length, transcoders[0]!.closed]).toEqual([1, true]);
    lease.release();
    publication.end();
    clock.advance(fromSeconds(5));
    expect([bridges.size, clock.pending, source.published]).toEqual([0, 0, false]);
  });

  it('begins with the newest sound of the group of pictures, which the first player was given', () => {
    const { source, transcoders, begin } = converted();
    const publication = begin();
    publication.retrack([h264Track, opusTrack]);
    publication.write(video({ at: 0, key: true }));
    for (let ms = 0; ms < 5000; ms += 20) publication.write(opusFrame(ms));
    source.tap(() => undefined, { fromGop: true });
    publication.write(opusFrame(5000));
    publication.write(opusFrame(5020));

    const times = transcoders[0]!.written.map(({ dts }) => dts / 1000);
    expect(times).toEqual(Array.from({ length: 102 }, (_, i) => 3000 + i * 20));
  });

  it('hands those who have a lease from publisher to publisher, however each sends its sound', () => {
    const { source, bridges, transcoders, begin, publish } = converted();
    const lease = bridges.acquire(source, 'opus');
    const own = watch(lease.stream);
    const rtc = begin();
    rtc.retrack([opusTrack]);
    rtc.write(opusFrame(0));
    rtc.end();
    rtc.end();
    const rtmp = publish([aacTrack]);
    rtmp.write(aacFrame(0));
    transcoders[0]!.give(20);
    rtmp.end();
    const again = begin();
    // Nothing is said of a publisher who has not spoken yet.
    expect(source.tracks[0]).toBe(aacTrack);
    again.retrack([h264Track, opusTrack]);
    again.write(opusFrame(0));

    expect(own.frames.map(({ track }) => track.codec)).toEqual(['opus', 'opus', 'opus']);
    expect(transcoders.map(({ from }) => from.codec)).toEqual(['aac']);
    expect(bridges.size).toBe(1);
  });

  it('is over for its stream when somebody takes over, and the newcomer is not disturbed', () => {
    const { source, bridges, transcoders, begin } = converted();
    const first = begin();
    first.retrack([opusTrack]);
    source.tap(() => undefined);
    const second = begin();
    second.retrack([h264Track, opusTrack]);
    first.write(opusFrame(500));
    second.write(opusFrame(20));
    expect(transcoders).toHaveLength(1);
    first.end();
    second.write(video({ at: 0, key: true }));

    expect([source.published, source.frames.video]).toEqual([true, 1]);
    expect(source.tracks.map(({ codec }) => codec)).toEqual(['h264', 'aac']);
    expect(bridges.acquire(source, 'opus').stream.frames).toMatchObject({ audio: 1, video: 1 });
  });

  it('keeps its Opus for everybody where there is no FFmpeg', () => {
    const { source, lines, begin } = converted(true);
    const publication = begin();
    publication.retrack([h264Track, opusTrack]);
    const seen = watch(source);
    publication.write(video({ at: 0, key: true }));
    publication.write(opusFrame(0));

    expect(source.tracks.map(({ codec }) => codec)).toEqual(['h264', 'opus']);
    expect(shape(seen.frames)).toEqual(['h264 0', 'opus 0']);
    expect(lines).toHaveLength(1);
  });
});
