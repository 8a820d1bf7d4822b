// Minimum, mean, maximum and deviation of numbers that pass by, in constant memory.
import type { Range } from './probe-report.ts';

export class Spread {
  count = 0;
  min = Number.POSITIVE_INFINITY;
  max = Number.NEGATIVE_INFINITY;
  #mean = 0;
  /** Sum of squared differences from the mean (Welford). */
  #squares = 0;

  add(value: number): void {
    this.count++;
    if (value < this.min) this.min = value;
    if (value > this.max) this.max = value;
    const delta = value - this.#mean;
    this.#mean += delta / this.count;
    this.#squares += delta * (value - this.#mean);
  }

  get avg(): number {
    return this.#mean;
  }

  /** Standard deviation. */
  get deviation(): number {
    return this.count < 2 ? 0 : Math.sqrt(this.#squares / this.count);
  }

  /** Undefined when nothing passed by. */
  range(): Range | undefined {
    return this.count === 0 ? undefined : { min: round(this.min), avg: round(this.avg), max: round(this.max) };
  }
}

/** Three digits behind the point are enough for milliseconds and seconds. */
export const round = (value: number): number => Math.round(value * 1000) / 1000;
