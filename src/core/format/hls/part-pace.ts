// How long parts are: a whole number of frames, so that all parts of a stream are as long as PART-TARGET says.
import { fromMs, fromSeconds, type Micros } from '../../base/time.ts';

/**
 * A part must be at most PART-TARGET long, and at least 85 % of it unless it is the last of its segment (RFC 8216bis
 * §4.4.3.7). Cutting at any frame breaks that: 200 ms hold four frames of 24 a second, which are 167 ms. So the
 * length of a frame is learnt from the first ones, and the target is the multiple of it that is nearest to the wish.
 */
export class PartPace {
  readonly #wanted: Micros;
  #first: Micros | undefined;
  #count = 0;
  #frame: Micros | undefined;

  constructor(wanted: Micros) {
    this.#wanted = wanted;
  }

  get known(): boolean {
    return this.#frame !== undefined;
  }

  /** What PART-TARGET says, before a frame came late. */
  get target(): Micros {
    return Math.max(Math.round(this.nominal * ROOM), this.nominal + SLACK);
  }

  /** A part of this length is complete: the next frame would make it too long. */
  get enough(): Micros {
    return Math.max(this.nominal - Math.round((this.#frame ?? 0) / 2), Math.ceil(this.target * SHORTEST));
  }

  /**
   * A frame of the leading track.
   *
   * @param length its own length where the codec says it.
   */
  learn(dts: Micros, length: Micros | undefined): void {
    if (this.#frame !== undefined) return;
    if (length !== undefined && length > 0) {
      this.#frame = length;
      return;
    }
    this.#first ??= dts;
    const span = dts - this.#first;
    if (span > 0 && (this.#count >= FRAMES || span >= SPAN)) this.#frame = span / this.#count;
    this.#count++;
  }

  /** No more frames to learn from. */
  settle(): void {
    this.#frame ??= fromMs(40);
  }

  /** How long a part is when frames come as they should. */
  get nominal(): Micros {
    const frame = this.#frame ?? this.#wanted;
    return Math.round(Math.max(1, Math.round(this.#wanted / frame)) * frame);
  }
}

/** Distances that are averaged: RTMP rounds each time to a millisecond. */
const FRAMES = 4;
/** The wait ends here for streams of few frames. */
const SPAN = fromSeconds(1);
/** A wished part stands in the middle of what is allowed, so that frames may come a little late or early. */
const ROOM = 1.08;
/** §4.4.3.7: no part but the last of a segment is shorter than this part of the target. */
const SHORTEST = 0.85;
/** Two roundings to a millisecond, and one more for the averaging. */
const SLACK = fromMs(3);
