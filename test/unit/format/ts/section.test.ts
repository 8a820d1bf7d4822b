// PAT and PMT: values, bytes, and sections across packets.
import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../../../../src/core/base/bytes.ts';
import { crc32 } from '../../../../src/core/format/ts/crc.ts';
import { writeSection } from '../../../../src/core/format/ts/packetise.ts';
import {
  type ElementaryStream,
  readPat,
  readPmt,
  readSectionHead,
  registration,
  registrationOf,
  writePat,
  writePmt,
} from '../../../../src/core/format/ts/psi.ts';
import { SectionReader } from '../../../../src/core/format/ts/section.ts';
import { chopAtRandom } from '../../../tools/chop.ts';
import { SeedRng } from '../../../tools/fakes.ts';

const counts = () => ({ crcErrors: 0, damagedSections: 0 });

const streams = (count: number): ElementaryStream[] =>
  Array.from({ length: count }, (_, i) => ({ type: 0x1b, pid: 0x100 + i, descriptors: [registrationOf('HEVC')] }));

/** Payloads of packets that carry these bytes, the first with its pointer. */
function payloads(bytes: Uint8Array, pointer = 0): { bytes: Uint8Array; start: boolean }[] {
  const all = concat([Uint8Array.of(pointer), bytes]);
  const pieces: { bytes: Uint8Array; start: boolean }[] = [];
  for (let at = 0; at < all.length; at += 184) pieces.push({ bytes: all.slice(at, at + 184), start: at === 0 });
  return pieces;
}

const read = (reader: SectionReader, pieces: readonly { bytes: Uint8Array; start: boolean }[]): Uint8Array[] =>
  pieces.flatMap(({ bytes, start }) => reader.push(bytes, 0, bytes.length, start));

/** A section with a right CRC around any body. */
function section(length: number, fill = 0x11): Uint8Array {
  const bytes = new Uint8Array(length + 3).fill(fill);
  bytes.set([2, 0xb0 | (length >> 8), length]);
  new DataView(bytes.buffer).setUint32(length - 1, crc32(bytes, 0, length - 1));
  return bytes;
}

describe('PAT and PMT', () => {
  it('have the bytes of the specification', () => {
    expect(toHex(writePat(0, [{ program: 1, pid: 0x1000 }]))).toBe('00b00d0001c100000001f0002ab104b2');
  });

  it('come back', () => {
    const pat = writePat(3, [
      { program: 0, pid: 0x10 },
      { program: 7, pid: 0x1fff },
    ]);
    const map = { program: 7, version: 31, pcrPid: 0x101, streams: streams(3) };

    expect(readSectionHead(pat)).toMatchObject({ tableId: 0, version: 3, current: true, section: 0, lastSection: 0 });
    expect(readPat(pat)).toEqual([
      { program: 0, pid: 0x10 },
      { program: 7, pid: 0x1fff },
    ]);
    expect(readPmt(writePmt(map))).toEqual(map);
    expect(registration(map.streams[0] as ElementaryStream)).toBe('HEVC');
  });

  it('refuse a PMT whose inner lengths are longer than itself with BYTES_SHORT', () => {
    const pmt = writePmt({ program: 1, version: 0, pcrPid: 1, streams: streams(1) });
    pmt[15] = 0xff;

    expect(() => readPmt(pmt)).toThrow(expect.objectContaining({ code: 'BYTES_SHORT' }));
  });
});

describe('SectionReader', () => {
  it('puts a section of several packets together', () => {
    const pmt = writePmt({ program: 1, version: 0, pcrPid: 0x100, streams: streams(80) });
    const reader = new SectionReader(counts());

    expect(pmt.length).toBeGreaterThan(800);
    expect(read(reader, payloads(pmt)).map(toHex)).toEqual([toHex(pmt)]);
  });

  it('reads several sections of one packet, and one that begins behind the end of another', () => {
    const [a, b] = [section(40, 1), section(300, 2)];
    const c = section(50, 3);
    const reader = new SectionReader(counts());
    const first = payloads(concat([a, b]));
    // The second packet has the rest of b, and its pointer leads behind it to c.
    const rest = concat([a, b]).length - 183;
    const second = { bytes: concat([Uint8Array.of(rest), concat([a, b]).slice(183), c]), start: true };
    second.bytes = concat([second.bytes, new Uint8Array(Math.max(0, 184 - second.bytes.length)).fill(0xff)]);

    const found = read(reader, [first[0] as { bytes: Uint8Array; start: boolean }, second]);

    expect(found.map(toHex)).toEqual([a, b, c].map(toHex));
  });

  it('reads the longest section and refuses longer ones', () => {
    const seen = counts();
    const reader = new SectionReader(seen);

    expect(read(reader, payloads(section(1021)))).toHaveLength(1);
    expect(read(reader, payloads(section(1022)))).toHaveLength(0);
    expect(read(reader, payloads(section(4093)))).toHaveLength(0);
    expect(seen.damagedSections).toBe(2);
    expect(read(reader, payloads(section(30)))).toHaveLength(1);
  });

  it.each([
    { name: 'a wrong CRC', damage: (bytes: Uint8Array) => void (bytes[20] = 0), crc: 1, damaged: 0 },
    { name: 'a section shorter than its head', damage: (bytes: Uint8Array) => void (bytes[2] = 8), crc: 0, damaged: 1 },
  ])('counts $name', ({ damage, crc, damaged }) => {
    const seen = counts();
    const bytes = section(60);
    damage(bytes);

    expect(read(new SectionReader(seen), payloads(bytes)).length).toBe(0);
    expect(seen.crcErrors).toBe(crc);
    expect(seen.damagedSections).toBeGreaterThanOrEqual(damaged);
  });

  it('counts a pointer beyond the packet, and a section that another interrupts', () => {
    const seen = counts();
    const reader = new SectionReader(seen);

    reader.push(Uint8Array.of(200, 1, 2), 0, 3, true);
    read(reader, payloads(section(500)).slice(0, 1));
    expect(read(reader, payloads(section(30)))).toHaveLength(1);
    expect(seen.damagedSections).toBe(2);
  });

  it('waits for a start after a reset', () => {
    const reader = new SectionReader(counts());
    const [first, ...rest] = payloads(section(500));

    read(reader, [first as { bytes: Uint8Array; start: boolean }]);
    reader.reset();
    expect(read(reader, rest)).toHaveLength(0);
  });

  it('survives noise with a bounded memory', () => {
    const rng = new SeedRng(5);
    const reader = new SectionReader(counts());
    for (let i = 0; i < 3000; i++) {
      for (const piece of chopAtRandom(rng.bytes(184), rng, 184))
        reader.push(piece, 0, piece.length, rng.below(2) === 0);
    }
    reader.reset();

    expect(read(reader, payloads(section(30)))).toHaveLength(1);
  });
});

describe('writeSection', () => {
  it('pads with 0xff to whole packets and counts on', () => {
    const to = { pid: 0x1000, continuity: 14 };
    const out = new Uint8Array(188 * 3);

    expect(writeSection(out, 0, to, section(300))).toBe(376);
    expect(to.continuity).toBe(0);
    expect([out[1], out[189]]).toEqual([0x50, 0x10]);
    expect([out[3], out[191]]).toEqual([0x1f, 0x10]);
    expect(out.subarray(4 + 1 + 303 - 183 + 188, 376).every((byte) => byte === 0xff)).toBe(true);
  });
});
