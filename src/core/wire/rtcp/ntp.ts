// Time stamps of NTP as RTCP has them (RFC 3550 §4): seconds since 1900 and a fraction, 32 bits each.
import { fromSeconds, MICROS_PER_SECOND, type Micros } from '../../base/time.ts';

/** 64 bits in two halves, so that the middle ones come back exactly. */
export interface NtpTime {
  /** Seconds since 1900. */
  readonly ntpHigh: number;
  /** In 1/2^32 s. */
  readonly ntpLow: number;
}

/** Seconds from 1900 to 1970 (RFC 868). */
const EPOCH = 2_208_988_800;

/** The time of a wall clock since 1970; after 2036 the seconds wrap (RFC 5905 §6). */
export function ntpOf(wall: Micros): NtpTime {
  const seconds = Math.floor(wall / MICROS_PER_SECOND);
  const rest = wall - seconds * MICROS_PER_SECOND;
  return { ntpHigh: (seconds + EPOCH) % 2 ** 32, ntpLow: Math.floor((rest * 2 ** 32) / MICROS_PER_SECOND) };
}

/** Back to the wall clock since 1970. Seconds below 2^31 are of the era that begins in 2036 (RFC 4330 §3). */
export function wallOf({ ntpHigh, ntpLow }: NtpTime): Micros {
  const era = ntpHigh < 2 ** 31 ? 2 ** 32 : 0;
  return fromSeconds(ntpHigh + era - EPOCH) + Math.round((ntpLow * MICROS_PER_SECOND) / 2 ** 32);
}

/** The middle 32 bits, which report blocks repeat (RFC 3550 §6.4.1). */
export const middleOf = ({ ntpHigh, ntpLow }: NtpTime): number =>
  ((ntpHigh % 0x10000) * 0x10000 + Math.floor(ntpLow / 0x10000)) >>> 0;

/** A time span in units of 1/65536 s, 32 bits. */
export const toUnits = (span: Micros): number =>
  Math.min(0xffff_ffff, Math.max(0, Math.round((span * 0x10000) / MICROS_PER_SECOND)));

/** Units of 1/65536 s as a time span. */
export const fromUnits = (units: number): Micros => Math.round((units * MICROS_PER_SECOND) / 0x10000);
