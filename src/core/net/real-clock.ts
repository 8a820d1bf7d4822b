// The machine's time.
import type { Clock } from '../base/clock.ts';
import { fromMs, type Micros } from '../base/time.ts';

/** The longest delay of a Node timer; a longer one would fire at once. */
const MAX_DELAY_MS = 2 ** 31 - 1;

/**
 * Timers keep the process alive: whoever waits (a retry, a wheel) wants the process to be there then, and cancels
 * what it no longer wants.
 */
export class RealClock implements Clock {
  now(): Micros {
    return fromMs(performance.now());
  }

  wall(): Micros {
    return fromMs(Date.now());
  }

  after(delay: Micros, fn: () => void): () => void {
    // Rounded up: a timer that fires early would find its deadline not yet come.
    const timer = setTimeout(fn, Math.min(Math.ceil(delay / fromMs(1)), MAX_DELAY_MS));
    return () => clearTimeout(timer);
  }
}
