// When a publisher's link is read, and how long what it sends waits in the kernel.
import { describe, expect, it } from 'vitest';
import { BatchReader } from '../../../src/core/base/batch-reader.ts';
import { fromMs, fromSeconds, toMs } from '../../../src/core/base/time.ts';
import { VirtualClock } from '../../tools/fakes.ts';

/** A kernel that holds what a sender of a constant rate sends while nobody reads. */
function setUp({ patienceMs = 350, bytesPerMs = 100 } = {}) {
  const clock = new VirtualClock();
  const state = { patienceMs, bytesPerMs, paused: false, reads: [] as number[], next: [] as number[] };
  let taken = 0;
  const read = (): void => {
    const bytes = Math.round((clock.now() / 1000) * state.bytesPerMs) - taken;
    taken += bytes;
    state.reads.push(bytes);
    reader.note(bytes);
  };
  const link = {
    pause: () => {
      state.paused = true;
    },
    resume: () => {
      state.paused = false;
      read();
    },
  };
  const reader = new BatchReader(link, {
    clock,
    patience: () => fromMs(state.patienceMs),
    onBatch: (next) => state.next.push(toMs(next)),
  });
  return { clock, reader, state };
}

describe('a link that is read in batches', () => {
  it('is read once in the time that its bytes may wait', () => {
    const { clock, reader, state } = setUp();
    reader.check();

    clock.advance(fromSeconds(7));

    // Twenty batches of 350 ms, the first ones shorter: how fast it sends was not known.
    expect(state.reads.length).toBeGreaterThanOrEqual(19);
    expect(state.reads.length).toBeLessThanOrEqual(21);
    expect(state.next.at(-1)).toBe(350);
  });

  it('is read more often when it sends fast, so that its sender need not wait', () => {
    const { clock, reader, state } = setUp({ bytesPerMs: 400 });
    reader.check();
    clock.advance(fromSeconds(2));

    expect(Math.max(...state.reads.slice(1))).toBeLessThanOrEqual(52_000);
    expect(state.next.at(-1)).toBeGreaterThan(100);
  });

  it('is read as bytes come when a batch would hold next to nothing', () => {
    const { clock, reader, state } = setUp({ bytesPerMs: 10_000 });
    reader.check();
    clock.advance(fromSeconds(1));

    expect(state).toMatchObject({ paused: false, next: [0] });
    expect(clock.pending).toBe(0);
  });

  it('is read as bytes come while somebody wants each at once, and in batches again when nobody does', () => {
    const { clock, reader, state } = setUp();
    reader.check();
    clock.advance(fromSeconds(1));
    state.patienceMs = 0;
    clock.advance(fromMs(400));
    expect(state.paused).toBe(false);
    expect(state.next.at(-1)).toBe(0);

    reader.check();
    expect(state.paused).toBe(false);
    state.patienceMs = 100;
    reader.check();
    expect(state.paused).toBe(true);
  });

  it('is read in batches at once when who waited for bytes has got them', () => {
    const { clock, reader, state } = setUp({ patienceMs: 100 });
    reader.took();
    expect(state.paused).toBe(false);
    reader.check();
    state.patienceMs = 20;
    clock.advance(fromMs(60));
    expect(state).toMatchObject({ paused: false, next: [0] });

    reader.took();
    expect(state.paused).toBe(false);
    state.patienceMs = 120;
    reader.took();

    expect(state).toMatchObject({ paused: true, next: [0, 120] });
    clock.advance(fromMs(119));
    expect(state.paused).toBe(true);
    clock.advance(fromMs(2));
    expect(state.reads).toHaveLength(2);
  });

  it('waits no longer than a batch takes to fill, also when it begins again', () => {
    const { clock, reader, state } = setUp({ bytesPerMs: 400, patienceMs: 50 });
    reader.check();
    clock.advance(fromMs(50));
    state.patienceMs = 0;
    clock.advance(fromMs(10));

    state.patienceMs = 350;
    reader.took();

    expect(state.next.at(-1)).toBeGreaterThan(100);
    expect(state.next.at(-1)).toBeLessThan(130);
  });

  it('is read again when the batches end, and for good', () => {
    const { clock, reader, state } = setUp();
    reader.check();
    reader.close();
    expect(state.paused).toBe(false);

    reader.check();
    clock.advance(fromSeconds(1));
    expect(state.paused).toBe(false);
    expect(state.next).toEqual([]);
  });
});
