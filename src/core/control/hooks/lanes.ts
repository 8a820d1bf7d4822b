// Work that waits its turn: so many at once for each key, the others in line until their deadline.
import type { Clock } from '../../base/clock.ts';
import type { Micros } from '../../base/time.ts';

/** Bounds of each lane. */
export interface LaneLimits {
  /** Under way at once. */
  readonly active: number;
  /** In line behind them. */
  readonly waiting: number;
}

/** Why work did not begin; `waiting` were in line. */
export type LaneFault = { readonly kind: 'full' | 'late'; readonly waiting: number };

interface Lane {
  active: number;
  /** In order; each begins the next work. */
  readonly line: Set<() => void>;
}

/** Lanes by key; one that is empty is forgotten. */
export class Lanes {
  readonly #clock: Clock;
  readonly #limits: LaneLimits;
  readonly #fault: (fault: LaneFault, key: string) => Error;
  readonly #lanes = new Map<string, Lane>();

  /** @param fault the error for work that did not begin. */
  constructor(clock: Clock, limits: LaneLimits, fault: (fault: LaneFault, key: string) => Error) {
    this.#clock = clock;
    this.#limits = limits;
    this.#fault = fault;
  }

  /** Lanes with work under way. */
  get size(): number {
    return this.#lanes.size;
  }

  /** Runs `work` in its turn; rejects with `fault` when the line is full or the deadline comes first. */
  async run<Result>(key: string, deadline: Micros, work: () => Promise<Result>): Promise<Result> {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = { active: 0, line: new Set() };
      this.#lanes.set(key, lane);
    }
    if (lane.active >= this.#limits.active) await this.#turn(key, lane, deadline);
    else lane.active++;
    try {
      return await work();
    } finally {
      this.#next(key, lane);
    }
  }

  /** The place of who leaves is handed on, so `active` does not change. */
  #turn(key: string, { line }: Lane, deadline: Micros): Promise<void> {
    const waiting = line.size;
    if (waiting >= this.#limits.waiting) return Promise.reject(this.#fault({ kind: 'full', waiting }, key));
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        cancel();
        resolve();
      };
      const cancel = this.#clock.after(deadline - this.#clock.now(), () => {
        line.delete(begin);
        reject(this.#fault({ kind: 'late', waiting }, key));
      });
      line.add(begin);
    });
  }

  #next(key: string, lane: Lane): void {
    const [begin] = lane.line;
    if (begin !== undefined) {
      lane.line.delete(begin);
      begin();
      return;
    }
    lane.active--;
    if (lane.active === 0) this.#lanes.delete(key);
  }
}
