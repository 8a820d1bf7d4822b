// The machine's randomness, good enough for keys.
import { randomFillSync, randomInt } from 'node:crypto';
import type { Rng } from '../base/rng.ts';

export class RealRng implements Rng {
  bytes(size: number): Uint8Array {
    return randomFillSync(new Uint8Array(size));
  }

  below(limit: number): number {
    return limit <= 1 ? 0 : randomInt(limit);
  }
}
