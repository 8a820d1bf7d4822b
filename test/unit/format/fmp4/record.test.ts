// Recordings: whole after each append, worth almost everything after a crash, and their remux.
import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import type { ProtocolError } from '../../../../src/core/base/errors.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import {
  CmafWriter,
  describeTrack,
  Fmp4Demuxer,
  finishMp4,
  initSegment,
  type Mp4Track,
  Mp4Writer,
} from '../../../../src/core/format/fmp4/index.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { avcConfig, h264Track, video } from '../../../tools/builders.ts';
import { mp3Frame, mp3Track } from '../ts/media.ts';
import { both, find, finished, inMemory, ofTrack, plain, program, read, recorded, rootOf } from './media.ts';

const frames = program({ seconds: 5, bFrames: true, start: 3_600_000 });
const file = recorded(both, frames);

describe('Mp4Writer', () => {
  it('keeps every frame, with times that begin at 0', () => {
    const got = read(file).frames;

    for (const track of both) {
      expect(ofTrack(got, track).map(({ data }) => data)).toEqual(ofTrack(frames, track).map(({ data }) => data));
    }
    expect(got[0]).toMatchObject({ dts: 0, cts: fromMs(80), key: true });
  });

  it('has a whole file after each call', () => {
    const writer = new Mp4Writer(both);
    const parts: Uint8Array[] = [];
    for (const frame of frames) {
      const more = writer.write(frame);
      parts.push(...more);
      if (more.length > 0) expect(() => read(concat(parts))).not.toThrow();
    }
  });

  it('ends fragments at key frames and before they become longer than asked', () => {
    const durations = (fragmentTime: number): number[] => {
      const writer = new Mp4Writer([h264Track], { fragmentTime });
      const ends: number[] = [];
      for (const frame of ofTrack(frames, h264Track)) if (writer.write(frame).length > 0) ends.push(writer.duration);
      writer.end();
      // The first bytes are the index alone.
      return [...ends.slice(1), writer.duration];
    };

    expect(durations(fromSeconds(10))).toEqual([1, 2, 3, 4, 5].map(fromSeconds));
    // The key frame completes the fragment up to 960 ms and the one up to itself.
    expect(durations(fromMs(500)).slice(0, 4)).toEqual([480_000, 1_000_000, 1_480_000, 2_000_000]);
  });

  it('waits for the first MP3 frame with the index', () => {
    const writer = new Mp4Writer([h264Track, mp3Track]);

    expect(writer.write(video({ at: 0, key: true }))).toEqual([]);
    const out = [...writer.write(mp3Frame(0)), ...writer.write(video({ at: 40 })), ...writer.end()];
    expect(read(concat(out)).frames.map(({ track }) => track.codec)).toEqual(['h264', 'mp3', 'h264']);
  });

  it('writes nothing for nothing', () => {
    expect(new Mp4Writer(both).end()).toEqual([]);
  });
});

describe('finishMp4', () => {
  it.each(['first', 'last'] as const)('makes a plain file with the index %s that has every frame', async (index) => {
    const out = await finished(file, index);

    const got = index === 'first' ? read(out).frames : undefined;
    const order = rootOf(out)
      .children()
      .map(({ type }) => type);
    expect(order).toEqual(index === 'first' ? ['ftyp', 'moov', 'mdat'] : ['ftyp', 'mdat', 'moov']);
    if (got === undefined) return;
    for (const track of both) {
      expect(ofTrack(got, track).map(({ data }) => data)).toEqual(ofTrack(frames, track).map(({ data }) => data));
    }
  });

  it('tells what it wrote', async () => {
    const out: Uint8Array[] = [];
    const told = await finishMp4(inMemory(file), async (bytes) => void out.push(bytes));

    expect(told).toMatchObject({ size: concat(out).length, samples: frames.length, cut: false });
    expect(Math.abs(told.duration - fromSeconds(5))).toBeLessThan(fromMs(100));
  });

  it('keeps a pause in the middle, and the distance of sound and picture', async () => {
    const paused = [...program({ seconds: 1 }), ...program({ seconds: 1, start: 31_000 })];
    const got = read(await plain(both, paused)).frames;

    for (const track of both) {
      const [sent, back] = [ofTrack(paused, track), ofTrack(got, track)];
      expect(back.every(({ dts }, i) => Math.abs(dts - (sent[i]?.dts ?? 0)) <= 2000)).toBe(true);
    }
  });

  it('keeps a jump of the decode times between two fragments', async () => {
    const [track] = [describeTrack(h264Track) as Mp4Track];
    const parts = [0, 10_000].map((at) => {
      const writer = new CmafWriter([track]);
      writer.push(video({ at, key: true }));
      return concat(writer.end()?.chunks ?? []);
    });

    const { frames: got } = read(await finished(concat([initSegment([track]), ...parts])));

    expect(got.map(({ dts }) => dts)).toEqual([0, fromSeconds(10)]);
  });

  it('saves what was whole when the recorder was killed, at any byte', async () => {
    const start = find(file, 'moof') - 4;
    const whole = read(file).frames.length;
    let before = 0;
    for (let size = start + 200; size < file.length; size += 997) {
      const cut = file.subarray(0, size);
      const out: Uint8Array[] = [];
      try {
        const { samples } = await finishMp4(inMemory(cut), async (bytes) => void out.push(bytes));
        const got = read(concat(out)).frames.length;
        expect(got).toBe(samples);
        expect(got).toBeGreaterThanOrEqual(before);
        before = got;
      } catch (error) {
        // Not even the first fragment is whole.
        expect(['FMP4_PLAIN', 'FMP4_CUT']).toContain((error as ProtocolError).code);
        expect(before).toBe(0);
      }
    }
    // One fragment of a second is the most that a crash may cost.
    expect(before).toBeGreaterThanOrEqual(whole - 70);
  });

  it('saves what is in front of damage', async () => {
    const third = find(file, 'moof', 2);
    const broken = file.slice();
    broken.fill(0xff, third + 4, third + 40);

    const told = await finishMp4(inMemory(broken), async () => undefined);

    expect(told.cut).toBe(true);
    expect(told.samples).toBeGreaterThan(100);
  });

  it('copies in pieces of bounded size', async () => {
    const big = recorded(
      [h264Track],
      Array.from({ length: 50 }, (_, i) => video({ at: i * 40, key: i % 25 === 0, size: 100_000 })),
    );
    let most = 0;

    await finishMp4(inMemory(big), async (bytes) => {
      most = Math.max(most, bytes.length);
    });

    expect(big.length).toBeGreaterThan(4_000_000);
    expect(most).toBeLessThanOrEqual(1024 * 1024);
  });

  it('refuses a plain file, an empty recording, and one whose parameters change', async () => {
    const other: Track = { ...h264Track, config: Uint8Array.from(avcConfig, (byte, i) => (i === 3 ? 31 : byte)) };
    const second = recorded([other], [video({ at: 0, key: true, track: other })]);
    const one = recorded([h264Track], [video({ at: 0, key: true })]);
    const init = one.subarray(0, find(one, 'moof') - 4);

    await expect(finished(await finished(file))).rejects.toMatchObject({ code: 'FMP4_PLAIN' });
    await expect(finished(init)).rejects.toMatchObject({ code: 'FMP4_PLAIN' });
    await expect(finished(concat([one, second]))).rejects.toMatchObject({ code: 'FMP4_EPOCHS' });
    expect(read(await finished(concat([one, one]))).frames.length).toBe(2);
  });

  it('passes on what reading and writing say', async () => {
    const full = new Error('no space left');

    await expect(finishMp4(inMemory(file), () => Promise.reject(full))).rejects.toBe(full);
    await expect(finishMp4({ size: 100, read: () => Promise.reject(full) }, async () => undefined)).rejects.toBe(full);
  });

  it('is read by the streaming demuxer piece by piece', async () => {
    const demuxer = new Fmp4Demuxer();
    let count = 0;
    for (const byte of await finished(file))
      count += demuxer.push(Uint8Array.of(byte)).filter(({ type }) => type === 'frame').length;

    expect(count).toBe(frames.length);
  });
});
