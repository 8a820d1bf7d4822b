// Requests that wait for what is still being made: a playlist, a part, a manifest.
import type { SrsxError } from '../../base/errors.ts';
import type { Micros } from '../../base/time.ts';

/** One request that waits. */
export interface Waiter {
  readonly deadline: Micros;
  /** Answers when what it waits for is there; false: not yet. */
  readonly attempt: () => boolean;
  readonly refuse: (reason: SrsxError | undefined) => void;
}

/** Bounded by who adds. */
export class Waiters {
  readonly #waiting = new Set<Waiter>();

  get size(): number {
    return this.#waiting.size;
  }

  /** The returned function forgets the waiter, whose peer has left. */
  add(waiter: Waiter): () => void {
    this.#waiting.add(waiter);
    return () => this.#waiting.delete(waiter);
  }

  /** Something new is there. */
  wake(): void {
    for (const waiter of this.#waiting) if (waiter.attempt()) this.#waiting.delete(waiter);
  }

  /** Refuses those whose time has come; undefined as the reason says that. */
  expire(now: Micros): void {
    for (const waiter of this.#waiting) {
      if (waiter.deadline > now) continue;
      this.#waiting.delete(waiter);
      waiter.refuse(undefined);
    }
  }

  refuseAll(reason: SrsxError): void {
    for (const waiter of this.#waiting) waiter.refuse(reason);
    this.#waiting.clear();
  }
}
