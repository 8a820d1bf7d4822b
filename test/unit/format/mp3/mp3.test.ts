// Raw MP3 streams: both ways, tags, garbage.
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { Mp3Demuxer, Mp3Muxer, mp3Format, tagSize } from '../../../../src/core/format/mp3/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { demuxerSuite } from '../../../suites/demuxer.suite.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { aacFrame, bytesOf, framesOf, mp3Frame, mp3LowFrame, mp3Track, tracksOf } from '../ts/media.ts';

const frames = Array.from({ length: 12 }, (_, i) => mp3Frame(i * 26));
const bytes = concat(frames.map(({ data }) => data));
/** 300 bytes behind its 10 of header. */
const tag = concat([utf8('ID3'), fromHex('0400000000022c'), new Uint8Array(300).fill(0xff)]);

const read = (input: Uint8Array) => {
  const demuxer = new Mp3Demuxer();
  const events = [...demuxer.push(input), ...demuxer.end()];
  return { frames: framesOf(events), tracks: tracksOf(events), skipped: demuxer.skippedBytes };
};

demuxerSuite('Mp3Demuxer', {
  make: () => new Mp3Demuxer(),
  samples: [
    { name: 'MP3', bytes },
    { name: 'MP3 behind an ID3v2 tag', bytes: concat([tag, bytes]) },
  ],
  refused: [],
  endless: [
    { name: 'sync words without end', head: fromHex('fffb9044'), more: new Uint8Array(1000).fill(0xff) },
    { name: 'a tag of 256 MiB', head: concat([utf8('ID3'), fromHex('0400007f7f7f7f')]), more: new Uint8Array(1000) },
  ],
  endlessBytes: 200_000,
  held: (demuxer) => (demuxer as Mp3Demuxer).heldBytes,
  heldLimit: 4096,
});

describe('Mp3Muxer', () => {
  it('writes the frames as they are', () => {
    const muxer = new Mp3Muxer();
    expect(muxer.header([mp3Track])).toEqual([]);
    expect(muxer.retrack([mp3Track])).toEqual([]);
    const packets = frames.flatMap((frame) => muxer.write(frame));

    expect(packets.every(({ kind }) => kind === 'join')).toBe(true);
    expect(packets[0]?.chunks[0]).toBe(frames[0]?.data);
    expect(toHex(bytesOf(packets))).toBe(toHex(bytes));
    expect(muxer.write(aacFrame(0))).toEqual([]);
    expect(muxer.droppedFrames).toBe(1);
    expect(mp3Format.key).toBe('mp3');
  });
});

describe('Mp3Demuxer', () => {
  it('reads the frames with times that follow from the samples', () => {
    const { frames: got, tracks } = read(bytes);

    expect(got.map(({ data }) => toHex(data))).toEqual(frames.map(({ data }) => toHex(data)));
    expect(got.map(({ dts }) => dts).slice(0, 3)).toEqual([0, 26_122, 52_245]);
    expect(tracks).toMatchObject([[{ codec: 'mp3', id: 256 }]]);
  });

  it('skips a tag with its size, and finds the frames behind garbage', () => {
    expect(tagSize(tag)).toBe(310);
    expect(tagSize(concat([utf8('ID3'), fromHex('04001000000000')]))).toBe(20);
    expect(read(concat([tag, bytes]))).toMatchObject({ skipped: 0 });
    expect(read(concat([tag, bytes])).frames).toHaveLength(12);
    expect(read(concat([new SeedRng(3).bytes(700), bytes])).frames.length).toBeGreaterThanOrEqual(11);
    expect(read(concat([bytes.subarray(0, 2000), new Uint8Array(50), bytes.subarray(2085)])).frames).toHaveLength(11);
  });

  it('makes a new epoch when the rate changes', () => {
    const low = [0, 26, 52].map(mp3LowFrame);
    const { frames: got } = read(concat([bytes, ...low.map(({ data }) => data)]));

    expect(got.map((frame: Frame) => frame.track.epoch)).toEqual([...Array(12).fill(0), 1, 1, 1]);
  });

  it('reads a file shorter than a tag header', () => {
    expect(read(fromHex('fffb')).frames).toEqual([]);
  });
});
