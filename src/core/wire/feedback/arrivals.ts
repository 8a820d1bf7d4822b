// When each packet of a session came, as transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01).
import { fromMs, type Micros, Unwrapper } from '../../base/time.ts';
import type { TransportFeedback } from '../rtcp/index.ts';

/** Packets that are remembered: twice what a feedback can have; a power of two. */
const RING = 2048;
/** Packets of one feedback, so that it fits a datagram with two bytes for each and its chunks. */
const MOST_REPORTED = 400;
/** Between two feedbacks (SRS: 100 ms); Chromium sends its own every 50 to 250 ms. */
const INTERVAL = fromMs(50);

/** Of all streams of one session together. */
export class ArrivalRecorder {
  readonly #unwrapper = new Unwrapper(16);
  readonly #times = new Float64Array(RING);
  /** Which sequence a place holds. */
  readonly #sequences = new Float64Array(RING).fill(Number.NEGATIVE_INFINITY);
  #newest = Number.NEGATIVE_INFINITY;
  /** Lowest sequence that was not reported; Infinity: all were. */
  #first = Number.POSITIVE_INFINITY;
  #next: Micros = Number.POSITIVE_INFINITY;
  #count = 0;

  /** When the next feedback is due; Infinity: nothing has come since the last one. */
  get deadline(): Micros {
    return this.#next;
  }

  /** @param sequence transport-wide, 16 bits. */
  arrived(sequence: number, now: Micros): void {
    const index = this.#unwrapper.unwrap(sequence);
    const place = index & (RING - 1);
    // Older than the ring, or seen before.
    if (index <= this.#newest - RING || this.#sequences[place] === index) return;
    this.#sequences[place] = index;
    this.#times[place] = now;
    if (index > this.#newest) this.#newest = index;
    if (index < this.#first) this.#first = index;
    if (this.#next === Number.POSITIVE_INFINITY) this.#next = now + INTERVAL;
  }

  /**
   * The feedback on what came since the last one; undefined when none is due. To be asked until it gives none: many packets
   * take more than one. Packets between that were reported before are reported again, as they are not lost.
   */
  take(now: Micros, sender: number, ssrc: number): TransportFeedback | undefined {
    if (now < this.#next) return undefined;
    const base = this.#nextKnown(Math.max(this.#first, this.#newest - RING + 1));
    const end = Math.min(this.#newest + 1, base + MOST_REPORTED);
    const arrivals: (Micros | undefined)[] = [];
    for (let index = base; index < end; index++) {
      const place = index & (RING - 1);
      arrivals.push(this.#sequences[place] === index ? this.#times[place] : undefined);
    }
    this.#first = end > this.#newest ? Number.POSITIVE_INFINITY : this.#nextKnown(end);
    if (this.#first === Number.POSITIVE_INFINITY) this.#next = Number.POSITIVE_INFINITY;
    const count = this.#count;
    this.#count = (this.#count + 1) & 0xff;
    return { sender, ssrc, base: base & 0xffff, count, arrivals };
  }

  /** A feedback must begin with a packet that came. The newest one did, so the walk ends there. */
  #nextKnown(from: number): number {
    let index = from;
    while (this.#sequences[index & (RING - 1)] !== index) index++;
    return index;
  }
}
