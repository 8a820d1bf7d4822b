// The reorder queue: order, patience, limits, restarts.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromMs } from '../../../src/core/base/time.ts';
import { type Ordered, ReorderQueue } from '../../../src/core/media/queue.ts';

const span = fromMs(100);
const make = (items = 64, bytes = 1_000_000) => new ReorderQueue<number>({ span, start: 0, items, bytes });

/** Everything that may leave now. */
function takeAll(queue: ReorderQueue<number>, now: number): Ordered<number>[] {
  const taken: Ordered<number>[] = [];
  for (let one = queue.take(now); one !== undefined; one = queue.take(now)) taken.push(one);
  return taken;
}

/** Pushes and takes as a session does; gives the items with what was missing in front of them. */
function run(queue: ReorderQueue<number>, sequences: readonly number[], now = 0): [number, number][] {
  return sequences.flatMap((sequence) => {
    queue.push(sequence, sequence, 1, now);
    return takeAll(queue, now).map(({ item, missing }): [number, number] => [item, missing]);
  });
}

describe('a reorder queue', () => {
  it('gives what is in order at once', () => {
    const queue = make();

    expect(run(queue, [7, 8, 9])).toEqual([
      [7, 0],
      [8, 0],
      [9, 0],
    ]);
    expect(queue.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  it('puts any order within its size back', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8, 9], { minLength: 9 }), fc.integer(), (order, base) => {
        const out = run(
          make(),
          [0, ...order].map((one) => base + one),
        );

        expect(out.map(([item]) => item - base)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      }),
    );
  });

  it('waits for a hole until the first item behind it has waited for its span', () => {
    const queue = make();
    run(queue, [1]);
    queue.push(4, 4, 1, fromMs(10));
    queue.push(5, 5, 1, fromMs(50));

    expect(queue.deadline).toBe(fromMs(110));
    expect(takeAll(queue, fromMs(109))).toEqual([]);
    expect(takeAll(queue, fromMs(110))).toEqual([
      { item: 4, sequence: 4, missing: 2 },
      { item: 5, sequence: 5, missing: 0 },
    ]);
    expect(queue.counts.missing).toBe(2);
  });

  it('waits for the next hole from the arrival of what is behind that one', () => {
    const queue = make();
    run(queue, [1]);
    queue.push(3, 3, 1, fromMs(10));
    queue.push(5, 5, 1, fromMs(60));
    queue.push(2, 2, 1, fromMs(70));

    expect(takeAll(queue, fromMs(70)).map(({ item }) => item)).toEqual([2, 3]);
    expect(queue.deadline).toBe(fromMs(160));
  });

  it('refuses what came twice, and what comes after its turn', () => {
    const queue = make();
    run(queue, [1]);
    queue.push(3, 3, 1, 0);

    expect(queue.push(3, 3, 1, 0)).toBe('twice');
    expect(queue.push(1, 1, 1, 0)).toBe('late');
    expect(queue.counts).toMatchObject({ twice: 1, late: 1 });
    expect(queue.size).toBe(1);
  });

  it('begins anew when the numbers jump further than it is long', () => {
    const queue = make();
    run(queue, [1, 3]);

    expect(queue.push(1000, 1000, 1, 0)).toBe('restart');
    expect(takeAll(queue, 0)).toEqual([{ item: 1000, sequence: 1000, missing: Number.POSITIVE_INFINITY }]);
    expect(queue.size).toBe(0);
  });

  it('gives up a hole when too many bytes wait', () => {
    const queue = make(64, 100);
    run(queue, [1]);
    for (const sequence of [3, 4, 5]) queue.push(sequence, sequence, 40, 0);

    expect(takeAll(queue, 0).map(({ item, missing }) => [item, missing])).toEqual([
      [3, 1],
      [4, 0],
      [5, 0],
    ]);
    expect(queue.bytes).toBe(0);
  });

  it('holds the beginning for those that were overtaken, and no longer', () => {
    const queue = new ReorderQueue<number>({ span, start: fromMs(30), items: 64, bytes: 1000 });
    queue.push(12, 12, 1, 0);
    queue.push(11, 11, 1, fromMs(5));
    queue.push(14, 14, 1, fromMs(10));
    expect(queue.push(14 - 64, 0, 1, fromMs(10))).toBe('late');

    expect(queue.deadline).toBe(fromMs(30));
    expect(takeAll(queue, fromMs(29))).toEqual([]);
    expect(takeAll(queue, fromMs(30)).map(({ item, missing }) => [item, missing])).toEqual([
      [11, 0],
      [12, 0],
    ]);
    expect(queue.push(10, 10, 1, fromMs(31))).toBe('late');
    expect(queue.deadline).toBe(fromMs(110));
  });

  it('gives up a hole that it has no room to wait for, and throws nothing away', () => {
    const queue = make(64);
    const sequences = Array.from({ length: 300 }, (_, i) => i + 2);

    const out = run(queue, [0, ...sequences]);

    expect(out.map(([item]) => item)).toEqual([0, ...sequences.slice(0, out.length - 1)]);
    expect(out).toHaveLength(301);
    expect(out[1]).toEqual([2, 1]);
    expect(queue.counts).toMatchObject({ missing: 1, restarts: 0 });
  });

  it('takes one very old item for a straggler, and two behind each other for a new beginning', () => {
    const queue = make(64);
    run(queue, [1000, 1001]);

    expect(run(queue, [100, 1002])).toEqual([[1002, 0]]);
    expect(run(queue, [100, 101, 102])).toEqual([
      [100, Number.POSITIVE_INFINITY],
      [101, 0],
      [102, 0],
    ]);
    expect(queue.counts).toMatchObject({ restarts: 1, late: 1 });
  });

  it('gives everything at the end', () => {
    const queue = make();
    run(queue, [1]);
    queue.push(3, 3, 1, 0);
    queue.push(9, 9, 1, 0);

    expect(queue.flush().map(({ item, missing }) => [item, missing])).toEqual([
      [3, 1],
      [9, 5],
    ]);
    expect(queue.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  it('gives every item at most once, in order, whatever comes, and holds no more than its size', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(300), fc.nat(20)), { maxLength: 200, size: 'max' }), (steps) => {
        const queue = new ReorderQueue<number>({ span, start: fromMs(15), items: 32, bytes: 500 });
        let now = 0;
        let last = Number.NEGATIVE_INFINITY;
        let bytes = 0;
        for (const [sequence, wait] of steps) {
          now += fromMs(wait);
          const pushed = queue.push(sequence, sequence, 10, now);
          if (pushed === 'restart') last = Number.NEGATIVE_INFINITY;
          for (const { sequence: taken } of takeAll(queue, now)) {
            expect(taken).toBeGreaterThan(last);
            last = taken;
          }
          bytes = Math.max(bytes, queue.bytes);
          expect(queue.size).toBeLessThanOrEqual(32);
          expect(queue.size === 0).toBe(queue.deadline === Number.POSITIVE_INFINITY);
          expect(queue.deadline).toBeGreaterThan(now);
        }
        expect(bytes).toBeLessThanOrEqual(500);
      }),
      { numRuns: 300 },
    );
  });
});
