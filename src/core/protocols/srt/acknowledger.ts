// When to acknowledge, and what the answers say about the round trip (draft-sharabayko-srt-01 §4.8.1, §4.10).
import { fromMs, type Micros } from '../../base/time.ts';
import type { RoundTrip } from './round-trip.ts';

/** A full ACK at most so often. */
const ACK_PERIOD = fromMs(10);
/** A light ACK after so many packets without a full one. */
const LIGHT_PACKETS = 64;
/** ACKs whose answer is still waited for. */
const REMEMBERED = 256;

/** Numbers ACKs, says when they are due, and measures their round trip. */
export class Acknowledger {
  readonly #roundTrip: RoundTrip;
  /** Ring of the times at which ACKs were sent, by number. */
  readonly #sentAt = new Float64Array(REMEMBERED).fill(Number.NaN);
  readonly #points = new Float64Array(REMEMBERED);
  #number = 0;
  #packets = 0;
  #lastAt: Micros = Number.NEGATIVE_INFINITY;
  /** Up to where the peer knows that we know. */
  #confirmed: number;
  #sentPoint: number;
  deadline: Micros = Number.POSITIVE_INFINITY;

  constructor(first: number, roundTrip: RoundTrip) {
    this.#confirmed = first;
    this.#sentPoint = first;
    this.#roundTrip = roundTrip;
  }

  /** A packet came, or some were given up. True: a light ACK is due at once. */
  note(now: Micros): boolean {
    const due = Math.max(now, this.#lastAt + ACK_PERIOD);
    if (due < this.deadline) this.deadline = due;
    if (++this.#packets < LIGHT_PACKETS) return false;
    this.#packets = 0;
    return true;
  }

  /** The number of the full ACK to send now for everything before `point`; undefined when the peer knows it. */
  take(point: number, now: Micros): number | undefined {
    const patience = Math.max(ACK_PERIOD, this.#roundTrip.patience);
    if (point <= this.#confirmed) {
      this.deadline = Number.POSITIVE_INFINITY;
      return undefined;
    }
    if (point === this.#sentPoint && now < this.#lastAt + patience) {
      this.deadline = this.#lastAt + patience;
      return undefined;
    }
    this.#sentPoint = point;
    this.#lastAt = now;
    this.#packets = 0;
    this.deadline = now + patience;
    this.#number = (this.#number + 1) >>> 0;
    this.#sentAt[this.#number % REMEMBERED] = now;
    this.#points[this.#number % REMEMBERED] = point;
    return this.#number;
  }

  /** The answer to an ACK: the round trip it took; undefined for one that is not remembered. */
  answered(number: number, now: Micros): Micros | undefined {
    if (number > this.#number || number <= this.#number - REMEMBERED) return undefined;
    const slot = number % REMEMBERED;
    const sentAt = this.#sentAt[slot] as number;
    if (Number.isNaN(sentAt)) return undefined;
    this.#sentAt[slot] = Number.NaN;
    this.#confirmed = Math.max(this.#confirmed, this.#points[slot] as number);
    return now - sentAt;
  }
}
