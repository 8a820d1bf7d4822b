// The seam to time: core code is handed a Clock and never asks the machine.
import type { Micros } from './time.ts';

export interface Clock {
  /** Monotonic time since an arbitrary start, for deadlines and measurements. */
  now(): Micros;
  /** Time since 1970-01-01 UTC, only for NTP, logs, file names and API answers. */
  wall(): Micros;
  /** Runs `fn` once after `delay`; the returned function cancels it and may be called twice. */
  after(delay: Micros, fn: () => void): () => void;
}

/** Runs `fn` after each `period`; the returned function ends that, also when `fn` itself calls it. */
export function every(clock: Clock, period: Micros, fn: () => void): () => void {
  let cancel = (): void => undefined;
  const again = (): void => {
    // Before `fn`, so that there is something to cancel from inside.
    cancel = clock.after(period, () => {
      again();
      fn();
    });
  };
  again();
  return () => cancel();
}
