// Open bitstream units of AV1 (AV1 §5.3) in the low-overhead format (§5.2): header, leb128 size, payload.
import { maxUnits } from '../bounds.ts';
import { codecErrors } from '../errors.ts';

/** obu_type, §6.2.2. */
export const obuType = {
  sequenceHeader: 1,
  temporalDelimiter: 2,
  frameHeader: 3,
  tileGroup: 4,
  metadata: 5,
  frame: 6,
  redundantFrameHeader: 7,
  tileList: 8,
  padding: 15,
} as const;

/** One open bitstream unit. */
export interface Obu {
  readonly type: number;
  readonly temporalId: number;
  readonly spatialId: number;
  /** Whether the unit says its own size; the last one of a frame, and those in RTP, need not. */
  readonly hasSize: boolean;
  /** The whole unit, header included: a view. */
  readonly bytes: Uint8Array;
  /** What follows header and size: a view. */
  readonly payload: Uint8Array;
}

/** The unit at `at`. One without a size ends at the end of the data. Errors: CODEC_UNIT. */
export function parseObu(data: Uint8Array, at = 0): Obu {
  const head = data[at];
  // obu_forbidden_bit.
  if (head === undefined || (head & 0x80) !== 0) throw damaged(`header ${head ?? 'missing'}`);
  const extended = (head & 4) !== 0;
  const extension = extended ? data[at + 1] : 0;
  if (extension === undefined) throw damaged('the extension is cut');
  const hasSize = (head & 2) !== 0;
  const sizeAt = at + (extended ? 2 : 1);
  const size = hasSize ? parseLeb128(data, sizeAt) : { value: data.length - sizeAt, end: sizeAt };
  if (size.value > data.length - size.end) {
    throw damaged(`size ${size.value} with ${data.length - size.end} bytes left`);
  }
  const end = size.end + size.value;
  return {
    type: (head >> 3) & 15,
    temporalId: extension >> 5,
    spatialId: (extension >> 3) & 3,
    hasSize,
    bytes: data.subarray(at, end),
    payload: data.subarray(size.end, end),
  };
}

/** The units of a temporal unit. Errors: CODEC_UNIT, also for more than `maxUnits`. */
export function splitObus(data: Uint8Array): Obu[] {
  const obus: Obu[] = [];
  let at = 0;
  while (at < data.length) {
    if (obus.length >= maxUnits) throw damaged(`more than ${maxUnits} units in one frame`);
    const obu = parseObu(data, at);
    obus.push(obu);
    at += obu.bytes.length;
  }
  return obus;
}

/** A leb128 value below 2^32 in at most 8 bytes (§4.10.5), and the offset behind it. Errors: CODEC_UNIT. */
export function parseLeb128(data: Uint8Array, at: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let i = 0; i < 8; i++) {
    const byte = data[at + i];
    if (byte === undefined) throw damaged('a leb128 value is cut');
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (value > 0xffff_ffff) break;
    if ((byte & 0x80) === 0) return { value, end: at + i + 1 };
  }
  throw damaged('a leb128 value is above 32 bits');
}

/** The shortest leb128 form of a value below 2^32. */
export function writeLeb128(value: number): Uint8Array {
  const bytes: number[] = [];
  let left = value;
  do {
    bytes.push((left % 128) | (left >= 128 ? 0x80 : 0));
    left = Math.floor(left / 128);
  } while (left > 0);
  return Uint8Array.from(bytes);
}

/** The unit with a size field: itself when it has one, else a copy. */
export function withSize(obu: Obu): Uint8Array {
  if (obu.hasSize) return obu.bytes;
  const headSize = obu.bytes.length - obu.payload.length;
  const size = writeLeb128(obu.payload.length);
  const out = new Uint8Array(obu.bytes.length + size.length);
  out.set(obu.bytes.subarray(0, headSize));
  out[0] = (obu.bytes[0] as number) | 2;
  out.set(size, headSize);
  out.set(obu.payload, headSize + size.length);
  return out;
}

const damaged = (what: string) => codecErrors.protocol('UNIT', { codec: 'av1', what });
