// NAL units of H.265 by their two header bytes (H.265 §7.3.1.2, table 7-1).
import { nalLength } from '../nal.ts';

/** nal_unit_type. 0 to 31 are slices, 16 to 23 of them intra random access pictures. */
export const nalType = {
  blaWLp: 16,
  idrWRadl: 19,
  idrNLp: 20,
  cra: 21,
  vps: 32,
  sps: 33,
  pps: 34,
  accessUnitDelimiter: 35,
  endOfSequence: 36,
  endOfBitstream: 37,
  filler: 38,
  prefixSei: 39,
  suffixSei: 40,
} as const;

/** An access unit delimiter that allows every slice type (§7.4.3.5). */
export const accessUnitDelimiter: Uint8Array = Uint8Array.of(0x46, 0x01, 0x50);

/** nal_unit_type; 63, which means nothing, for an empty unit. */
export const nalTypeOf = (nal: Uint8Array): number => (nal.length === 0 ? 63 : ((nal[0] as number) >> 1) & 0x3f);

/** Coded slice data. */
export const isSlice = (type: number): boolean => type < 32;

/** Intra random access point: BLA, IDR, CRA and the two reserved types; a decoder may start there. */
export const isIrap = (type: number): boolean => type >= 16 && type <= 23;

/**
 * Whether the first slice of the frame (units with 4-byte lengths) is of an IRAP picture; all slices of a picture
 * have one type (§7.4.2.2).
 *
 * Errors: CODEC_UNIT when the units before the first slice are damaged.
 */
export function isKeyFrame(data: Uint8Array): boolean {
  let at = 0;
  while (at < data.length) {
    const size = nalLength(data, at);
    const type = size === 0 ? 63 : ((data[at + 4] as number) >> 1) & 0x3f;
    if (isSlice(type)) return isIrap(type);
    at += 4 + size;
  }
  return false;
}
