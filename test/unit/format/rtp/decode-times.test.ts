// Decode times out of presentation times.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromMs } from '../../../../src/core/base/time.ts';
import { DecodeTimes } from '../../../../src/core/format/rtp/index.ts';

const times = (pts: readonly number[], depth?: number): number[] => {
  const decode = new DecodeTimes(depth);
  return pts.map((ms) => decode.next(fromMs(ms)) / 1000);
};

describe('decode times', () => {
  it('are the presentation times where nothing is reordered', () => {
    expect(times([0, 40, 80, 120])).toEqual([0, 40, 80, 120]);
  });

  it('grow when the parameter sets tell the depth', () => {
    expect(times([0, 120, 40, 80, 240, 160, 200], 1)).toEqual([-10, 0, 40, 80, 120, 160, 200]);
    // A pyramid: two frames ahead.
    expect(times([0, 160, 80, 40, 120, 320, 240, 200, 280], 2)).toEqual([-20, -10, 0, 40, 80, 120, 160, 200, 240]);
  });

  it('are learned, with one step back, when nobody tells', () => {
    expect(times([0, 120, 40, 80, 240, 160, 200])).toEqual([0, 120, 40, 80, 120, 160, 200]);
  });

  it('begin anew with the sender', () => {
    expect(times([10_000, 10_040, 0, 40])).toEqual([10_000, 10_040, 0, 40]);
  });

  it('are never above the presentation, and grow, for any stream within its depth', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 16 }),
        fc.array(fc.nat(16), { minLength: 50, maxLength: 200 }),
        (depth, picks) => {
          // Frames wait in a decoder of `depth` places: any of them may be shown next.
          const order = picks.map((_, i) => i);
          // A stream begins with a frame that is shown first.
          const decodeOrder = [order.shift()!];
          const waiting = order.splice(0, depth + 1);
          for (const pick of picks) {
            if (waiting.length === 0) break;
            const oldest = decodeOrder.length - depth;
            const late = waiting.findIndex((shown) => shown <= oldest);
            const at = late >= 0 ? late : pick % waiting.length;
            decodeOrder.push(waiting.splice(at, 1)[0]!);
            if (order.length > 0) waiting.push(order.shift()!);
          }
          const decode = new DecodeTimes(depth);
          let last = Number.NEGATIVE_INFINITY;
          for (const shown of decodeOrder) {
            const dts = decode.next(fromMs(shown * 40));
            expect(dts).toBeLessThanOrEqual(fromMs(shown * 40));
            if (decode.depth === depth) expect(dts).toBeGreaterThan(last);
            last = dts;
          }
          expect(decode.depth).toBeLessThanOrEqual(17);
        },
      ),
    );
  });
});
