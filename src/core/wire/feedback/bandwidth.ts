// The bit rate that the path to one player carries: the least of what delay, loss and the player's own estimate allow
// (draft-ietf-rmcat-gcc-02 §5.5 and §6, REMB).
import { fromMs, fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import { DelayTrend, type PathUse } from './delay-trend.ts';
import { Row } from './row.ts';
import type { SentResult } from './sent.ts';

/** What the estimate begins with and never leaves. */
export interface BandwidthBounds {
  readonly firstBps: number;
  readonly leastBps: number;
  readonly mostBps: number;
}

/** Chosen: 2 Mbit/s let a usual stream through at once; below 100 kbit/s there is no picture worth sending. */
export const defaultBounds: BandwidthBounds = { firstBps: 2_000_000, leastBps: 100_000, mostBps: 100_000_000 };

/** §5.5: a growing queue takes the rate to this part of what arrives. */
const DECREASE = 0.85;
/** §5.5: a second of free path adds this part. */
const INCREASE = 0.08;
/** The rate is not raised above this much of what arrives: a path that is not used proves nothing. */
const UNPROVEN = 1.5;
/** §6: loss below the first is noise, above the second is a full queue. */
const FEW_LOST = 0.02;
const MANY_LOST = 0.1;
/** What arrives is measured over this. */
const WINDOW = fromMs(500);
/** Packets of a window, at 16 000 a second; the times are those that the player tells. */
const MOST_ARRIVALS = 8192;
/** Two decreases are at least so far apart, or one full queue would count twice. */
const DECREASE_INTERVAL = fromMs(300);
/** A REMB that is not repeated is forgotten; Chromium sends one a second at least. */
const REMB_AGE = fromSeconds(5);

interface Arrival {
  readonly at: Micros;
  readonly bytes: number;
}

/** Of one player. Without any feedback it stays where it began. */
export class BandwidthEstimate {
  readonly #bounds: BandwidthBounds;
  readonly #trend = new DelayTrend();
  /** Of the last window. */
  readonly #arrivals = new Row<Arrival>();
  #arrivedBytes = 0;
  #delayBps: number;
  #lossBps: number;
  #remb: { readonly bps: number; readonly at: Micros } | undefined;
  #last: Micros | undefined;
  #decreased: Micros = Number.NEGATIVE_INFINITY;
  /**
   * Before the first sign of a limit the estimate follows what arrives at once. By 8 % a second a player of 20 Mbit/s would be
   * behind for half a minute on a path that has room for ten of it.
   */
  #starting = true;
  /** Part of the packets of the last feedbacks that were lost; smoothed, 0 to 1. */
  loss = 0;

  constructor(bounds: BandwidthBounds = defaultBounds) {
    this.#bounds = bounds;
    this.#delayBps = bounds.firstBps;
    this.#lossBps = bounds.firstBps;
  }

  /** Bits a second, headers included. */
  bps(now: Micros): number {
    const remb = this.#remb !== undefined && now - this.#remb.at < REMB_AGE ? this.#remb.bps : Number.POSITIVE_INFINITY;
    return this.#within(Math.min(this.#delayBps, this.#lossBps, remb));
  }

  /** Whether a queue grows on the path now. */
  get use(): PathUse {
    return this.#trend.use;
  }

  /** What the player said about packets, in the order of sending. */
  settled(results: readonly SentResult[], now: Micros): void {
    if (results.length === 0) return;
    let lost = 0;
    for (const result of results) {
      if (result.arrivedAt === undefined) lost++;
      else this.#arrived(result.arrivedAt, result.bytes);
      this.#trend.add(result);
    }
    this.loss = this.loss * 0.8 + (lost / results.length) * 0.2;
    const elapsed = Math.min(1, toSeconds(now - (this.#last ?? now)));
    this.#last = now;
    this.#byDelay(elapsed, now);
    this.#byLoss(elapsed, now);
  }

  /** The player's own estimate. */
  remb(bitrateBps: number, now: Micros): void {
    this.#remb = { bps: bitrateBps, at: now };
  }

  /** Bits a second that arrived in the last window; undefined: too few to tell. */
  get arrivingBps(): number | undefined {
    const { front: first, newest: last } = this.#arrivals;
    if (first === undefined || last === undefined) return undefined;
    const span = toSeconds(last.at - first.at);
    // The bytes of the first one came before the span began.
    return span < toSeconds(WINDOW) / 5 ? undefined : ((this.#arrivedBytes - first.bytes) * 8) / span;
  }

  /** Packets that the measurement goes through, at most 8192. */
  get arrivals(): number {
    return this.#arrivals.length;
  }

  #byDelay(elapsed: number, now: Micros): void {
    const arriving = this.arrivingBps;
    if (this.#trend.use === 'over') {
      if (now - this.#decreased < DECREASE_INTERVAL) return;
      this.#decreased = now;
      this.#starting = false;
      this.#delayBps = this.#within(Math.min(this.#delayBps, (arriving ?? this.#delayBps) * DECREASE));
    } else if (this.#trend.use === 'normal') {
      this.#delayBps = this.#raised(this.#delayBps, 1 + INCREASE * elapsed, arriving);
    }
  }

  #byLoss(elapsed: number, now: Micros): void {
    if (this.loss > MANY_LOST) {
      if (now - this.#decreased < DECREASE_INTERVAL) return;
      this.#decreased = now;
      this.#starting = false;
      this.#lossBps = this.#within(Math.min(this.#lossBps, this.#delayBps) * (1 - this.loss / 2));
    } else if (this.loss < FEW_LOST) {
      this.#lossBps = this.#raised(this.#lossBps, 1 + INCREASE * elapsed * 2, this.arrivingBps);
    }
  }

  /** Raised, but not above what the arriving rate proves; what was proven before is kept. */
  #raised(bps: number, factor: number, arriving: number | undefined): number {
    const ceiling = Math.max(bps, (arriving ?? 0) * UNPROVEN);
    return this.#within(this.#starting ? ceiling : Math.min(bps * factor, ceiling));
  }

  #arrived(at: Micros, bytes: number): void {
    const { newest } = this.#arrivals;
    // The player's clock was set back: what is in the future would be kept until it comes.
    if (newest !== undefined && at < newest.at - WINDOW) this.#forget(this.#arrivals.length);
    if (this.#arrivals.length >= MOST_ARRIVALS) this.#forget(MOST_ARRIVALS / 2);
    this.#arrivals.push({ at, bytes });
    this.#arrivedBytes += bytes;
    while ((this.#arrivals.front as Arrival).at < at - WINDOW) this.#forget(1);
  }

  #forget(count: number): void {
    for (let i = 0; i < count; i++) this.#arrivedBytes -= (this.#arrivals.shift() as Arrival).bytes;
  }

  #within(bps: number): number {
    return Math.min(this.#bounds.mostBps, Math.max(this.#bounds.leastBps, bps));
  }
}
