// Cuts bytes into pieces, as a network does.
import type { Rng } from '../../src/core/base/rng.ts';

/** Pieces of `size` bytes each, the last one shorter. */
export function chop(bytes: Uint8Array, size: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.slice(at, at + size));
  return pieces;
}

/** Pieces of random sizes from 1 to `most` bytes. */
export function chopAtRandom(bytes: Uint8Array, rng: Rng, most: number): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + rng.below(most);
    pieces.push(bytes.slice(at, at + size));
    at += size;
  }
  return pieces;
}

/** The same bytes with one to `most` bytes changed. */
export function damage(bytes: Uint8Array, rng: Rng, most = 8): Uint8Array {
  const damaged = bytes.slice();
  for (let i = 0; i <= rng.below(most) && damaged.length > 0; i++) damaged[rng.below(damaged.length)] = rng.below(256);
  return damaged;
}
