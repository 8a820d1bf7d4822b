// Wall times for media times, as EXT-X-PROGRAM-DATE-TIME needs them.
import { fromSeconds, type Micros } from '../../base/time.ts';

/**
 * Frames arrive in bursts and with jitter, so a segment's date is that of the first frame plus the media time since.
 * When the publisher's clock has wandered away by `TOLERANCE`, the next date is taken from the wall again.
 */
export class DateAnchor {
  #offset: Micros | undefined;

  /** The wall time of `dts`, which arrives at `wall`. */
  at(dts: Micros, wall: Micros): Micros {
    if (this.#offset === undefined || Math.abs(wall - dts - this.#offset) > TOLERANCE) this.#offset = wall - dts;
    return dts + this.#offset;
  }

  /** Another timeline begins. */
  reset(): void {
    this.#offset = undefined;
  }
}

/** Chosen: above the bursts of encoders and networks, below what viewers of two streams side by side notice. */
const TOLERANCE = fromSeconds(1);
