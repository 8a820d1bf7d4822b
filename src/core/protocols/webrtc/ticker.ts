// One timer for all sessions whose deadlines are in milliseconds: feedback, repetitions, pacing. It rests when there are none.
import type { Clock } from '../../base/clock.ts';
import { type Session, Wheel } from '../../base/session.ts';
import { fromMs } from '../../base/time.ts';

/** Chosen: half of what a NACK waits at least, and the burst of the pacer; 300 sessions cost 30 000 comparisons a second. */
const TICK = fromMs(10);

export class Ticker {
  readonly #clock: Clock;
  readonly #wheel = new Wheel();
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#wheel.size;
  }

  add(session: Session): void {
    this.#wheel.add(session);
    this.#cancel ??= this.#clock.after(TICK, () => this.#turn());
  }

  remove(session: Session): void {
    this.#wheel.remove(session);
    if (this.#wheel.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #turn(): void {
    const now = this.#clock.now();
    this.#cancel = this.#clock.after(TICK, () => this.#turn());
    this.#wheel.turn(now);
  }
}
