// Decode times for frames that come with presentation times only, as RTP has them.
//
// A stream reorders by N frames when at most N are decoded before one that is shown earlier. Then, of all presentation times
// so far, the N+1 largest but N is the decode time of the newest frame: it is never above its own presentation time, it grows,
// and nothing waits for it. N is what the parameter sets say or what the stream has shown: 0 for ever in WebRTC.
import { fromMs, fromSeconds, type Micros } from '../../base/time.ts';

/** H.264 and H.265 allow 16 frames of reordering (H.264 §A.3.1, H.265 §A.4.1). */
const MOST_REORDERED = 16;
/** A step back of more than this is no reordering but a sender that began anew. */
const MOST_BACK: Micros = fromSeconds(2);
/** Between the first frames, whose true distance is not known yet. */
const FIRST_STEP: Micros = fromMs(10);

/** Of one track; frames in decode order. */
export class DecodeTimes {
  /** The largest presentation times, ascending. */
  #largest: Micros[] = [];
  #depth: number;

  /** @param depth frames of reordering that the parameter sets tell; 0 when they do not: the stream shows it. */
  constructor(depth = 0) {
    this.#depth = Math.min(depth, MOST_REORDERED);
  }

  /** By how many frames the stream is known to reorder. */
  get depth(): number {
    return this.#depth;
  }

  /**
   * The decode time of the next frame, at most `pts`. It grows, but for the frame that shows that the stream reorders by more
   * than was known, and for a sender that begins anew.
   */
  next(pts: Micros): Micros {
    const newest = this.#largest.at(-1);
    if (newest !== undefined && pts < newest - MOST_BACK) this.#largest = [];
    this.#insert(pts);
    while (this.#at(this.#depth) > pts) this.#depth++;
    return this.#at(this.#depth);
  }

  /** Bounded by the depth: `pts` itself is among the largest, or below all of them, which ends at the first. */
  #at(depth: number): Micros {
    const index = this.#largest.length - 1 - depth;
    if (index >= 0) return this.#largest[index] as Micros;
    return (this.#largest[0] as Micros) + index * FIRST_STEP;
  }

  #insert(pts: Micros): void {
    const { length } = this.#largest;
    let at = length;
    while (at > 0 && (this.#largest[at - 1] as Micros) > pts) at--;
    this.#largest.splice(at, 0, pts);
    // One that is smaller than all must stay, as its decode time is looked for now.
    if (length > MOST_REORDERED) this.#largest.splice(at === 0 ? 1 : 0, 1);
  }
}
