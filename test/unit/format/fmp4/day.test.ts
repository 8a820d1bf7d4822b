// A day of stream time: nothing drifts, nothing grows, and decode times go beyond 32 bits.
import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import {
  CmafWriter,
  describeTrack,
  Fmp4Demuxer,
  initSegment,
  type Mp4Track,
  type Part,
} from '../../../../src/core/format/fmp4/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { aacTrack, h264Track } from '../../../tools/builders.ts';
import { both, rootOf } from './media.ts';

const DAY = 24 * 3600;
const mp4 = both.map((track) => describeTrack(track) as Mp4Track);
const data = Uint8Array.of(0, 0, 0, 1, 0x65);

/** 25 pictures and 44100 / 1024 sounds a second, with the whole milliseconds of RTMP. */
function* day(): Generator<Frame> {
  let pictures = 0;
  let sounds = 0;
  while (pictures < DAY * 25) {
    const at = pictures * 40;
    const soundAt = Math.floor((sounds * 1024 * 1000) / 44_100);
    if (soundAt < at) {
      sounds++;
      yield { track: aacTrack, dts: fromMs(soundAt), cts: 0, key: true, data };
    } else {
      yield { track: h264Track, dts: fromMs(at), cts: 0, key: pictures % 250 === 0, data };
      pictures++;
    }
  }
}

const tfdt = (part: Part, nth: number): number => {
  const trafs = rootOf(concat(part.chunks))
    .need('moof')
    .children()
    .filter(({ type }) => type === 'traf');
  return trafs[nth]?.need('tfdt').readFull((reader) => reader.u64()) ?? -1;
};

describe('24 hours', () => {
  it('of parts add up exactly, and tfdt is right above 32 bits', () => {
    const writer = new CmafWriter(mp4);
    const demuxer = new Fmp4Demuxer();
    demuxer.push(initSegment(mp4));
    let end = 0;
    let parts = 0;
    let last: Part | undefined;
    let samples = 0;
    let most = 0;
    let worstSound = 0;
    let soundIndex = 0;
    const take = (part: Part | undefined): void => {
      if (part === undefined) return;
      expect(part.dts).toBe(end);
      end = part.dts + part.duration;
      samples += part.samples;
      parts++;
      last = part;
      most = Math.max(most, part.size);
      for (const event of demuxer.push(concat(part.chunks))) {
        if (event.type !== 'frame' || event.frame.track.id !== aacTrack.id) continue;
        worstSound = Math.max(worstSound, Math.abs(event.frame.dts - (soundIndex++ * 1024 * 1_000_000) / 44_100));
      }
    };

    let frames = 0;
    for (const frame of day()) {
      frames++;
      take(writer.push(frame));
      if (frame.key && frame.track === h264Track) take(writer.cut());
    }
    take(writer.end());

    expect(end).toBe(fromSeconds(DAY));
    expect(parts).toBe(DAY / 10);
    expect(samples).toBe(frames);
    expect(most).toBeLessThan(12_000);
    // The grid begins at the first time stamp and never leaves it.
    expect(worstSound).toBeLessThan(12);
    expect(tfdt(last as Part, 0)).toBe((DAY - 10) * 90_000);
    expect(tfdt(last as Part, 0)).toBeGreaterThan(2 ** 32);
    expect(tfdt(last as Part, 1) % 1024).toBe(0);
  });
});
