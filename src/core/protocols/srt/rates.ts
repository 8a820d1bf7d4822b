// Packets and bytes per second that arrive, and what the link could carry, as an ACK reports them (§3.2.4, §4.8).
import { MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import { OVERHEAD_BYTES } from './packet.ts';

const ARRIVALS = 16;
const PROBES = 64;
/** The second of a pair is sent right behind the first: every 16th packet (§4.8, UDT's packet pair). */
const PROBE_MASK = 15;

/** Whether the next packet after this sequence number is to be sent without a pause. */
export const isProbe = (sequence: number): boolean => (sequence & PROBE_MASK) === 0;

/** Medians over the last arrivals, so that one pause does not count. */
export class Rates {
  readonly #intervals = new Float64Array(ARRIVALS);
  readonly #sizes = new Float64Array(ARRIVALS);
  readonly #probes = new Float64Array(PROBES).fill(1000);
  #arrivals = 0;
  #probed = 0;
  #lastAt: Micros | undefined;
  #probeAt: Micros | undefined;

  /** An original packet of `payloadBytes` came. */
  note(sequence: number, payloadBytes: number, now: Micros): void {
    if (this.#lastAt !== undefined) {
      const slot = this.#arrivals++ % ARRIVALS;
      this.#intervals[slot] = now - this.#lastAt;
      this.#sizes[slot] = payloadBytes;
    }
    this.#lastAt = now;
    if (isProbe(sequence)) this.#probeAt = now;
    else if (isProbe(sequence - 1) && this.#probeAt !== undefined) this.#pair(now - this.#probeAt, payloadBytes);
  }

  /** Packets and bytes per second, by the middle of the last arrivals; 0 before there are enough. */
  receive(): { readonly packets: number; readonly bytes: number } {
    if (this.#arrivals < ARRIVALS) return { packets: 0, bytes: 0 };
    const median = middle(this.#intervals);
    let time = 0;
    let bytes = 0;
    let count = 0;
    for (let i = 0; i < ARRIVALS; i++) {
      const interval = this.#intervals[i] as number;
      if (interval > median * 8 || interval < median / 8) continue;
      time += interval;
      bytes += (this.#sizes[i] as number) + OVERHEAD_BYTES;
      count++;
    }
    // Half of the arrivals must be regular, or the average means nothing.
    if (count <= ARRIVALS / 2 || time <= 0) return { packets: 0, bytes: 0 };
    return {
      packets: Math.ceil((count * MICROS_PER_SECOND) / time),
      bytes: Math.ceil((bytes * MICROS_PER_SECOND) / time),
    };
  }

  /** Packets per second that the link could carry. */
  capacity(): number {
    const median = middle(this.#probes);
    let time = 0;
    let count = 0;
    for (const probe of this.#probes) {
      if (probe > median * 8 || probe < median / 8) continue;
      time += probe;
      count++;
    }
    return time <= 0 ? 0 : Math.ceil((count * MICROS_PER_SECOND) / time);
  }

  #pair(gap: Micros, payloadBytes: number): void {
    this.#probeAt = undefined;
    // A short packet passes faster: scaled to a full one, as libsrt.
    const scaled = (gap * 1456) / Math.max(1, payloadBytes);
    this.#probes[this.#probed++ % PROBES] = Math.max(1, scaled);
  }
}

const middle = (values: Float64Array): number => values.toSorted()[values.length >> 1] as number;
