// A temporal unit of AV1 in the canonical form of docs/codecs.md, and whether a decoder may start at it.
import { concat } from '../../base/bytes.ts';
import { maxUnits } from '../bounds.ts';
import { type Obu, obuType, parseObu, splitObus, withSize } from './obu.ts';

/**
 * The temporal unit without temporal delimiters, and every unit with its size, as ISOBMFF and E-RTMP want it. Data
 * that is so already is returned itself. Errors: CODEC_UNIT.
 */
export function toCanonical(data: Uint8Array): Uint8Array {
  const obus = splitObus(data);
  if (obus.every((obu) => obu.hasSize && obu.type !== obuType.temporalDelimiter)) return data;
  return joinObus(obus.filter((obu) => obu.type !== obuType.temporalDelimiter));
}

/** One array of the units, each with its size. */
export function joinObus(obus: readonly Obu[]): Uint8Array {
  return obus.length === 0 ? new Uint8Array(0) : concat(obus.map(withSize));
}

/**
 * Whether the first frame of the temporal unit is a key frame that is shown (§5.9.2). A shown existing key frame
 * (§7.21) is not one here: whether it is needs the decoder's state.
 *
 * Errors: CODEC_UNIT when the units before the first frame are damaged.
 */
export function isKeyFrame(data: Uint8Array): boolean {
  let reduced = false;
  let at = 0;
  for (let i = 0; i < maxUnits && at < data.length; i++) {
    const obu = parseObu(data, at);
    // reduced_still_picture_header: its frame headers have no type, all are key frames.
    if (obu.type === obuType.sequenceHeader) reduced = ((obu.payload[0] ?? 0) & 0x08) !== 0;
    if (obu.type === obuType.frame || obu.type === obuType.frameHeader) {
      // show_existing_frame 0, frame_type 00 (KEY_FRAME), show_frame 1.
      return reduced || (obu.payload.length > 0 && (obu.payload[0] as number) >> 4 === 0b0001);
    }
    at += obu.bytes.length;
  }
  return false;
}

/** A temporal delimiter with its size field, for formats that want one in front of each temporal unit. */
export const temporalDelimiter: Uint8Array = Uint8Array.of(0x12, 0x00);
