// What a receiver tells a sender about one stream (RFC 3550 §6.4.1, appendices A.3 and A.8).
import { type Micros, toTicks } from '../../base/time.ts';
import { fromUnits, middleOf, type NtpTime, type ReportBlock, toUnits } from '../rtcp/index.ts';

/** A jump of the sequence beyond this is a sender that began anew (A.1: MAX_DROPOUT). */
const MOST_DROPOUT = 3000;

/** Sequences and time stamps are unwrapped. */
export class Reception {
  readonly #ssrc: number;
  readonly #rate: number;
  #first: number | undefined;
  #highest = 0;
  #received = 0;
  /** The successor of the last packet that was far too old; undefined: there was none. */
  #restart: number | undefined;
  #expectedBefore = 0;
  #receivedBefore = 0;
  #transit: number | undefined;
  /** Sixteen times the jitter in ticks, as A.8 does without fractions. */
  #jitter = 0;
  #report: { readonly middle: number; readonly at: Micros } | undefined;

  /** @param rate ticks a second of the payload's clock. */
  constructor(ssrc: number, rate: number) {
    this.#ssrc = ssrc;
    this.#rate = rate;
  }

  /** Packets lost since the beginning; duplicates count against it, as §6.4.1 wants. */
  get lost(): number {
    return this.#expected() - this.#received;
  }

  /** Mean deviation of the transit time, in ticks. */
  get jitterTicks(): number {
    return this.#jitter >> 4;
  }

  /**
   * A packet has come. One that a retransmission stream brought does not count: it was lost on this one (RFC 4588 §4).
   *
   * A jump backwards is believed when two packets in order make it (A.1).
   */
  arrived(sequence: number, ticks: number, now: Micros, repaired = false): void {
    if (repaired) return;
    if (this.#first === undefined || sequence > this.#highest + MOST_DROPOUT) this.#begin(sequence);
    else if (sequence < this.#highest - MOST_DROPOUT) {
      if (sequence !== this.#restart) {
        this.#restart = sequence + 1;
        return;
      }
      this.#begin(sequence - 1);
      this.#received++;
    }
    this.#highest = Math.max(this.#highest, sequence);
    this.#first = Math.min(this.#first ?? sequence, sequence);
    this.#received++;
    const transit = toTicks(now, this.#rate) - ticks;
    if (this.#transit !== undefined) {
      const difference = Math.min(Math.abs(transit - this.#transit), MOST_DIFFERENCE);
      this.#jitter += difference - ((this.#jitter + 8) >> 4);
    }
    this.#transit = transit;
  }

  /** A sender report of this stream has come. */
  reported(ntp: NtpTime, now: Micros): void {
    this.#report = { middle: middleOf(ntp), at: now };
  }

  /** The block for the next report, which begins a new interval; undefined when nothing has come. */
  block(now: Micros): ReportBlock | undefined {
    if (this.#first === undefined) return undefined;
    const expected = this.#expected();
    const expectedSince = expected - this.#expectedBefore;
    const lostSince = expectedSince - (this.#received - this.#receivedBefore);
    this.#expectedBefore = expected;
    this.#receivedBefore = this.#received;
    const fraction = expectedSince <= 0 || lostSince <= 0 ? 0 : Math.floor((lostSince * 256) / expectedSince);
    return {
      ssrc: this.#ssrc,
      fractionLost: Math.min(255, fraction),
      lost: this.lost,
      highest: this.#highest >>> 0,
      jitter: this.jitterTicks >>> 0,
      lastReport: this.#report?.middle ?? 0,
      delay: this.#report === undefined ? 0 : toUnits(now - this.#report.at),
    };
  }

  /** Everything is counted anew; what a receiver of the reports does with lower numbers is its own (A.3). */
  #begin(sequence: number): void {
    this.#first = sequence;
    this.#highest = sequence;
    this.#received = 0;
    this.#expectedBefore = 0;
    this.#receivedBefore = 0;
    this.#transit = undefined;
    this.#restart = undefined;
  }

  #expected(): number {
    return this.#first === undefined ? 0 : this.#highest - this.#first + 1;
  }
}

/** A sender's clock that jumps is no jitter of this size: 10 s at 90 kHz. */
const MOST_DIFFERENCE = 900_000;

/**
 * The round trip that a block about our own stream shows (RFC 3550 §6.4.1); undefined when it answers no report, or says
 * that the answer came before the question.
 *
 * @param now the wall clock of the reports sent.
 */
export function roundTripOf({ lastReport, delay }: ReportBlock, now: NtpTime): Micros | undefined {
  if (lastReport === 0) return undefined;
  const units = (middleOf(now) - lastReport - delay) | 0;
  return units < 0 ? undefined : fromUnits(units);
}
