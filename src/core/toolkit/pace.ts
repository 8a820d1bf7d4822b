// Holds a reader to real time: a file is published as fast as a camera would.
import type { Clock } from '../base/clock.ts';
import { fromSeconds, type Micros } from '../base/time.ts';

/**
 * A frame may leave when as much time has passed since the first one as lies between them in the media. After a pause
 * that was not its own (a slow or broken output) it goes on at the same pace instead of sending everything missed.
 */
export class Pace {
  readonly #clock: Clock;
  /** Clock time at which media time 0 was due. */
  #anchor: Micros | undefined;
  #newest: Micros = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** A frame was sent; `span` is the media time since the first. */
  note(span: Micros): void {
    this.#newest = span;
    this.#anchor ??= this.#clock.now() - span;
  }

  /** How long the next frame has to wait; at most 0: not at all. */
  wait(): Micros {
    if (this.#anchor === undefined) return 0;
    const wait = this.#anchor + this.#newest - this.#clock.now();
    if (wait < -MAX_LATE) this.#anchor -= wait;
    return wait;
  }
}

/** Chosen: a late timer or a short stall is made up for, an outage is not. */
const MAX_LATE = fromSeconds(1);
