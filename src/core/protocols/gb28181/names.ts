// Ids of devices and SSRCs of their streams (GB/T 28181-2016 annex E, §9.2 on the SSRC).
import type { Rng } from '../../base/rng.ts';

/** An id becomes the name of a stream: 20 digits by the standard, and what else is harmless in a name. */
export const isDeviceId = (text: string): boolean => /^[\w-]{1,64}$/.test(text);

/** The ten digits of the line `y=`. */
export const ssrcText = (ssrc: number): string => String(ssrc).padStart(10, '0');

/** Of decimal digits; undefined for what is no 32-bit number. */
export function parseSsrc(text: string): number | undefined {
  const ssrc = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return ssrc <= 0xffff_ffff ? ssrc : undefined;
}

/** 0 for live, digits 4 to 8 of the server's id, and four digits by chance. */
export function makeSsrc(rng: Rng, serverId: string): number {
  const [area = '00000'] = /^\d{5}/.exec(serverId.slice(3)) ?? [];
  return Number(`${area}${String(rng.below(10_000)).padStart(4, '0')}`);
}
