// How long to wait before something that ended is tried again.
import { fromSeconds, type Micros } from '../base/time.ts';

/** SRS waits as long, each time. */
const FIRST_DELAY = fromSeconds(3);
/** Chosen: what worked for so long did work, and its next end is a new trouble. */
const LASTED = fromSeconds(30);

/** 3 s, then twice as long after each failure in a row, up to `longest`. */
export class Patience {
  readonly #longest: Micros;
  /** Ends in a row that came too soon. */
  failures = 0;

  constructor(longest: Micros) {
    this.#longest = longest;
  }

  /** It ended. @param lasted for how long it had worked. Gives the pause before the next try. */
  ended(lasted: Micros): Micros {
    this.failures = lasted >= LASTED ? 0 : this.failures + 1;
    return Math.min(this.#longest, FIRST_DELAY * 2 ** Math.min(Math.max(0, this.failures - 1), 20));
  }
}
