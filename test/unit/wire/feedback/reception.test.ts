// Loss and jitter against a plain count, and what other streams and new beginnings do to them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromMs } from '../../../../src/core/base/time.ts';
import { Reception } from '../../../../src/core/wire/feedback/index.ts';

const make = (): Reception => new Reception(7, 90_000);

describe('reception', () => {
  it('counts what did not come on its own stream, whatever a retransmission brought (RFC 4588 §4)', () => {
    const reception = make();
    for (let i = 0; i < 100; i++) reception.arrived(i, i * 3000, fromMs(i * 33), i % 4 === 1);

    expect(reception.block(0)).toMatchObject({ lost: 25, fractionLost: 64, highest: 99 });
  });

  it('agrees with a plain count for any losses, duplicates and order nearby', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(2), { minLength: 1, maxLength: 300, size: 'max' }),
        fc.nat(70_000),
        (copies, base) => {
          const sequences = copies.flatMap((count, i) => Array.from({ length: count }, () => base + i));
          fc.pre(sequences.length > 0);
          const swapped = sequences.map(
            (_, i) => sequences[i % 2 === 0 ? Math.min(i + 1, sequences.length - 1) : i - 1]!,
          );
          const reception = make();
          for (const sequence of swapped) reception.arrived(sequence, 0, 0);

          const expected = Math.max(...swapped) - Math.min(...swapped) + 1;
          expect(reception.block(0)).toMatchObject({ lost: expected - swapped.length, highest: Math.max(...swapped) });
        },
      ),
    );
  });

  it('begins anew after a jump, and does not call 20 000 packets lost', () => {
    for (const jump of [20_000, -20_000]) {
      const reception = make();
      for (let i = 0; i < 100; i++) reception.arrived(50_000 + i, 0, 0);
      reception.block(0);
      for (let i = 0; i < 100; i++) if (i !== 50) reception.arrived(50_100 + jump + i, 0, 0);

      const block = reception.block(0)!;
      expect(block.highest).toBe(50_199 + jump);
      expect(block.lost).toBe(1);
      expect(block.fractionLost).toBeLessThanOrEqual(3);
    }
  });

  it('takes one very old packet for nothing', () => {
    const reception = make();
    for (const sequence of [50_000, 50_001, 30_000, 50_002]) reception.arrived(sequence, 0, 0);

    expect(reception.block(0)).toMatchObject({ lost: 0, highest: 50_002 });
  });

  it('measures jitter as RFC 3550 A.8 does', () => {
    const reception = make();
    let jitter = 0;
    for (let i = 0; i < 500; i++) {
      const late = (i * 7919) % 40;
      const before = ((i - 1) * 7919) % 40;
      reception.arrived(i, i * 3000, fromMs(i * (1000 / 30) + late));
      if (i > 0) jitter += (Math.abs(late - before) * 90 - jitter) / 16;
    }

    expect(reception.jitterTicks).toBeGreaterThan(jitter - 10);
    expect(reception.jitterTicks).toBeLessThan(jitter + 10);
  });
});
