// Places frames on the clock of their MP4 track: absolute times, so that rounding never adds up.
import { type Micros, toTicks } from '../../base/time.ts';

/**
 * Turns decode times into ticks of one track.
 *
 * Sound that came with times in whole milliseconds (RTMP, FLV) jitters by a millisecond, which browsers hear as gaps
 * and overlaps of a few samples. Where the length of the frame before is known, a frame within `TOLERANCE` of its
 * end is put exactly there. The grid begins at a real time stamp and is left as soon as the times stay away from it
 * (drifting clocks, lost frames), so the error never grows beyond the tolerance.
 */
export class Cadence {
  readonly #timescale: number;
  readonly #tolerance: number;
  #last = 0;
  #expected: number | undefined;

  constructor(timescale: number) {
    this.#timescale = timescale;
    this.#tolerance = Math.ceil(toTicks(TOLERANCE, timescale)) + 1;
  }

  /**
   * The frame's decode time in ticks: whole, at least 0 (tfdt has no sign), never below the one before.
   *
   * @param length the frame's own duration in ticks, where its codec says it.
   */
  place(dts: Micros, length: number | undefined): number {
    let ticks = Math.max(this.#last, toTicks(dts, this.#timescale));
    const expected = this.#expected;
    if (expected !== undefined && Math.abs(ticks - expected) <= this.#tolerance) ticks = expected;
    this.#last = ticks;
    this.#expected = length === undefined ? undefined : ticks + length;
    return ticks;
  }
}

/** Chosen: two roundings to a millisecond; far below what an ear or an eye notices between sound and picture. */
const TOLERANCE: Micros = 2000;
