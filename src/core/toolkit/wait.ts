// Waiting on the injected clock.

import type { Clock } from '../base/clock.ts';
import type { SrsxError } from '../base/errors.ts';
import type { Rng } from '../base/rng.ts';
import { fromSeconds, type Micros } from '../base/time.ts';

/** Resolves after `delay`, or at once when the signal comes; the caller looks at the signal. */
export function sleep(clock: Clock, delay: Micros, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const done = (): void => {
      cancel();
      signal.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.after(delay, done);
    signal.addEventListener('abort', done, { once: true });
  });
}

/** A controller that follows another signal; `release` lets go of that signal. */
export function linkedAbort(signal: AbortSignal): {
  readonly controller: AbortController;
  readonly release: () => void;
} {
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return { controller, release: () => signal.removeEventListener('abort', abort) };
}

/** How a broken connection is made again. */
export interface RetryOptions {
  /** How often in a row, without media in between, it connects again before it gives up; default: for ever. */
  readonly attempts?: number | undefined;
  /** Faults of an input from which nothing has come that no waiting mends; default: none. */
  readonly except?: ((fault: SrsxError) => boolean) | undefined;
  /** The first pause, doubled after each failure; default 1 s. */
  readonly firstDelay?: Micros | undefined;
  /** The longest pause; default 30 s. */
  readonly maxDelay?: Micros | undefined;
}

/** The pause after `failures` failures in a row, with up to a fifth more so that many clients do not come at once. */
export function backOff(failures: number, retry: RetryOptions, rng: Rng): Micros {
  const { firstDelay = fromSeconds(1), maxDelay = fromSeconds(30) } = retry;
  // 2^20 times any first pause is above any useful longest one.
  const pause = Math.min(maxDelay, firstDelay * 2 ** Math.min(failures - 1, 20));
  return Math.round(pause * (1 + rng.below(200) / 1000));
}
