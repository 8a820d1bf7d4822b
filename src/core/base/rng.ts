// The seam to randomness: sessions and ids take an Rng, tests give one with a seed.

export interface Rng {
  /** Fills a new array of `size` bytes. */
  bytes(size: number): Uint8Array;
  /** A whole number from 0 up to and without `limit` (at most 2^32). */
  below(limit: number): number;
}

const ID_LETTERS = '0123456789abcdefghijklmnopqrstuvwxyz';

/** A random id of `size` characters out of [0-9a-z], the alphabet of SRS's ids. */
export function randomId(rng: Rng, size: number): string {
  let id = '';
  for (let i = 0; i < size; i++) id += ID_LETTERS[rng.below(ID_LETTERS.length)];
  return id;
}
