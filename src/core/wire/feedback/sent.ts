// What was sent to one player and when, joined with its feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 §3.1).
import { fromSeconds, type Micros } from '../../base/time.ts';
import type { TransportFeedback } from '../rtcp/index.ts';

/** Packets that wait for feedback: 400 ms at 10 000 packets a second; a power of two. */
const RING = 4096;
/** Feedback about older packets says nothing about the path now. */
const AGE = fromSeconds(5);
/** Times of feedback wrap after 2^24 steps of 64 ms. */
const TIME_RANGE: Micros = 2 ** 24 * 64_000;

/** What became of a packet. */
export interface SentResult {
  /** With headers. */
  readonly bytes: number;
  readonly sentAt: Micros;
  /** On the clock of the receiver; undefined: it says that the packet did not come. */
  readonly arrivedAt: Micros | undefined;
}

/** Of one session; it also gives the transport-wide sequences. */
export class SentLedger {
  readonly #times = new Float64Array(RING);
  readonly #bytes = new Uint16Array(RING);
  /** Which sequence a place holds; -Infinity: none, or it is settled. */
  readonly #sequences = new Float64Array(RING).fill(Number.NEGATIVE_INFINITY);
  #next = 0;
  #clock: Micros | undefined;

  /** The transport-wide sequence of a packet that is sent now; 16 bits. */
  sent(bytes: number, now: Micros): number {
    const sequence = this.#next++;
    const place = sequence & (RING - 1);
    this.#sequences[place] = sequence;
    this.#times[place] = now;
    this.#bytes[place] = bytes;
    return sequence & 0xffff;
  }

  /**
   * What the feedback says about packets that it was not said of before, in the order of their sequences. A packet that was
   * reported missing may be reported again when it has come after all.
   */
  settle({ base, arrivals }: TransportFeedback, now: Micros): SentResult[] {
    const results: SentResult[] = [];
    // Counted back from what was sent last, not from the feedback before: that may be long ago, or a lie.
    const newest = this.#next - 1;
    let sequence = newest - ((newest - base) & 0xffff);
    for (const arrival of arrivals) {
      const arrivedAt = arrival === undefined ? undefined : this.#unwrap(arrival);
      const result = this.#result(sequence++, arrivedAt, now);
      if (result !== undefined) results.push(result);
    }
    return results;
  }

  #result(sequence: number, arrivedAt: Micros | undefined, now: Micros): SentResult | undefined {
    const place = sequence & (RING - 1);
    if (this.#sequences[place] !== sequence) return undefined;
    const sentAt = this.#times[place] as number;
    if (arrivedAt !== undefined) this.#sequences[place] = Number.NEGATIVE_INFINITY;
    return now - sentAt > AGE ? undefined : { bytes: this.#bytes[place] as number, sentAt, arrivedAt };
  }

  /** The reference time wraps after twelve days. */
  #unwrap(time: Micros): Micros {
    const last = this.#clock ?? time;
    const turns = Math.round((last - time) / TIME_RANGE);
    this.#clock = time + turns * TIME_RANGE;
    return this.#clock;
  }
}
