// Reads seldom: the socket gathers what comes for a while, as it does for players by the merge window (SRS: mr).
import type { Clock } from '../../base/clock.ts';
import type { Link } from '../../base/link.ts';
import type { Micros } from '../../base/time.ts';

/** Pauses a link after each read. The kernel's buffer bounds what gathers meanwhile. */
export class MergedRead {
  readonly #link: Link;
  readonly #clock: Clock;
  readonly #pause: Micros;
  #cancel: (() => void) | undefined;

  constructor(link: Link, clock: Clock, pause: Micros) {
    this.#link = link;
    this.#clock = clock;
    this.#pause = pause;
  }

  /** After a read. What has gathered comes in several, all of one turn: the pause begins behind them, or it would slow a fast publisher. */
  took(): void {
    this.#cancel ??= this.#clock.after(0, () => {
      this.#link.pause();
      this.#cancel = this.#clock.after(this.#pause, () => {
        this.#cancel = undefined;
        this.#link.resume();
      });
    });
  }

  /** The link is somebody else's to pause. */
  stop(): void {
    if (this.#cancel === undefined) return;
    this.#cancel();
    this.#cancel = undefined;
    this.#link.resume();
  }
}
