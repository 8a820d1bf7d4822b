// NAL units as H.264 and H.265 share them: start codes, length prefixes and emulation prevention. Knows no NAL type.
import { BitReader } from '../base/bits.ts';
import { maxUnits } from './bounds.ts';
import { codecErrors } from './errors.ts';

/** Bytes of the length in front of each NAL unit; the canonical form of docs/codecs.md has 4. */
export type LengthSize = 1 | 2 | 4;

/**
 * Views of the NAL units of length-prefixed data (ISO 14496-15 §5.3.2). Units of size 0, which some encoders send,
 * are left out.
 *
 * Errors: CODEC_UNIT for a length beyond the end or more than `maxUnits` units.
 */
export function splitLengthPrefixed(data: Uint8Array, lengthSize: LengthSize = 4): Uint8Array[] {
  const nals: Uint8Array[] = [];
  let at = 0;
  while (at < data.length) {
    const start = at + lengthSize;
    const end = start + nalLength(data, at, lengthSize);
    if (end > start) add(nals, data.subarray(start, end));
    at = end;
  }
  return nals;
}

/** The length at `at`; throws CODEC_UNIT when it, or the unit behind it, goes beyond the end. */
export function nalLength(data: Uint8Array, at: number, lengthSize: LengthSize = 4): number {
  const start = at + lengthSize;
  if (start > data.length) throw damaged('the length is cut');
  let length = 0;
  for (let i = at; i < start; i++) length = length * 256 + (data[i] as number);
  if (length > data.length - start) throw damaged(`length ${length} with ${data.length - start} bytes left`);
  return length;
}

/**
 * Views of the NAL units of a byte stream with start codes (H.264 Annex B, H.265 Annex B). Zero bytes behind a unit
 * are not part of it, and empty units are left out.
 *
 * Errors: CODEC_UNIT when the data does not begin with a start code, or for more than `maxUnits` units.
 */
export function splitAnnexB(data: Uint8Array): Uint8Array[] {
  const nals: Uint8Array[] = [];
  let code = findStartCode(data, 0);
  if (endWithoutZeros(data, 0, code) > 0 || code === data.length) throw damaged('no start code at the beginning');
  while (code < data.length) {
    const next = findStartCode(data, code + 3);
    const end = endWithoutZeros(data, code + 3, next);
    if (end > code + 3) add(nals, data.subarray(code + 3, end));
    code = next;
  }
  return nals;
}

/** The offset of the next 00 00 01 from `from` on, or the size of the data. */
export function findStartCode(data: Uint8Array, from: number): number {
  let at = from + 2;
  while (at < data.length) {
    const byte = data[at] as number;
    // A byte above 1 at the place of the 01 cannot be part of a start code: three bytes are done at once.
    if (byte > 1) at += 3;
    else if (byte === 0) at += 1;
    else if (data[at - 1] === 0 && data[at - 2] === 0) return at - 2;
    else at += 3;
  }
  return data.length;
}

/** One array of the units, each with a 4-byte length in front. */
export function joinLengthPrefixed(nals: readonly Uint8Array[]): Uint8Array {
  return join(nals, (out, at, size) => {
    out[at] = size >>> 24;
    out[at + 1] = size >>> 16;
    out[at + 2] = size >>> 8;
    out[at + 3] = size;
  });
}

/** One array of the units, each with the 4-byte start code in front. */
export function joinAnnexB(nals: readonly Uint8Array[]): Uint8Array {
  return join(nals, (out, at) => {
    out[at + 3] = 1;
  });
}

/** Start codes to 4-byte lengths; copies. */
export const annexBToLengthPrefixed = (data: Uint8Array): Uint8Array => joinLengthPrefixed(splitAnnexB(data));

/** Lengths of any size to start codes; copies. */
export const lengthPrefixedToAnnexB = (data: Uint8Array, lengthSize: LengthSize = 4): Uint8Array =>
  joinAnnexB(splitLengthPrefixed(data, lengthSize));

/** Lengths of `lengthSize` to the canonical 4 bytes; data that has them already is returned itself, unchecked. */
export const widenLengths = (data: Uint8Array, lengthSize: LengthSize): Uint8Array =>
  lengthSize === 4 ? data : joinLengthPrefixed(splitLengthPrefixed(data, lengthSize));

/**
 * The RBSP of a NAL unit: without the emulation prevention bytes, 00 00 03 -> 00 00 (H.264 §7.3.1). Returns the unit
 * itself when it has none.
 */
export function unescapeNal(nal: Uint8Array): Uint8Array {
  let from = findEmulation(nal, 0);
  if (from === nal.length) return nal;
  const out = new Uint8Array(nal.length - 1);
  let start = 0;
  let size = 0;
  while (start < nal.length) {
    out.set(nal.subarray(start, from), size);
    size += from - start;
    start = from + 1;
    from = findEmulation(nal, start);
  }
  return out.subarray(0, size);
}

/** The offset of the next 03 behind two zero bytes, which both lie at or behind `from`; or the size of the unit. */
function findEmulation(nal: Uint8Array, from: number): number {
  let zeros = 0;
  for (let at = from; at < nal.length; at++) {
    const byte = nal[at];
    if (byte === 3 && zeros >= 2) return at;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  return nal.length;
}

/** What a configuration record can hold of one parameter set; nothing that anybody reads lies behind it. */
const maxSetSize = 0xffff;

/** The bits of a parameter set behind its header, of at most 64 KiB: a unit of many MiB is not unescaped for it. */
export const parameterSetBits = (nal: Uint8Array, headerSize: 1 | 2): BitReader =>
  new BitReader(unescapeNal(nal.subarray(0, maxSetSize)).subarray(headerSize));

/** The inverse of `unescapeNal`: puts 03 where two zero bytes are followed by 00 to 03 or by the end. */
export function escapeNal(rbsp: Uint8Array): Uint8Array {
  // Two of three bytes zero is the worst: one byte more for every two.
  const out = new Uint8Array(rbsp.length + (rbsp.length >> 1));
  let size = 0;
  let zeros = 0;
  for (const byte of rbsp) {
    if (zeros === 2 && byte <= 3) {
      out[size++] = 3;
      zeros = 0;
    }
    out[size++] = byte;
    zeros = byte === 0 ? zeros + 1 : 0;
  }
  if (zeros === 2) out[size++] = 3;
  return out.subarray(0, size);
}

function join(nals: readonly Uint8Array[], mark: (out: Uint8Array, at: number, size: number) => void): Uint8Array {
  let size = 0;
  for (const nal of nals) size += 4 + nal.length;
  const out = new Uint8Array(size);
  let at = 0;
  for (const nal of nals) {
    mark(out, at, nal.length);
    out.set(nal, at + 4);
    at += 4 + nal.length;
  }
  return out;
}

function endWithoutZeros(data: Uint8Array, start: number, end: number): number {
  let at = end;
  while (at > start && data[at - 1] === 0) at--;
  return at;
}

function add(nals: Uint8Array[], nal: Uint8Array): void {
  if (nals.length >= maxUnits) throw damaged(`more than ${maxUnits} units in one frame`);
  nals.push(nal);
}

const damaged = (what: string) => codecErrors.protocol('UNIT', { codec: 'NAL', what });
