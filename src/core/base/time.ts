// Units of time and conversions between them; the only place that multiplies or divides times.

/**
 * Whole microseconds. Every media clock we meet (1, 8, 16, 44.1, 48, 90 kHz) has a tick of more than 10 µs, so a
 * tick survives the round trip tick -> µs -> tick exactly.
 */
export type Micros = number;

export const MICROS_PER_SECOND = 1_000_000;

/** Milliseconds to microseconds. */
export const fromMs = (ms: number): Micros => Math.round(ms * 1000);

/** Microseconds to whole milliseconds, rounded down so that order is kept. */
export const toMs = (time: Micros): number => Math.floor(time / 1000);

/** Seconds (may be fractional) to microseconds. */
export const fromSeconds = (seconds: number): Micros => Math.round(seconds * MICROS_PER_SECOND);

/** Microseconds to seconds, as a fraction. */
export const toSeconds = (time: Micros): number => time / MICROS_PER_SECOND;

/** Ticks of a clock of `rate` Hz to microseconds, rounded to the nearest. */
export const fromTicks = (ticks: number, rate: number): Micros => Math.round((ticks * MICROS_PER_SECOND) / rate);

/** Microseconds to ticks of a clock of `rate` Hz, rounded to the nearest. */
export const toTicks = (time: Micros, rate: number): number => Math.round((time * rate) / MICROS_PER_SECOND);

/**
 * Turns a counter that wraps after 2^bits into one that grows for ever.
 *
 * A step of less than half the range is taken as the true distance, forwards or backwards, so reordered values stay
 * near their neighbours (RFC 1982 in spirit). The first value is returned as it is; later ones may be negative when
 * the wire steps back across zero.
 */
export class Unwrapper {
  readonly #range: number;
  #last: number | undefined;

  /** @param bits width of the wire field, 1 to 48. */
  constructor(bits: number) {
    this.#range = 2 ** bits;
  }

  unwrap(value: number): number {
    if (this.#last === undefined) {
      this.#last = value;
      return value;
    }
    const range = this.#range;
    let step = (value - this.#last) % range;
    if (step < 0) step += range;
    if (step >= range / 2) step -= range;
    this.#last += step;
    return this.#last;
  }

  /** Forgets the history: the next value is taken as it is. */
  reset(): void {
    this.#last = undefined;
  }
}
