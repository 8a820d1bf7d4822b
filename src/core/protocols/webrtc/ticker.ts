// One timer for all sessions whose deadlines are in milliseconds: feedback, repetitions, pacing. It rests when there are none.
//
// To ask hundreds of players for a deadline that is a second away costs more than what a packet of theirs does: they are asked
// seldom, and as often as the timer ticks only while their deadline is near. Whoever gets a nearer one says so.
import type { Clock } from '../../base/clock.ts';
import { guard, type Session } from '../../base/session.ts';
import { fromMs, type Micros } from '../../base/time.ts';

/** Chosen: half of what a NACK waits at least, and the burst of the pacer. */
const TICK = fromMs(10);
/** Ticks between two looks at all sessions. */
const ROUND = 5;
const NEAR = ROUND * TICK;

export class Ticker {
  readonly #clock: Clock;
  readonly #all = new Set<Session>();
  /** Those whose deadline may be near. */
  readonly #near = new Set<Session>();
  #ticks = 0;
  #cancel: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#all.size;
  }

  add(session: Session): void {
    this.#all.add(session);
    this.#near.add(session);
    this.#cancel ??= this.#clock.after(TICK, () => this.#turn());
  }

  /** The deadline of a session may have come nearer. */
  soon(session: Session): void {
    if (this.#all.has(session)) this.#near.add(session);
  }

  remove(session: Session): void {
    this.#all.delete(session);
    this.#near.delete(session);
    if (this.#all.size > 0) return;
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #turn(): void {
    const now = this.#clock.now();
    this.#cancel = this.#clock.after(TICK, () => this.#turn());
    if (++this.#ticks % ROUND === 0) {
      for (const session of this.#all) if (session.deadline <= now + NEAR) this.#near.add(session);
    }
    for (const session of this.#near) this.#look(session, now);
  }

  #look(session: Session, now: Micros): void {
    if (session.deadline <= now) guard(session, now, () => session.tick(now));
    else if (session.deadline > now + NEAR) this.#near.delete(session);
  }
}
