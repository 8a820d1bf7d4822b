// TsDemuxer: the promises of all demuxers, odd but good streams, and the bad input of group 8.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { TsDemuxer } from '../../../../src/core/format/ts/index.ts';
import { Packetiser, type PidState, writeSection } from '../../../../src/core/format/ts/packetise.ts';
import { type ElementaryStream, registrationOf, writePat, writePmt } from '../../../../src/core/format/ts/psi.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { demuxerSuite } from '../../../suites/demuxer.suite.ts';
import { aacTrack, h264Track } from '../../../tools/builders.ts';
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
  ofTrack,
  opusFrame,
  opusTrack,
  payload,
  picture,
  program,
  tracksOf,
  ts,
} from './media.ts';

const limits = { messageBytes: 256 * 1024, openBytes: 512 * 1024, tracks: 8 };

function demux(bytes: Uint8Array, some = limits) {
  const demuxer = new TsDemuxer(some);
  const events = [...demuxer.push(bytes), ...demuxer.end()];
  return { frames: framesOf(events), tracks: tracksOf(events), report: demuxer.report };
}

const six = (make: (at: number) => Frame): Frame[] => [0, 26, 52, 78, 104, 130].map(make);

/** Packets of one PES, each a view that a test may change. */
const packets = (bytes: Uint8Array): Uint8Array[] =>
  Array.from({ length: bytes.length / 188 }, (_, i) => bytes.slice(i * 188, i * 188 + 188));

/** Writes streams that our muxer would not. */
class RawStream {
  readonly #chunks: Uint8Array[] = [];
  readonly #pids = new Map<number, PidState>();
  readonly #packetiser = new Packetiser();

  #pid(pid: number): PidState {
    let state = this.#pids.get(pid);
    if (state === undefined) this.#pids.set(pid, (state = { pid, continuity: 15 }));
    return state;
  }

  section(pid: number, section: Uint8Array): this {
    const out = new Uint8Array(Math.ceil((section.length + 1) / 184) * 188);
    writeSection(out, 0, this.#pid(pid), section);
    return this.raw(out);
  }

  tables(streams: readonly ElementaryStream[], version = 0): this {
    this.section(0, writePat(0, [{ program: 1, pid: 0x1000 }]));
    return this.section(0x1000, writePmt({ program: 1, version, pcrPid: 0x100, streams }));
  }

  /** Ticks of 90 kHz. */
  pes(pid: number, es: Uint8Array, pts: number, dts = pts, streamId = 0xe0): this {
    const head = { streamId, pts, dts, pcr: undefined, randomAccess: false };
    this.#packetiser.begin(this.#pid(pid), head, es.length);
    this.#packetiser.put(es);
    return this.raw(this.#packetiser.done());
  }

  raw(bytes: Uint8Array): this {
    this.#chunks.push(bytes);
    return this;
  }

  get bytes(): Uint8Array {
    return concat(this.#chunks);
  }
}

const stream = (type: number, pid = 0x100, descriptors: ElementaryStream['descriptors'] = []): ElementaryStream => ({
  type,
  pid,
  descriptors,
});

const code = fromHex('000001');
const sps = h264Track.config.slice(8, 34);
const pps = h264Track.config.slice(37, 43);
const aud = fromHex('09f0');
const annexB = (...nals: readonly Uint8Array[]): Uint8Array => concat(nals.flatMap((nal) => [code, nal]));
const idr = (at: number): Uint8Array => payload([0x65, 0x88], at, 40);
const slice = (at: number): Uint8Array => payload([0x41, 0x9a], at, 40);

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

function withCrc(section: Uint8Array): Uint8Array {
  // The writer makes the CRC; a changed head needs a new one.
  return concat([section.subarray(0, -4), crcBytes(section.subarray(0, -4))]);
}

function crcBytes(bytes: Uint8Array): Uint8Array {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      const top = (crc >>> 31) ^ ((byte >> bit) & 1);
      crc = (crc << 1) ^ (top === 1 ? 0x04c11db7 : 0);
    }
  }
  return Uint8Array.of(crc >>> 24, crc >>> 16, crc >>> 8, crc);
}

describe('TsDemuxer and bad input', () => {
  it('refuses what is no transport stream after 1 MiB with TS_SYNC, and stays broken', () => {
    const demuxer = new TsDemuxer(limits);
    const noise = new SeedRng(9).bytes(300_000);
    const fault = (): unknown => {
      try {
        for (let i = 0; i < 5; i++) demuxer.push(noise);
        return undefined;
      } catch (error) {
        return error;
      }
    };

    expect(fault()).toBeInstanceOf(ProtocolError);
    expect(fault()).toMatchObject({ code: 'TS_SYNC' });
    expect(demuxer.heldBytes).toBe(0);
  });

  it('drops the access unit of a lost packet and nothing else', () => {
    const frames = program({ seconds: 2 });
    const all = packets(ts(frames));
    const victim = all.findIndex(
      (packet, i) => i > 60 && packet[1] === 1 && packet[2] === 0 && (packet[3] as number) >> 4 === 1,
    );
    const { frames: got, report } = demux(concat(all.filter((_, i) => i !== victim)));

    expect(report).toMatchObject({ continuityErrors: 1, damagedPes: 1 });
    expect(ofTrack(got, 0)).toHaveLength(49);
    expect(ofTrack(got, 256)).toHaveLength(86);
  });

  it('takes a packet that comes twice once, and three times as damage', () => {
    const all = packets(ts(program({ seconds: 1 })));
    const twice = all.flatMap((packet, i) => (i === 30 ? [packet, packet] : [packet]));
    const { report, frames } = demux(concat(twice));

    expect(report).toMatchObject({ duplicatePackets: 1, continuityErrors: 0 });
    expect(frames.length).toBe(demux(concat(all)).frames.length);
    const often = all.flatMap((packet, i) => (i === 30 ? [packet, packet, packet] : [packet]));
    expect(demux(concat(often)).report.continuityErrors).toBeGreaterThan(0);
  });

  it.each([
    {
      name: 'transport errors',
      damage: (p: Uint8Array) => void (p[1] = (p[1] as number) | 0x80),
      count: 'transportErrors',
    },
    {
      name: 'scrambled packets',
      damage: (p: Uint8Array) => void (p[3] = (p[3] as number) | 0xc0),
      count: 'scrambledPackets',
    },
    {
      name: 'adaptation fields of 184 bytes',
      damage: (p: Uint8Array) => p.set([0x30 | ((p[3] as number) & 15), 184], 3),
      count: 'damagedPackets',
    },
    {
      name: 'adaptation_field_control 0',
      damage: (p: Uint8Array) => void (p[3] = (p[3] as number) & 15),
      count: 'damagedPackets',
    },
  ] as const)('counts and drops $name', ({ damage, count }) => {
    const all = packets(ts(program({ seconds: 1 })));
    damage(all[30] as Uint8Array);
    const { report, frames } = demux(concat(all));

    expect(report[count]).toBe(1);
    expect(frames.length).toBeGreaterThan(60);
  });

  it('counts damaged tables and goes on with the next good ones', () => {
    const all = packets(ts(program({ seconds: 2 })));
    const tables = all.flatMap((packet, i) => (packet[1] === 0x40 || packet[1] === 0x50 ? [i] : []));
    for (const i of [tables[0], tables[3]] as number[]) (all[i] as Uint8Array)[12] = 0x77;
    const { report, frames } = demux(concat(all));

    expect(report.crcErrors).toBe(2);
    expect(frames.length).toBeGreaterThan(60);
  });

  it('counts a PMT without streams, and keeps those it had', () => {
    const raw = new RawStream()
      .tables([stream(0x1b)])
      .pes(0x100, annexB(aud, sps, pps, idr(0)), 0)
      .tables([], 1)
      .pes(0x100, annexB(aud, sps, pps, idr(1)), 3600);
    const { frames, report } = demux(raw.bytes);

    expect(report.emptyMaps).toBe(1);
    expect(frames).toHaveLength(2);
    expect(demux(new RawStream().tables([]).bytes)).toMatchObject({ frames: [], tracks: [] });
  });

  it('refuses and counts LATM, unknown types, streams above the limit, and PIDs that are taken', () => {
    const many = Array.from({ length: 12 }, (_, i) => stream(0x1b, 0x200 + i));
    const odd = [
      stream(0x11),
      stream(0x42, 0x101),
      stream(0x1b, 0x102),
      stream(0x0f, 0x102),
      stream(0x0f, 0x1000),
      stream(0x0f, 0),
    ];

    expect(demux(new RawStream().tables(odd).bytes).report.refusedStreams).toBe(5);
    expect(demux(new RawStream().tables(many).bytes).report.refusedStreams).toBe(4);
  });

  it('counts a PMT whose inner lengths lie under a right CRC', () => {
    const pmt = writePmt({ program: 1, version: 0, pcrPid: 0x100, streams: [stream(0x1b)] });
    pmt[15] = 0xff;
    const raw = new RawStream().section(0, writePat(0, [{ program: 1, pid: 0x1000 }])).section(0x1000, withCrc(pmt));

    expect(demux(raw.bytes).report.damagedSections).toBe(1);
  });

  it.each([
    { name: 'too long', wrong: +40 },
    { name: 'too short', wrong: -20 },
  ])('counts a PES length that is $name', ({ wrong }) => {
    const raw = new RawStream()
      .tables([stream(0x1b)])
      .pes(0x100, annexB(aud, sps, pps, idr(0)), 0)
      .pes(0x100, annexB(aud, idr(1)), 3600);
    const bytes = raw.bytes;
    const at = bytes.length - 376;
    const start = at + 4 + 1 + (bytes[at + 4] as number) + 4;
    bytes[start + 1] = (bytes[start + 1] as number) + wrong;
    const { report, frames } = demux(bytes);

    expect(report.pesLengthErrors).toBe(1);
    expect(frames.length).toBe(2);
  });

  it('counts a PES without start code, with a header longer than itself, and above the limit of bytes', () => {
    const good = annexB(aud, sps, pps, idr(0));
    const build = (change: (pes: Uint8Array) => void): Uint8Array => {
      const bytes = new RawStream().tables([stream(0x1b)]).pes(0x100, good, 0).bytes;
      const at = bytes.length - 188;
      change(bytes.subarray(at + 4 + 1 + (bytes[at + 4] as number)));
      return bytes;
    };

    expect(demux(build((pes) => void (pes[2] = 2))).report.damagedPes).toBe(1);
    expect(demux(build((pes) => void (pes[8] = 250))).report.damagedPes).toBe(1);
    expect(demux(build((pes) => void (pes[6] = 0x00))).report.damagedPes).toBe(1);
    const big = new RawStream().tables([stream(0x1b)]).pes(0x100, new Uint8Array(limits.messageBytes + 1000), 0);
    expect(demux(big.bytes).report.damagedPes).toBe(1);
  });

  it('bounds what all streams hold together', () => {
    const four = [0, 1, 2, 3].map((i) => stream(0x1b, 0x100 + i));
    const raw = new RawStream().tables(four);
    for (const { pid } of four) raw.pes(pid, new Uint8Array(3_000_000).fill(3), 0);
    const demuxer = new TsDemuxer({ messageBytes: 4_000_000, openBytes: 5_000_000, tracks: 8 });
    demuxer.push(raw.bytes);

    expect(demuxer.heldBytes).toBeLessThan(6_000_000);
    expect(demuxer.report.damagedPes).toBeGreaterThan(0);
  });

  it('counts damaged units and goes on: sets, messages, Opus headers, ADTS frames', () => {
    const video = new RawStream()
      .tables([stream(0x1b)])
      .pes(0x100, annexB(aud, fromHex('67ff'), pps, idr(0)), 0)
      .pes(0x100, annexB(aud, sps, pps, idr(1)), 3600);
    expect(demux(video.bytes).frames).toHaveLength(1);
    expect(demux(video.bytes).report.damagedUnits).toBeGreaterThan(0);

    const opus = new RawStream()
      .tables([stream(6, 0x100, [registrationOf('Opus')])])
      .pes(0x100, fromHex('7fe0ff'), 0, 0, 0xbd)
      .pes(0x100, fromHex('123456'), 0, 0, 0xbd)
      .pes(0x100, concat([fromHex('7fe00a'), opusFrame(0, 10).data]), 0, 0, 0xbd);
    expect(demux(opus.bytes).frames).toHaveLength(1);
    expect(demux(opus.bytes).report.damagedUnits).toBe(2);

    const aac = new RawStream().tables([stream(0x0f)]).pes(0x100, new Uint8Array(500).fill(0xff), 0, 0, 0xc0);
    expect(demux(aac.bytes).report.damagedUnits).toBe(1);
  });

  it('goes on over a jump of the PCR and of all times', () => {
    const frames = [...program({ seconds: 1 }), ...program({ seconds: 1, start: 8_000_000 })];

    expect(demux(ts(frames)).frames).toHaveLength(frames.length);
  });
});

describe('fuzz inputs that broke somebody', () => {
  const root = new URL('../../../../../shared/corpora/mediacommon', import.meta.url).pathname;
  const folders = existsSync(root)
    ? readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    : [];

  it.skipIf(folders.length === 0)('are refused with ProtocolError or counted, alone and inside good packets', () => {
    const wrap = (type: number, es: Uint8Array): Uint8Array =>
      new RawStream()
        .tables([stream(type, 0x100, [registrationOf('Opus')])])
        .pes(0x100, es, 0)
        .pes(0x100, es, 3600).bytes;
    for (const entry of folders) {
      const bytes = readFileSync(join(entry.parentPath, entry.name));
      if (bytes.length === 0) continue;
      const inputs = [bytes, ...[0x1b, 0x24, 0x0f, 0x03, 0x81, 0x06].map((type) => wrap(type, bytes))];
      for (const input of inputs) {
        const demuxer = new TsDemuxer(defaultLimits);
        try {
          demuxer.push(input);
          demuxer.end();
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }
    }
  });
});

it('the fixture of tracks is the one of the builders', () => {
  expect([h264Track.id, aacTrack.id]).toEqual([0, 256]);
  expect(picture({ at: 0 }).track).toBe(h264Track);
});
