// Round-trip time and its variance (draft-sharabayko-srt-01 §4.10).
import { fromMs, type Micros } from '../../base/time.ts';

const INITIAL_RTT = fromMs(100);
const INITIAL_VARIANCE = fromMs(50);
/** Chosen: what is longer than this was forged or is useless for live media. */
const MAX_RTT = fromMs(10_000);

/** One estimate for both halves of a connection. */
export class RoundTrip {
  rtt: Micros = INITIAL_RTT;
  variance: Micros = INITIAL_VARIANCE;
  /** The first measurement: the reference of the drift. */
  first: Micros | undefined;

  /** From an ACK of ours and its ACKACK. */
  sample(sample: Micros): void {
    if (sample < 0 || sample > MAX_RTT) return;
    if (this.first === undefined) {
      this.first = sample;
      this.rtt = sample;
      this.variance = sample / 2;
      return;
    }
    this.variance = (this.variance * 3 + Math.abs(this.rtt - sample)) / 4;
    this.rtt = (this.rtt * 7 + sample) / 8;
  }

  /** From an ACK of the peer: its own estimate, taken while we have none. */
  adopt(rtt: Micros, variance: Micros): void {
    if (this.first !== undefined || rtt > MAX_RTT || variance > MAX_RTT) return;
    this.rtt = rtt;
    this.variance = variance;
  }

  /** After this time an answer is overdue. */
  get patience(): Micros {
    return Math.round(this.rtt + 4 * this.variance);
  }
}
