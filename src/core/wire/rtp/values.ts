// What the elements of header extensions say.
import { MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import { uint16 } from './packet.ts';

/** RFC 6464 §3. */
export interface AudioLevel {
  /** The sender believes that somebody speaks. */
  readonly voice: boolean;
  /** 0: the loudest, to -127: silence; in dBov. */
  readonly levelDb: number;
}

/** Undefined for an empty element; later bytes are padding of the two-byte form. */
export function parseAudioLevel(element: Uint8Array): AudioLevel | undefined {
  const byte = element[0];
  return byte === undefined ? undefined : { voice: (byte & 0x80) !== 0, levelDb: byte === 0x80 ? 0 : -(byte & 0x7f) };
}

const decoder = new TextDecoder();

/**
 * A MID, RID or repaired RID (RFC 9143 §15, RFC 8852 §3.3). Undefined for what cannot be one: letters, digits and the signs of
 * a token, 1 to 32 of them.
 */
export function parseSourceText(element: Uint8Array): string | undefined {
  if (element.length === 0 || element.length > 32) return undefined;
  const text = decoder.decode(element);
  return /^[\w!#$%&'*+.^`{|}~-]+$/.test(text) ? text : undefined;
}

/** Chromium's abs-send-time: 24 bits, of which 18 are fractions of a second; it wraps after 64 s. */
const SEND_TIME_UNITS = 2 ** 18;

/** The time in those units, from any clock that goes evenly. */
export const absSendTimeOf = (now: Micros): number => Math.floor((now * SEND_TIME_UNITS) / MICROS_PER_SECOND) % 2 ** 24;

/** Writes the three bytes of an abs-send-time element. */
export function writeAbsSendTime(target: Uint8Array, at: number, now: Micros): void {
  const units = absSendTimeOf(now);
  target[at] = units >>> 16;
  target[at + 1] = units >>> 8;
  target[at + 2] = units;
}

/** How long a player may hold a frame back; Chromium's playout-delay, in steps of 10 ms, at most 40.95 s. */
export interface PlayoutDelay {
  readonly least: Micros;
  readonly most: Micros;
}

const PLAYOUT_STEP: Micros = 10_000;

/** Undefined for an element that is cut, or whose least is above its most. */
export function parsePlayoutDelay(element: Uint8Array): PlayoutDelay | undefined {
  if (element.length < 3) return undefined;
  const least = (uint16(element, 0) >> 4) * PLAYOUT_STEP;
  const most = (uint16(element, 1) & 0xfff) * PLAYOUT_STEP;
  return least > most ? undefined : { least, most };
}

/** The three bytes of the element; times are rounded, and cut at 40.95 s. */
export function writePlayoutDelay({ least, most }: PlayoutDelay): Uint8Array {
  const [a, b] = [least, most].map((time) => Math.min(0xfff, Math.max(0, Math.round(time / PLAYOUT_STEP)))) as [
    number,
    number,
  ];
  return Uint8Array.of(a >>> 4, ((a & 0xf) << 4) | (b >>> 8), b & 0xff);
}
