// What a receiver tells a sender about one stream (RFC 3550 §6.4.1, appendices A.3 and A.8).
import { type Micros, toTicks } from '../../base/time.ts';
import { fromUnits, middleOf, type NtpTime, type ReportBlock, toUnits } from '../rtcp/index.ts';

/** Sequences and time stamps are unwrapped. */
export class Reception {
  readonly #ssrc: number;
  readonly #rate: number;
  #first: number | undefined;
  #highest = 0;
  #received = 0;
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

  /** A packet of the stream itself; a repaired one says nothing about the path's jitter. */
  arrived(sequence: number, ticks: number, now: Micros, repaired = false): void {
    this.#first ??= sequence;
    if (this.#received === 0 || sequence > this.#highest) this.#highest = sequence;
    if (sequence < this.#first) this.#first = sequence;
    this.#received++;
    if (repaired) return;
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
