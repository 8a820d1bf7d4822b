// NAL units of H.264 by their header byte (H.264 §7.3.1, table 7-1), and what a frame's units say about it.
import { BitReader } from '../../base/bits.ts';
import { within } from '../bounds.ts';
import { nalLength, splitLengthPrefixed, unescapeNal } from '../nal.ts';

/** nal_unit_type. */
export const nalType = {
  slice: 1,
  partitionA: 2,
  idr: 5,
  sei: 6,
  sps: 7,
  pps: 8,
  accessUnitDelimiter: 9,
  endOfSequence: 10,
  endOfStream: 11,
  filler: 12,
  spsExtension: 13,
  prefix: 14,
  subsetSps: 15,
} as const;

/** An access unit delimiter that allows every slice type (§7.4.2.4). */
export const accessUnitDelimiter: Uint8Array = Uint8Array.of(0x09, 0xf0);

/** nal_unit_type, 0 for an empty unit. */
export const nalTypeOf = (nal: Uint8Array): number => (nal[0] ?? 0) & 0x1f;

/** Coded slice data, which ends the search for what comes before the picture. */
export const isSlice = (type: number): boolean => type >= nalType.slice && type <= nalType.idr;

/**
 * Whether a decoder may start at this frame (units with 4-byte lengths): an IDR picture, or one with a recovery point
 * SEI message, because broadcasts with open GOPs and intra-refresh encoders send no second IDR picture.
 *
 * Errors: CODEC_UNIT, BITS_SHORT, CODEC_RANGE when the units before the first slice are damaged.
 */
export function isKeyFrame(data: Uint8Array): boolean {
  let at = 0;
  while (at < data.length) {
    const size = nalLength(data, at);
    const start = at + 4;
    const type = size === 0 ? 0 : (data[start] as number) & 0x1f;
    if (type === nalType.sei && recoveryFrameCount(data.subarray(start, start + size)) !== undefined) return true;
    if (isSlice(type)) return type === nalType.idr;
    at = start + size;
  }
  return false;
}

/** Whether the frame (units with 4-byte lengths) has an IDR slice. */
export const hasIdr = (data: Uint8Array): boolean =>
  splitLengthPrefixed(data).some((nal) => nalTypeOf(nal) === nalType.idr);

/**
 * recovery_frame_cnt of the recovery point message in an SEI unit (§D.1.8): how many frames after this one the picture
 * is right. Undefined when the unit has none. Errors: BITS_SHORT, BITS_GOLOMB, CODEC_RANGE.
 */
export function recoveryFrameCount(sei: Uint8Array): number | undefined {
  for (const message of seiMessages(sei)) {
    if (message.type !== seiType.recoveryPoint || message.payload.length === 0) continue;
    // MaxFrameNum - 1 is at most 65535.
    return within('h264', 'recovery_frame_cnt', new BitReader(message.payload).ue(), 0, 65_535);
  }
  return undefined;
}

/** payloadType of SEI messages that somebody looks for. */
export const seiType = { pictureTiming: 1, userDataRegistered: 4, userDataUnregistered: 5, recoveryPoint: 6 } as const;

/** One message of an SEI unit, its payload without emulation prevention. */
export interface SeiMessage {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** Encoders send fewer than ten in one unit. */
const maxSeiMessages = 256;

/** The messages of an SEI unit (§7.3.2.3.1); a message that goes beyond the end of the unit ends the list. */
export function seiMessages(sei: Uint8Array): SeiMessage[] {
  const rbsp = unescapeNal(sei);
  const messages: SeiMessage[] = [];
  let at = 1;
  // Two bytes of message at least; the last byte is the trailing bit.
  while (at + 2 < rbsp.length && messages.length < maxSeiMessages) {
    let type = 0;
    while (rbsp[at] === 0xff) {
      type += 255;
      at++;
    }
    type += rbsp[at++] ?? 0;
    let size = 0;
    while (rbsp[at] === 0xff) {
      size += 255;
      at++;
    }
    size += rbsp[at++] ?? 0;
    if (at + size > rbsp.length) break;
    messages.push({ type, payload: rbsp.subarray(at, at + size) });
    at += size;
  }
  return messages;
}
