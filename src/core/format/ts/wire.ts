// Fields and constants of transport stream packets (ISO 13818-1 §2.4.3).
import { fromTicks, type Micros, toTicks } from '../../base/time.ts';

/** Of each packet, and the first one of it. */
export const PACKET_BYTES = 188;
export const SYNC_BYTE = 0x47;
export const NULL_PID = 0x1fff;
/** Bytes of a packet behind its 4-byte header. */
export const ROOM = 184;

/** PTS and DTS count at 90 kHz, and so does the base of the PCR. */
export const TS_RATE = 90_000;
/** The range of PTS, DTS and the PCR base: 33 bits, 26.5 h. */
export const TIME_RANGE = 2 ** 33;

/** stream_type in the PMT (ISO 13818-1 table 2-34; ATSC A/53 for 0x81 and 0x87). */
export const streamType = {
  mpeg1Audio: 0x03,
  mpeg2Audio: 0x04,
  privateData: 0x06,
  adts: 0x0f,
  latm: 0x11,
  h264: 0x1b,
  h265: 0x24,
  ac3: 0x81,
  eac3: 0x87,
} as const;

/** Media time to ticks of 90 kHz, not wrapped. */
export const ticksOf = (time: Micros): number => toTicks(time, TS_RATE);

/** Ticks of 90 kHz to media time. */
export const timeOf = (ticks: number): Micros => fromTicks(ticks, TS_RATE);

/** Into the 33 bits of the wire; also negative ticks. */
export const wrapTicks = (ticks: number): number => ((ticks % TIME_RANGE) + TIME_RANGE) % TIME_RANGE;

/** The signed distance `a - b` of two wire times: at most half the range. */
export function tickDistance(a: number, b: number): number {
  const step = wrapTicks(a - b);
  return step >= TIME_RANGE / 2 ? step - TIME_RANGE : step;
}

/** Writes a 33-bit time with its marker bits in 5 bytes (§2.4.3.6); `prefix` is 2 (PTS alone), 3 (PTS) or 1 (DTS). */
export function writeTimestamp(target: Uint8Array, at: number, prefix: number, ticks: number): void {
  const wire = wrapTicks(ticks);
  const high = Math.floor(wire / 2 ** 30);
  const low = wire % 2 ** 30;
  target[at] = (prefix << 4) | (high << 1) | 1;
  target[at + 1] = low >>> 22;
  target[at + 2] = (low >>> 14) | 1;
  target[at + 3] = low >>> 7;
  target[at + 4] = (low << 1) | 1;
}

/** Reads what `writeTimestamp` writes; marker bits are not checked, since encoders forget them. */
export function readTimestamp(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at] as number) >> 1) & 7;
  const middle = (((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)) >> 1;
  const low = (((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number)) >> 1;
  return high * 2 ** 30 + middle * 2 ** 15 + low;
}

/** Writes a PCR of which only the base counts, in 6 bytes (§2.4.3.5). */
export function writePcr(target: Uint8Array, at: number, ticks: number): void {
  const base = wrapTicks(ticks);
  const high = Math.floor(base / 2);
  target[at] = high >>> 24;
  target[at + 1] = high >>> 16;
  target[at + 2] = high >>> 8;
  target[at + 3] = high;
  target[at + 4] = ((base % 2) << 7) | 0x7e;
  target[at + 5] = 0;
}

/** The PCR at `at` in units of 27 MHz. */
export function readPcr(bytes: Uint8Array, at: number): number {
  const high =
    (((bytes[at] as number) << 24) |
      ((bytes[at + 1] as number) << 16) |
      ((bytes[at + 2] as number) << 8) |
      (bytes[at + 3] as number)) >>>
    0;
  const fifth = bytes[at + 4] as number;
  const extension = ((fifth & 1) << 8) | (bytes[at + 5] as number);
  return (high * 2 + (fifth >> 7)) * 300 + extension;
}

/** Reading a packet's header. `at` is the position of its sync byte. */
export const pidOf = (bytes: Uint8Array, at: number): number =>
  (((bytes[at + 1] as number) & 0x1f) << 8) | (bytes[at + 2] as number);

/** What the adaptation field of a packet says, and where its payload begins. */
export interface Adaptation {
  /** Offset of the payload from the sync byte; 188 when there is none; -1 when the field is longer than the packet. */
  payload: number;
  discontinuity: boolean;
  randomAccess: boolean;
  /** 27 MHz; -1 when there is none. */
  pcr: number;
}

/** Reads the adaptation field of the packet at `at` into `into`, which is reused from packet to packet. */
export function readAdaptation(bytes: Uint8Array, at: number, into: Adaptation): Adaptation {
  const control = ((bytes[at + 3] as number) >> 4) & 3;
  into.discontinuity = false;
  into.randomAccess = false;
  into.pcr = -1;
  into.payload = control === 1 ? 4 : PACKET_BYTES;
  if (control < 2) return into;
  const length = bytes[at + 4] as number;
  // 183 without payload, at most 182 with it; what is above lies (§2.4.3.5).
  if (length > (control === 2 ? 183 : 182)) {
    into.payload = -1;
    return into;
  }
  if (control === 3) into.payload = 5 + length;
  if (length === 0) return into;
  const flags = bytes[at + 5] as number;
  into.discontinuity = (flags & 0x80) !== 0;
  into.randomAccess = (flags & 0x40) !== 0;
  if ((flags & 0x10) !== 0 && length >= 7) into.pcr = readPcr(bytes, at + 6);
  return into;
}
