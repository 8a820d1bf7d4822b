// What every muxer promises, whatever its format. The demuxer of the same format reads what it wrote.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../../src/core/base/bytes.ts';
import type { Micros } from '../../src/core/base/time.ts';
import type { Demuxer } from '../../src/core/media/demuxer.ts';
import type { Frame } from '../../src/core/media/frame.ts';
import type { Format } from '../../src/core/media/muxer.ts';
import type { Packet } from '../../src/core/media/packet.ts';
import type { Track } from '../../src/core/media/track.ts';
import { aacTrack, audio, h264Track, live, video } from '../tools/builders.ts';

/** Promises that a format may be unable to keep; each skip says why. */
export type MuxerPromise = 'by reference' | 'mid-stream parameters' | 'late player';

export interface MuxerSuite {
  readonly format: Format;
  readonly demuxer: () => Demuxer;
  /** Streams beyond H.264 with AAC that the format can carry. */
  readonly streams?: readonly {
    readonly name: string;
    readonly tracks: readonly Track[];
    readonly frames: readonly Frame[];
  }[];
  /** A new parameter set for `h264Track`. */
  readonly otherH264Config: Uint8Array;
  /** The largest error of a time after the round trip. */
  readonly precision: Micros;
  readonly skip?: readonly { readonly test: MuxerPromise; readonly reason: string }[];
}

export interface Demuxed {
  readonly tracks: readonly Track[];
  readonly frames: readonly Frame[];
}

/** Everything in these packets, read by `demuxer`. */
export function readPackets(demuxer: Demuxer, packets: readonly Packet[]): Demuxed {
  let tracks: readonly Track[] = [];
  const frames: Frame[] = [];
  const events = [...demuxer.push(concat(packets.flatMap((packet) => packet.chunks))), ...demuxer.end()];
  for (const event of events) {
    if (event.type === 'tracks') tracks = event.tracks;
    else frames.push(event.frame);
  }
  return { tracks, frames };
}

/** A track without what a format may number anew or add. */
const trackText = ({ id, kind, codec, config }: Track): string => `${id} ${kind} ${codec} ${toHex(config)}`;
const mediaText = (tracks: readonly Track[]): string[] =>
  tracks.filter((track) => track.kind !== 'data').map(trackText);
const frameText = ({ track, key, data }: Frame): string => `${track.id} ${key ? 'key' : 'more'} ${toHex(data)}`;

export function muxerSuite(name: string, suite: MuxerSuite): void {
  const { format, demuxer, otherH264Config, precision, streams = [], skip = [] } = suite;
  const skipped = (test: MuxerPromise): boolean => skip.some((one) => one.test === test);
  const both = [h264Track, aacTrack];
  const all = [
    { name: 'sound and picture', tracks: both, frames: live({ seconds: 2 }) },
    {
      name: 'picture only',
      tracks: [h264Track],
      frames: live({ seconds: 2 }).filter((frame) => frame.track === h264Track),
    },
    {
      name: 'sound only',
      tracks: [aacTrack],
      frames: live({ seconds: 2 }).filter((frame) => frame.track === aacTrack),
    },
    ...streams,
  ];

  /** As a player gets it that is there from the start. */
  const mux = (tracks: readonly Track[], frames: readonly Frame[]): Packet[] => {
    const muxer = format.make();
    return [...muxer.header(tracks), ...frames.flatMap((frame) => muxer.write(frame))];
  };

  const expectSame = (got: readonly Frame[], sent: readonly Frame[]): void => {
    expect(got.map(frameText)).toEqual(sent.map(frameText));
    for (const [index, frame] of got.entries()) {
      const { dts, cts } = sent[index] as Frame;
      expect(Math.abs(frame.dts - dts)).toBeLessThanOrEqual(precision);
      expect(Math.abs(frame.dts + frame.cts - (dts + cts))).toBeLessThanOrEqual(precision);
    }
  };

  describe(`${name}: what every muxer promises`, () => {
    it.each(all)('writes $name so that its demuxer gives it back', ({ tracks, frames }) => {
      const got = readPackets(demuxer(), mux(tracks, frames));

      expect(mediaText(got.tracks)).toEqual(mediaText(tracks));
      expectSame(got.frames, frames);
    });

    it('keeps the composition times of reordered frames, negative ones too', () => {
      const frames = [0, 80, -40, 40, 8000].map((cts, index) =>
        video({ at: 1000 + index * 40, cts, key: index === 0 }),
      );

      expectSame(readPackets(demuxer(), mux([h264Track], frames)).frames, frames);
    });

    it('gives back any times and sizes', () => {
      const frame = fc.record({
        gap: fc.integer({ min: 0, max: 5000 }),
        cts: fc.integer({ min: 0, max: 2000 }),
        key: fc.boolean(),
        // The builders put the time into the payload, which takes five bytes.
        size: fc.integer({ min: 5, max: 3000 }),
        sound: fc.boolean(),
      });
      fc.assert(
        fc.property(
          fc.integer({ min: 0, max: 60_000 }),
          fc.array(frame, { size: 'max', maxLength: 40 }),
          (start, shapes) => {
            let at = start;
            const frames = shapes.map(({ gap, cts, key, size, sound }) => {
              at += gap;
              return sound ? audio({ at, size }) : video({ at, cts, key, size });
            });
            expectSame(readPackets(demuxer(), mux(both, frames)).frames, frames);
          },
        ),
        { numRuns: 30 },
      );
    });

    it.each(all)('says the true size and time of each packet of $name', ({ tracks, frames }) => {
      for (const packet of mux(tracks, frames)) {
        expect(packet.size).toBe(packet.chunks.reduce((sum, chunk) => sum + chunk.length, 0));
      }
      const muxer = format.make();
      muxer.header(tracks);
      for (const frame of frames) for (const packet of muxer.write(frame)) expect(packet.dts).toBe(frame.dts);
    });

    it.each(all)('gives only configuration before $name, and the same to every player', ({ tracks, frames }) => {
      const muxer = format.make();
      const first = muxer.header(tracks);
      for (const frame of frames) muxer.write(frame);

      expect(first.every((packet) => packet.kind === 'config')).toBe(true);
      expect(bytesOf(muxer.header(tracks))).toBe(bytesOf(first));
    });

    it('lets players join at key frames of the first video track and nowhere else', () => {
      const muxer = format.make();
      muxer.header(both);
      for (const frame of live({ seconds: 2 })) {
        const joins = muxer.write(frame).some((packet) => packet.kind === 'join');
        expect(joins).toBe(frame.track === h264Track && frame.key);
      }
    });

    it('lets players join at any sound when there is no picture', () => {
      const packets = mux([aacTrack], [audio({ at: 0 }), audio({ at: 23 })]).filter(
        (packet) => packet.kind !== 'config',
      );

      expect(packets.length).toBeGreaterThan(0);
      expect(packets[0]?.kind).toBe('join');
    });

    it.skipIf(skipped('late player'))('gives a late player the frames from its join point', () => {
      const frames = live({ seconds: 3 });
      const muxer = format.make();
      const header = muxer.header(both);
      const packets = frames.map((frame) => muxer.write(frame));
      const start = packets.findLastIndex((some) => some.some((packet) => packet.kind === 'join'));

      const got = readPackets(demuxer(), [...header, ...packets.slice(start).flat()]);

      expect(start).toBeGreaterThan(0);
      expectSame(got.frames, frames.slice(start));
    });

    it.skipIf(skipped('mid-stream parameters'))('tells new parameters in mid-stream', () => {
      const changed: Track = { ...h264Track, config: otherH264Config, epoch: 1 };
      const muxer = format.make();
      const before = [...muxer.header(both), ...muxer.write(video({ at: 0, key: true }))];
      const config = muxer.retrack([changed, aacTrack]);
      const after = muxer.write(video({ at: 5000, key: true, track: changed }));

      const got = readPackets(demuxer(), [...before, ...config, ...after]);

      expect(config.every((packet) => packet.kind === 'config')).toBe(true);
      expect(mediaText(got.tracks)).toEqual(mediaText([changed, aacTrack]));
      expect(got.frames.map((frame) => frame.track.epoch)).toEqual([0, 1]);
    });

    it.skipIf(skipped('mid-stream parameters'))('changes nothing when the same parameters are told again', () => {
      const muxer = format.make();
      const packets = [
        ...muxer.header(both),
        ...muxer.write(video({ at: 0, key: true })),
        ...muxer.retrack(both),
        ...muxer.write(video({ at: 40 })),
      ];

      expect(readPackets(demuxer(), packets).frames.map((frame) => frame.track.epoch)).toEqual([0, 0]);
    });

    it('writes to no frame', () => {
      const frames = live({ seconds: 1 });
      const before = frames.map(frameText);

      mux(both, frames);

      expect(frames.map(frameText)).toEqual(before);
    });

    it.skipIf(skipped('by reference'))('does not copy the payload', () => {
      const frame = video({ at: 0, key: true, size: 5000 });
      const muxer = format.make();
      muxer.header(both);

      expect(muxer.write(frame).flatMap((packet) => packet.chunks)).toContain(frame.data);
    });
  });
}

const bytesOf = (packets: readonly Packet[]): string => toHex(concat(packets.flatMap((packet) => packet.chunks)));
