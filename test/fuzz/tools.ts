// What the fuzz targets share.
import { ProtocolError } from '../../src/core/base/errors.ts';
import { SeedRng } from '../tools/fakes.ts';

/** A ProtocolError is the one right answer to bad input; everything else is a bug and goes on. */
export function refuses(step: () => void): void {
  try {
    step();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}

/** The same bytes whole and in pieces, since parsers go wrong at the cuts. The cuts follow from the bytes. */
export function cuts(bytes: Uint8Array): Uint8Array[][] {
  const rng = new SeedRng(bytes.length + (bytes[0] ?? 0) * 256);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; ) {
    const size = 1 + rng.below(64);
    pieces.push(bytes.slice(at, at + size));
    at += size;
  }
  return [[bytes], pieces];
}
