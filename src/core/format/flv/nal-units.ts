// Length-prefixed NAL units: the checks and conversions that make avcC, hvcC and their frames canonical.
import { ByteReader } from '../../base/bytes.ts';
import { ProtocolError } from '../../base/errors.ts';
import { maxUnits } from '../../codec/bounds.ts';
import { joinLengthPrefixed } from '../../codec/nal.ts';
import { u32 } from './ex-header.ts';

export interface ParameterRecord {
  /** The record with a length size of 4. Owned by the caller. */
  readonly config: Uint8Array;
  /** Bytes of each NAL unit's length in the frames as they come: 1 to 4. */
  readonly lengthSize: number;
}

/** Reads an avcC (ISO 14496-15 §5.3.3.1); undefined when it is damaged or has no SPS or PPS. */
export const readAvcRecord = (bytes: Uint8Array): ParameterRecord | undefined =>
  bytes[0] === 1 ? readRecord(bytes, 4, avcHasSets) : undefined;

/** Reads an hvcC (ISO 14496-15 §8.3.3.1); undefined when it is damaged or has no SPS or PPS. */
export const readHevcRecord = (bytes: Uint8Array): ParameterRecord | undefined =>
  // Encoders of before 2014 wrote version 0.
  bytes[0] === 0 || bytes[0] === 1 ? readRecord(bytes, 21, hevcHasSets) : undefined;

function readRecord(
  bytes: Uint8Array,
  lengthAt: number,
  hasSets: (reader: ByteReader) => boolean,
): ParameterRecord | undefined {
  try {
    if (!hasSets(new ByteReader(bytes))) return undefined;
  } catch (error) {
    // Counted by the caller as FLV_VIDEO_CONFIG.
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
  const config = bytes.slice();
  const lengths = config[lengthAt] as number;
  config[lengthAt] = lengths | 3;
  return { config, lengthSize: (lengths & 3) + 1 };
}

function avcHasSets(reader: ByteReader): boolean {
  reader.skip(5);
  return skipUnits(reader, reader.u8() & 0x1f) && skipUnits(reader, reader.u8());
}

const HEVC_SPS = 33;
const HEVC_PPS = 34;

function hevcHasSets(reader: ByteReader): boolean {
  reader.skip(22);
  const arrays = reader.u8();
  let sps = false;
  let pps = false;
  for (let i = 0; i < arrays; i++) {
    const type = reader.u8() & 0x3f;
    const filled = skipUnits(reader, reader.u16());
    if (type === HEVC_SPS) sps = filled;
    if (type === HEVC_PPS) pps = filled;
  }
  return sps && pps;
}

/** False when there is none, or one that is empty. */
function skipUnits(reader: ByteReader, count: number): boolean {
  let filled = count > 0;
  for (let i = 0; i < count; i++) {
    const size = reader.u16();
    if (size === 0) filled = false;
    reader.skip(size);
  }
  return filled;
}

/**
 * The end of the last whole NAL unit of 4-byte lengths in `bytes` from `start`; `start` when no unit has a byte, or when
 * there are more than any level allows.
 */
export function endOfUnits(bytes: Uint8Array, start: number): number {
  const end = bytes.length;
  let at = start;
  let units = 0;
  let filled = false;
  while (end - at >= 4) {
    const size = u32(bytes, at);
    if (size > end - at - 4) break;
    if (++units > maxUnits) return start;
    if (size > 0) filled = true;
    at += 4 + size;
  }
  return filled ? at : start;
}

/** Whether the data begins with a start code: no NAL unit of one byte begins a frame. */
export const startsWithStartCode = (bytes: Uint8Array, start: number): boolean =>
  bytes.length >= start + 4 && u32(bytes, start) === 1;

/**
 * The units of `bytes` from `start`, whose lengths have `lengthSize` bytes (1 to 3), with lengths of 4 bytes, in a new
 * array; what is behind the last whole unit is left out, and so are empty units.
 */
export function widen(bytes: Uint8Array, start: number, lengthSize: number): Uint8Array {
  const units: Uint8Array[] = [];
  const end = bytes.length;
  let at = start;
  while (end - at >= lengthSize && units.length <= maxUnits) {
    let size = 0;
    for (let i = 0; i < lengthSize; i++) size = size * 256 + (bytes[at + i] as number);
    at += lengthSize;
    if (size > end - at) break;
    if (size > 0) units.push(bytes.subarray(at, at + size));
    at += size;
  }
  return units.length > maxUnits ? new Uint8Array(0) : joinLengthPrefixed(units);
}
