// Time stamp based packet delivery: when a packet is due on our clock, and how the peer's clock drifts (§4.5, §4.7).
import { fromMs, fromSeconds, type Micros } from '../../base/time.ts';
import { unwrapTimestamp } from './sequence.ts';

/** Samples are averaged over this time: a clock that is wrong by 100 ppm is then followed within half a millisecond. */
const DRIFT_TIME = fromSeconds(3);
/** Fewer say more about jitter than about drift. One comes with each ACKACK, up to a hundred a second. */
const DRIFT_SAMPLES = 16;
/** What exceeds this is moved into the base, as in libsrt. */
const MAX_DRIFT = fromMs(5);

/** The peer's clock as we see it. */
export class Tsbpd {
  readonly delay: Micros;
  readonly #traced: boolean;
  /** The peer's time 0 on our clock. */
  #base: Micros;
  #drift: Micros = 0;
  #sum = 0;
  #count = 0;
  #since: Micros | undefined;
  /** The newest time stamp, unwrapped: the reference for the next. */
  #newest: Micros;

  /**
   * @param start the peer's time 0 on our clock, by its handshake.
   * @param timestamp of that handshake, from which later ones are unwrapped.
   */
  constructor(start: Micros, timestamp: Micros, delay: Micros, traced: boolean) {
    this.#base = start;
    this.#newest = timestamp;
    this.delay = delay;
    this.#traced = traced;
  }

  /** The growing time of a time stamp. */
  unwrap(timestamp: number): Micros {
    const time = unwrapTimestamp(timestamp, this.#newest);
    if (time > this.#newest) this.#newest = time;
    return time;
  }

  /** When a packet of an unwrapped time is due. */
  due(time: Micros): Micros {
    return this.#base + time + this.delay + this.#drift;
  }

  /** When it was sent, on our clock. */
  sourceTime(time: Micros): Micros {
    return this.#base + time + this.#drift;
  }

  /**
   * A packet that the peer sent at `timestamp` came at `now`. `rttChange` is how much longer a round trip takes than when
   * the base was taken: half of it is not drift.
   */
  sample(timestamp: number, now: Micros, rttChange: Micros): void {
    if (!this.#traced) return;
    this.#sum += now - this.#base - this.unwrap(timestamp) - rttChange / 2;
    this.#since ??= now;
    if (++this.#count < DRIFT_SAMPLES || now - this.#since < DRIFT_TIME) return;
    this.#since = now;
    this.#drift = Math.round(this.#sum / this.#count);
    this.#sum = 0;
    this.#count = 0;
    if (Math.abs(this.#drift) <= MAX_DRIFT) return;
    const over = Math.sign(this.#drift) * MAX_DRIFT;
    this.#base += over;
    this.#drift -= over;
  }

  /** For statistics and tests. */
  get drift(): Micros {
    return this.#drift;
  }
}
