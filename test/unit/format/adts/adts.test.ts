// ADTS streams: both ways, and what cannot be carried.
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { Log } from '../../../../src/core/base/log.ts';
import { AdtsDemuxer, AdtsMuxer, adtsFormat } from '../../../../src/core/format/adts/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { demuxerSuite } from '../../../suites/demuxer.suite.ts';
import { aacTrack, h264Track } from '../../../tools/builders.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { aacFrame, bytesOf, framesOf, opusFrame, picture, tracksOf } from '../ts/media.ts';

const frames = Array.from({ length: 20 }, (_, i) => aacFrame(i * 23, 40 + i * 7));

function adts(some: readonly Frame[], tracks: readonly Track[] = [aacTrack]): Uint8Array {
  const muxer = new AdtsMuxer();
  muxer.header(tracks);
  return bytesOf(some.flatMap((frame) => muxer.write(frame)));
}

const read = (bytes: Uint8Array) => {
  const demuxer = new AdtsDemuxer();
  const events = [...demuxer.push(bytes), ...demuxer.end()];
  return { frames: framesOf(events), tracks: tracksOf(events), skipped: demuxer.skippedBytes };
};

demuxerSuite('AdtsDemuxer', {
  make: () => new AdtsDemuxer(),
  samples: [{ name: 'AAC', bytes: adts(frames) }],
  refused: [],
  endless: [
    { name: 'sync words without end', head: fromHex('fff15080'), more: new Uint8Array(1000).fill(0xff) },
    { name: 'zeros', head: fromHex('fff15083fffffc'), more: new Uint8Array(1000) },
  ],
  endlessBytes: 200_000,
  held: (demuxer) => (demuxer as AdtsDemuxer).heldBytes,
  heldLimit: 8191 + 1007,
});

describe('AdtsMuxer', () => {
  it('writes each frame behind a header, by reference, as a place to start', () => {
    const muxer = new AdtsMuxer();
    expect(muxer.header([h264Track, aacTrack])).toEqual([]);
    const [frame] = frames as [Frame];
    const [only, ...rest] = muxer.write(frame);

    expect(rest).toEqual([]);
    expect(only).toMatchObject({ kind: 'join', dts: 0, size: 47 });
    expect(toHex(only?.chunks[0] ?? frame.data)).toBe('fff1508005fffc');
    expect(only?.chunks[1]).toBe(frame.data);
    expect(adtsFormat.key).toBe('aac');
  });

  it('comes back frame by frame, with times that follow from the samples', () => {
    const { frames: got, tracks } = read(adts(frames));

    expect(got.map(({ data }) => toHex(data))).toEqual(frames.map(({ data }) => toHex(data)));
    expect(got.map(({ dts }) => dts).slice(0, 3)).toEqual([0, 23_220, 46_440]);
    expect(tracks).toMatchObject([[{ codec: 'aac', id: 256, epoch: 0 }]]);
    expect(toHex(tracks[0]?.[0]?.config ?? adts([]))).toBe('1210');
  });

  it('has one track: the first AAC track, not picture and not other sound', () => {
    const second: Track = { ...aacTrack, id: 257 };
    const muxer = new AdtsMuxer();
    muxer.header([second, aacTrack]);

    expect(muxer.write({ ...aacFrame(0), track: second })).toEqual([]);
    expect(muxer.write(opusFrame(0))).toEqual([]);
    expect(muxer.write(picture({ at: 0 }))).toEqual([]);
    expect(muxer.write(aacFrame(0))).toHaveLength(1);
    expect(muxer.droppedFrames).toBe(2);
  });

  it('takes new parameters in mid-stream', () => {
    const mono: Track = { ...aacTrack, config: fromHex('1188'), epoch: 1 };
    const muxer = new AdtsMuxer();
    muxer.header([aacTrack]);
    const bytes = bytesOf([
      ...[0, 23].flatMap((at) => muxer.write(aacFrame(at))),
      ...muxer.retrack([mono]),
      ...[46, 69].flatMap((at) => muxer.write({ ...aacFrame(at), track: mono })),
    ]);
    const { frames: got, tracks } = read(bytes);

    expect(got.map(({ track }) => track.epoch)).toEqual([0, 0, 1, 1]);
    expect(tracks).toHaveLength(2);
  });

  it('counts what ADTS cannot say, once in the log for each configuration', () => {
    const lines: string[] = [];
    const muxer = new AdtsMuxer(new Log(({ text }) => lines.push(text)));
    const usac: Track = { ...aacTrack, config: fromHex('f94a1c') };
    muxer.header([usac]);
    muxer.write({ ...aacFrame(0), track: usac });
    const broken: Track = { ...aacTrack, config: fromHex('12') };
    muxer.write({ ...aacFrame(0), track: broken });
    muxer.write({ ...aacFrame(0), data: new Uint8Array(8185) });
    muxer.write({ ...aacFrame(0), data: new Uint8Array(0) });

    expect(muxer.unfitFrames).toBe(4);
    expect(lines).toHaveLength(2);
    new AdtsMuxer(new Log(({ text }) => lines.push(text))).header([h264Track]);
    expect(lines.at(-1)).toBe('no aac track to carry');
  });
});

describe('AdtsDemuxer', () => {
  it('finds the frames again behind garbage and damage', () => {
    const bytes = adts(frames);
    const rng = new SeedRng(2);
    const { frames: got, skipped } = read(
      concat([rng.bytes(500), bytes.subarray(0, 300), rng.bytes(99), bytes.subarray(310)]),
    );

    expect(got.length).toBeGreaterThan(15);
    expect(skipped).toBeGreaterThan(500);
  });

  it('does not believe a sync word that leads to a frame of other parameters', () => {
    // 107 bytes of "8 kHz mono" end where the real stream begins.
    const decoy = concat([fromHex('fff16c400d7ffc'), new Uint8Array(100).fill(1)]);
    const { frames: got, skipped } = read(concat([decoy, adts(frames)]));

    expect(got).toHaveLength(frames.length);
    expect(skipped).toBe(107);
  });

  it('reads a header with a checksum', () => {
    const data = aacFrame(0, 50).data;
    const frame = concat([fromHex('fff05080'), Uint8Array.of(59 >> 3, ((59 & 7) << 5) | 0x1f, 0xfc, 0xaa, 0xbb), data]);

    expect(read(concat([frame, frame])).frames.map(({ data: one }) => toHex(one))).toEqual([toHex(data), toHex(data)]);
  });

  it.each([
    { name: 'several raw data blocks', head: 'fff1508007fffd' },
    { name: 'a program config element', head: 'fff1500007fffc' },
    { name: 'no payload', head: 'fff1508000fffc' },
  ])('leaves out frames with $name', ({ head }) => {
    const one = concat([fromHex(head), new Uint8Array(head === 'fff1508000fffc' ? 0 : 56).fill(9)]);
    const size = ((one[4] as number) << 3) | ((one[5] as number) >> 5);
    const { frames: got, skipped } = read(concat([one, one, one]));

    expect(size).toBe(one.length);
    expect(got).toEqual([]);
    expect(skipped).toBe(3 * one.length);
  });
});
