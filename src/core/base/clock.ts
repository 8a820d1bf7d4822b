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
