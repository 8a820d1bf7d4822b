// Limits that every codec parser applies, so that no damaged header makes a loop or a picture without bound.
import { codecErrors } from './errors.ts';

/** Pixels a side: twice the 16384 of H.264 level 6.2 and H.265 level 6.2; more is damage. */
export const maxDimension = 32_768;

/** Units (NAL units, OBUs) of one frame: H.265 level 6.2 allows 600 slice segments, AV1 has 512 tiles. */
export const maxUnits = 4096;

/** Returns `value`; throws CODEC_RANGE unless it is from `least` to `most`. */
export function within(codec: string, field: string, value: number, least: number, most: number): number {
  if (value < least || value > most) throw codecErrors.protocol('RANGE', { codec, field, value, least, most });
  return value;
}

/** Throws CODEC_DIMENSION unless both sides are from 1 to `maxDimension`. */
export function checkDimensions(codec: string, width: number, height: number): void {
  if (width >= 1 && height >= 1 && width <= maxDimension && height <= maxDimension) return;
  throw codecErrors.protocol('DIMENSION', { codec, width, height, limit: maxDimension });
}

/** Two upper-case hexadecimal digits of a byte, as RFC 6381 strings have. */
export const hexByte = (value: number): string => value.toString(16).toUpperCase().padStart(2, '0');

/** Two decimal digits. */
export const twoDigits = (value: number): string => String(value).padStart(2, '0');
