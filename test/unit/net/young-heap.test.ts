// Whether the young heap may grow: for a process that sends many datagrams, once.
import { expect, it } from 'vitest';
import { YoungHeap } from '../../../src/core/net/young-heap.ts';

/** A second of `batches` batches, over and over; how often the heap was told to grow. */
function send(seconds: number, batches: number, datagrams: number): number {
  let now = 0;
  let grown = 0;
  const heap = new YoungHeap({ now: () => now, grow: () => grown++ });
  for (let i = 0; i < seconds * batches; i++) {
    now += 1000 / batches;
    heap.note(datagrams);
  }
  return grown;
}

it.each([
  ['a publisher and a few players', 60, 50, 100, 0],
  ['just below the mark', 60, 99, 100, 0],
  ['above it', 60, 110, 100, 1],
  ['three hundred players of WebRTC', 10, 1000, 60, 1],
  ['one datagram at once', 2, 20_000, 1, 1],
])('%s', (_, seconds, batches, datagrams, grown) => {
  expect(send(seconds, batches, datagrams)).toBe(grown);
});

it('a burst after a long silence is not many datagrams a second', () => {
  let now = 0;
  let grown = 0;
  const heap = new YoungHeap({ now: () => now, grow: () => grown++ });

  for (const at of [0, 60_000, 120_000]) {
    now = at;
    heap.note(6000);
    now = at + 1500;
    heap.note(6000);
  }

  expect(grown).toBe(0);
});
