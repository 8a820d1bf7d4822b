import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { TsDemuxer } from '../../../../src/core/format/ts/index.ts';
import { type ElementaryStream, registrationOf, writePat, writePmt } from '../../../../src/core/format/ts/psi.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { demuxerSuite } from '../../../suites/demuxer.suite.ts';
import { h264Track } from '../../../tools/builders.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import {
  aacFrame,
  ac3Frame,
  ac3Track,
  framesOf,
  hevcPicture,
  hevcTrack,
  mp3Frame,
  mp3Track,
  opusFrame,
  opusTrack,
  payload,
  program,
  ts,
} from './media.ts';
import {
  annexB,
  aud,
  code,
  demux,
  idr,
  limits,
  packets,
  pps,
  RawStream,
  slice,
  sps,
  stream,
  withCrc,
} from './raw-stream.ts';

const six = (make: (at: number) => Frame): Frame[] => [0, 26, 52, 78, 104, 130].map(make);

/** Endless video: the PES says no length, and its packets never end. */
const endlessVideo = (): { head: Uint8Array; more: Uint8Array } => {
  const unbounded = new RawStream().tables([stream(0x1b)]).pes(0x100, new Uint8Array(70_000).fill(7), 0).bytes;
  const all = packets(unbounded);
  // 16 packets, so that the counter goes round.
  return { head: concat(all.slice(0, 3)), more: concat(all.slice(3, 19)) };
};

demuxerSuite('TsDemuxer', {
  make: () => new TsDemuxer(limits),
  samples: [
    { name: 'H.264 and AAC', bytes: ts(program({ seconds: 1, gop: 5, size: 60 })) },
    {
      name: 'HEVC',
      bytes: ts(
        [0, 40, 80].map((at) => hevcPicture({ at, key: at === 0 })),
        [hevcTrack],
      ),
    },
    { name: 'MP3', bytes: ts(six(mp3Frame), [mp3Track]) },
    { name: 'Opus', bytes: ts(six(opusFrame), [opusTrack]) },
    { name: 'AC-3', bytes: ts(six(ac3Frame), [ac3Track]) },
  ],
  refused: [],
  endless: [{ name: 'video without end', ...endlessVideo() }],
  held: (demuxer) => (demuxer as TsDemuxer).heldBytes,
  heldLimit: limits.messageBytes + 1024,
});

describe('TsDemuxer and good streams', () => {
  it.each([
    { name: 'M2TS of 192 bytes', before: 4, after: 0 },
    { name: 'DVB of 204 bytes', before: 0, after: 16 },
  ])('reads $name', ({ before, after }) => {
    const frames = program({ seconds: 1 });
    const plain = ts(frames);
    const rng = new SeedRng(1);
    const wide = concat(packets(plain).flatMap((packet) => [rng.bytes(before), packet, rng.bytes(after)]));

    const demuxer = new TsDemuxer(limits);
    const events = [...demuxer.push(wide), ...demuxer.end()];

    expect(demuxer.packetBytes).toBe(188 + before + after);
    expect(framesOf(events).map(({ data }) => toHex(data))).toEqual(demux(plain).frames.map(({ data }) => toHex(data)));
  });

  it('finds the packets behind garbage, and again after a hole', () => {
    const plain = ts(program({ seconds: 2 }));
    const rng = new SeedRng(3);
    const cut = 188 * 40;
    const broken = concat([rng.bytes(1000), plain.subarray(0, cut), rng.bytes(77), plain.subarray(cut + 50)]);

    const { frames, report } = demux(broken);

    expect(report.syncLosses).toBeGreaterThanOrEqual(1);
    expect(report.skippedBytes).toBeGreaterThan(1000);
    expect(frames.length).toBeGreaterThan(demux(plain).frames.length - 8);
  });

  it('jumps over one packet with a wrong sync byte', () => {
    const all = packets(ts(program({ seconds: 1 })));
    (all[20] as Uint8Array)[0] = 0;

    expect(demux(concat(all)).report).toMatchObject({ syncByteErrors: 1, syncLosses: 0 });
  });

  it('removes delimiters and known parameter sets, and writes 4-byte lengths for start codes of both sizes', () => {
    const es = concat([fromHex('00'), annexB(aud, sps, pps), fromHex('00'), annexB(idr(1)), new Uint8Array(3)]);
    const { frames, tracks } = demux(new RawStream().tables([stream(0x1b)]).pes(0x100, es, 900).bytes);

    expect(toHex(frames[0]?.data ?? es)).toBe(`00000028${toHex(idr(1))}`);
    expect(frames[0]).toMatchObject({ key: true, dts: fromMs(10), cts: 0 });
    expect(toHex(tracks[0]?.[0]?.config ?? es)).toBe(toHex(h264Track.config));
  });

  it('splits a PES with several access units, with delimiters and without', () => {
    for (const delimiters of [true, false]) {
      const unit = (nal: Uint8Array): Uint8Array[] => (delimiters ? [aud, nal] : [nal]);
      const es = annexB(aud, sps, pps, idr(0), ...unit(slice(1)), ...unit(slice(2)));
      const { frames } = demux(new RawStream().tables([stream(0x1b)]).pes(0x100, es, 90_000).bytes);

      expect(frames.map(({ key }) => key)).toEqual([true, false, false]);
      // The SPS says 25 frames a second.
      expect(frames.map(({ dts }) => dts - fromSeconds(1))).toEqual([0, fromMs(40), fromMs(80)]);
    }
  });

  it('keeps slices of one picture together', () => {
    const second = payload([0x65, 0x48], 5, 40);
    const es = annexB(aud, sps, pps, idr(0), second);
    const { frames } = demux(new RawStream().tables([stream(0x1b)]).pes(0x100, es, 0).bytes);

    expect(frames).toHaveLength(1);
    expect(frames[0]?.data.length).toBe(88);
  });

  it('takes parameter sets that come in a PES of their own', () => {
    const raw = new RawStream()
      .tables([stream(0x1b)])
      .pes(0x100, annexB(aud, sps, pps), 0)
      .pes(0x100, annexB(aud, idr(0)), 3600);

    expect(demux(raw.bytes).frames).toHaveLength(1);
  });

  it('makes a new epoch for new parameter sets at a key frame, and leaves others in the frame', () => {
    const other = fromHex('68ebe3cb22c1');
    const raw = new RawStream()
      .tables([stream(0x1b)])
      .pes(0x100, annexB(aud, sps, pps, idr(0)), 0)
      .pes(0x100, annexB(aud, other, slice(1)), 3600)
      .pes(0x100, annexB(aud, pps, slice(2)), 7200)
      .pes(0x100, annexB(aud, sps, other, idr(3)), 10_800)
      .pes(0x100, annexB(aud, sps, other, idr(4)), 14_400);
    const { frames, tracks } = demux(raw.bytes);

    expect(frames.map(({ track }) => track.epoch)).toEqual([0, 0, 0, 1, 1]);
    expect(frames.map(({ data }) => data.length)).toEqual([44, 54, 44, 44, 44]);
    expect(tracks).toHaveLength(2);
  });

  it('waits for the first parameter sets', () => {
    const raw = new RawStream()
      .tables([stream(0x1b)])
      .pes(0x100, annexB(aud, slice(0)), 0)
      .pes(0x100, annexB(aud, sps, pps, idr(1)), 3600);
    const { frames, report } = demux(raw.bytes);

    expect(frames).toHaveLength(1);
    expect(report.droppedFrames).toBe(1);
  });

  it('starts at a recovery point where no IDR picture ever comes', () => {
    const recovery = fromHex('060601c480');
    const raw = new RawStream().tables([stream(0x1b)]).pes(0x100, annexB(aud, sps, pps, recovery, slice(0)), 0);

    expect(demux(raw.bytes).frames[0]).toMatchObject({ key: true });
  });

  it('reads sound that lies across PES packets, with the time of the frame that begins in each', () => {
    const frames = [0, 1024, 2048, 3072].map((at) => aacFrame(at, 100));
    const adts = concat(
      frames.flatMap(({ data }) => [
        fromHex('fff15080'),
        Uint8Array.of((107 >> 3) & 255, ((107 & 7) << 5) | 0x1f, 0xfc),
        data,
      ]),
    );
    // In the middle of the second frame; and in the middle of its head, so that its time is that of the first PES.
    const cuts = [
      { cut: 150, second: 4180, wanted: [0, 23_220, 46_444, 69_664] },
      { cut: 110, second: 6000, wanted: [0, 23_220, 66_667, 89_887] },
    ];
    for (const { cut, second, wanted } of cuts) {
      const raw = new RawStream()
        .tables([stream(0x0f)])
        .pes(0x100, adts.subarray(0, cut), 90_000, 90_000, 0xc0)
        .pes(0x100, adts.subarray(cut), 90_000 + second, 90_000 + second, 0xc0);
      const { frames: got } = demux(raw.bytes);

      expect(got.map(({ data }) => toHex(data))).toEqual(frames.map(({ data }) => toHex(data)));
      expect(got.map(({ dts }) => dts - fromSeconds(1))).toEqual(wanted);
    }
    // The first PES has no more than the beginning of a head: its time is that of the frame that begins there.
    const raw = new RawStream()
      .tables([stream(0x0f)])
      .pes(0x100, adts.subarray(0, 3), 90_000, 90_000, 0xc0)
      .pes(0x100, adts.subarray(3), 99_000, 99_000, 0xc0);
    expect(demux(raw.bytes).frames.map(({ dts }) => dts - fromSeconds(1))).toEqual([0, 100_000, 123_220, 146_440]);
  });

  it('reads times across the wrap of 33 bits without a step', () => {
    const raw = new RawStream().tables([stream(0x1b)]);
    const first = 2 ** 33 - 3600 * 3;
    for (let i = 0; i < 6; i++) {
      const dts = (first + i * 3600) % 2 ** 33;
      raw.pes(0x100, annexB(aud, sps, pps, idr(i)), (dts + 7200) % 2 ** 33, dts);
    }
    const { frames } = demux(raw.bytes);

    const start = (frames[0] as Frame).dts;
    expect(frames.map(({ dts }) => dts - start)).toEqual([0, 40, 80, 120, 160, 200].map(fromMs));
    expect(frames.every(({ cts }) => cts === fromMs(80))).toBe(true);
  });

  it('follows a new PMT: a codec that changes, a stream that goes, one that comes', () => {
    const adts = concat([
      fromHex('fff15080'),
      Uint8Array.of((67 >> 3) & 255, ((67 & 7) << 5) | 0x1f, 0xfc),
      aacFrame(0, 60).data,
    ]);
    const raw = new RawStream()
      .tables([stream(0x1b), stream(0x0f, 0x101)])
      .pes(0x100, annexB(aud, sps, pps, idr(0)), 0)
      .pes(0x101, adts, 0, 0, 0xc0)
      .tables([stream(0x1b)], 1)
      .pes(0x100, annexB(aud, sps, pps, idr(1)), 3600)
      .pes(0x101, adts, 3600, 3600, 0xc0)
      .tables([stream(0x1b, 0x200), stream(0x0f, 0x101)], 2)
      .pes(0x200, annexB(aud, sps, pps, idr(2)), 7200)
      .pes(0x101, adts, 7200, 7200, 0xc0);
    const { frames, tracks } = demux(raw.bytes);

    expect(frames.map(({ track }) => track.codec)).toEqual(['h264', 'aac', 'h264', 'h264', 'aac']);
    expect(tracks.map((list) => list.map(({ id, epoch }) => `${id}#${epoch}`).join(' '))).toEqual([
      '0#0',
      '0#0 256#0',
      '0#0',
      '0#1',
      '0#1 256#0',
    ]);
  });

  it('reads Opus, AC-3 and HEVC in private streams by their registration, and AC-3 by the descriptor of DVB', () => {
    const of = (...descriptors: ElementaryStream['descriptors']): string | undefined => {
      const raw = new RawStream().tables([stream(6, 0x100, descriptors)]).pes(0x100, ac3Frame(0).data, 0, 0, 0xbd);
      return demux(raw.bytes).tracks[0]?.[0]?.codec;
    };

    expect(of(registrationOf('AC-3'))).toBe('ac3');
    expect(of({ tag: 0x6a, data: Uint8Array.of(0) })).toBe('ac3');
    expect(of({ tag: 0x59, data: Uint8Array.of(0) })).toBeUndefined();
    const opus = new RawStream()
      .tables([stream(6, 0x100, [registrationOf('Opus'), { tag: 0x7f, data: Uint8Array.of(0x80, 6) }])])
      // A size above 255, then a start_trim of two bytes.
      .pes(0x100, concat([fromHex('7ff0ff050138'), opusFrame(0, 260).data]), 0, 0, 0xbd);
    const { frames, tracks } = demux(opus.bytes);
    expect(toHex(tracks[0]?.[0]?.config ?? code)).toBe('4f707573486561640106000080bb00000000010402000401020305');
    expect(frames[0]?.data.length).toBe(260);
  });

  it('reads a PAT of several sections', () => {
    const part = (number: number, programs: readonly { program: number; pid: number }[]): Uint8Array => {
      const bytes = writePat(0, programs);
      bytes[6] = number;
      bytes[7] = 1;
      return withCrc(bytes);
    };
    const raw = new RawStream()
      .section(0, part(1, [{ program: 9, pid: 0x1001 }]))
      .section(0, part(0, [{ program: 1, pid: 0x1000 }]));
    raw.section(0x1000, writePmt({ program: 1, version: 0, pcrPid: 0x100, streams: [stream(0x1b)] }));
    raw.pes(0x100, annexB(aud, sps, pps, idr(0)), 0);
    const { frames, report } = demux(raw.bytes);

    expect(frames).toHaveLength(1);
    expect(report.otherPrograms).toBe(1);
  });

  it('says which kinds of tracks will come', () => {
    const demuxer = new TsDemuxer(limits);
    demuxer.push(ts(program({ seconds: 1 })).slice(0, 188 * 3));

    expect(demuxer.kinds).toEqual(['video', 'audio']);
  });
});
