// How fast packets may leave: live congestion control (draft-sharabayko-srt-01 §5.1).
import { fromMs, MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import type { SrtOptions } from './options.ts';
import { OVERHEAD_BYTES } from './packet.ts';

/** Timers have a grain of a millisecond or more: what was not sent for this long may be made up for. */
const CREDIT = fromMs(10);
/** The input rate is measured over this time, the first time over the shorter one, as in libsrt. */
const MEASURE_TIME = fromMs(1000);
const FIRST_MEASURE_TIME = fromMs(500);

/** libsrt's BW_INFINITE in bytes per second. */
const UNBOUNDED_RATE = 125_000_000;

/** Says when the next packet may leave; without a bound on the rate, always. */
export class Pacer {
  readonly #options: SrtOptions;
  /** The rate follows the input. */
  readonly #measures: boolean;
  /** Bytes per second, with headers; Infinity: without a bound. */
  rate: number;
  #nextAt: Micros = 0;
  #averageBytes: number;
  #measuredSince: Micros | undefined;
  #measuredBytes = 0;
  #measured = 0;

  constructor(options: SrtOptions) {
    this.#options = options;
    this.#measures = options.maxbw === 0 && options.inputbw <= 0;
    this.#averageBytes = options.payloadsize;
    this.rate = this.#target();
  }

  /** A message was given to be sent. */
  noteInput(payloadBytes: number, now: Micros): void {
    if (!this.#measures) return;
    this.#measuredSince ??= now;
    this.#measuredBytes += payloadBytes + OVERHEAD_BYTES;
    const span = now - this.#measuredSince;
    if (span < (this.#measured === 0 ? FIRST_MEASURE_TIME : MEASURE_TIME)) return;
    this.#measured = (this.#measuredBytes * MICROS_PER_SECOND) / span;
    this.#measuredSince = now;
    this.#measuredBytes = 0;
    this.rate = this.#target();
  }

  ready(now: Micros): boolean {
    return this.#free || now >= this.#nextAt;
  }

  /** When the next packet may leave. */
  get nextAt(): Micros {
    return this.#free ? 0 : this.#nextAt;
  }

  /** As libsrt, nothing above 1 Gbit/s is a bound. */
  get #free(): boolean {
    return this.rate >= UNBOUNDED_RATE;
  }

  /** A packet left. `pair`: the next one follows at once, so that the receiver can measure the link. */
  sent(payloadBytes: number, pair: boolean, now: Micros): void {
    if (this.#free) return;
    this.#averageBytes += (payloadBytes - this.#averageBytes) / 128;
    const base = Math.max(this.#nextAt, now - CREDIT);
    this.#nextAt = base + (pair ? 0 : ((payloadBytes + OVERHEAD_BYTES) * MICROS_PER_SECOND) / this.rate);
  }

  /** SRT's sending period of an average packet; without a bound that of 1 Gbit/s, as libsrt says it. */
  get period(): Micros {
    return ((this.#averageBytes + OVERHEAD_BYTES) * MICROS_PER_SECOND) / Math.min(this.rate, UNBOUNDED_RATE);
  }

  #target(): number {
    const { maxbw, inputbw, mininputbw, oheadbw } = this.#options;
    if (maxbw > 0) return maxbw;
    if (maxbw < 0) return Number.POSITIVE_INFINITY;
    const input = inputbw > 0 ? inputbw : Math.max(this.#measured, this.#measured === 0 ? 0 : mininputbw);
    return input === 0 ? Number.POSITIVE_INFINITY : (input * (100 + oheadbw)) / 100;
  }
}
