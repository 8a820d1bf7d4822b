// What every protocol session is, and the wheel that wakes sessions whose deadline has come.

import type { Clock } from './clock.ts';
import { BugError, SrsxError } from './errors.ts';
import type { Link, Peer } from './link.ts';
import type { Micros } from './time.ts';

/** A state machine: synchronous, told the time, without sockets. All output goes through the Link or Port it was given. */
export interface Session {
  /** May throw SrsxError: the driver then calls `close` with it. */
  receive(bytes: Uint8Array, now: Micros, from?: Peer): void;
  /** Called when the deadline has come, or later; may throw as `receive` may. */
  tick(now: Micros): void;
  /** Infinity: nothing to wait for. */
  readonly deadline: Micros;
  /** Ends the session; calls after the first do nothing. */
  close(reason: SrsxError | undefined, now: Micros): void;
}

/** Runs `step` and ends the session when it throws: the one place that catches for a session. */
export function guard(session: Session, now: Micros, step: () => void): void {
  try {
    step();
  } catch (error) {
    session.close(toSrsxError(error), now);
  }
}

/** Anything thrown, as one of ours: what is not an SrsxError is a bug of ours. */
export function toSrsxError(error: unknown): SrsxError {
  if (error instanceof SrsxError) return error;
  const text = error instanceof Error ? error.message : String(error);
  return new BugError({ code: 'BUG_UNEXPECTED', text: `unexpected: ${text}` }, {}, error);
}

/** One coarse timer for all sessions: cheap for thousands, exact to one tick. */
export class Wheel {
  readonly #sessions = new Set<Session>();
  #now: Micros = 0;
  /** One function for all: it is compiled well where a loop that runs four times a second never is. */
  readonly #look = (session: Session): void => {
    if (session.deadline <= this.#now) wake(session, this.#now);
  };

  add(session: Session): void {
    this.#sessions.add(session);
  }

  remove(session: Session): void {
    this.#sessions.delete(session);
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** Ticks each session whose deadline has come. */
  turn(now: Micros): void {
    this.#now = now;
    this.#sessions.forEach(this.#look);
  }
}

const wake = (session: Session, now: Micros): void => guard(session, now, () => session.tick(now));

/** Connects a link with its session: bytes and the end of the link go in, the wheel wakes it. */
export function drive(link: Link, session: Session, { clock, wheel }: { clock: Clock; wheel: Wheel }): void {
  wheel.add(session);
  link.onData = (bytes) => {
    const now = clock.now();
    guard(session, now, () => session.receive(bytes, now));
  };
  link.onClose = () => {
    wheel.remove(session);
    session.close(undefined, clock.now());
  };
}
