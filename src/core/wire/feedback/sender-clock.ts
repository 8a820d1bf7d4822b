// Sender reports: NTP and RTP time of the same moment, so that a player can put sound and picture together (RFC 3550 §6.4.1).
import { fromSeconds, type Micros, toTicks } from '../../base/time.ts';
import { ntpOf, type ReportBlock, type RtcpPacket } from '../rtcp/index.ts';

/** Between two reports of one stream. Chosen: libwebrtc needs two of them to lock sound to picture. */
const INTERVAL = fromSeconds(1);

/** What all streams of one player share: when the media time 0 was on the wall. */
export class PlayerClock {
  #offset: Micros | undefined;

  /**
   * The first packet of any stream sets the clock: that media time is now. The same for all streams of the player, so that
   * their distance is that of the media.
   */
  begin(mediaTime: Micros, wall: Micros): void {
    this.#offset ??= wall - mediaTime;
  }

  /** The media time that is due at a wall time; undefined before the first packet. */
  mediaAt(wall: Micros): Micros | undefined {
    return this.#offset === undefined ? undefined : wall - this.#offset;
  }
}

/** Of one SSRC that we send. */
export class SenderClock {
  readonly #ssrc: number;
  readonly #rate: number;
  readonly #clock: PlayerClock;
  #base = 0;
  #packets = 0;
  #octets = 0;
  #next: Micros = Number.POSITIVE_INFINITY;

  /**
   * @param rate ticks a second.
   * @param base added to the ticks of the media time to give the time stamp on the wire (RFC 3550 §5.1: random).
   */
  constructor({ ssrc, rate, base, clock }: { ssrc: number; rate: number; base: number; clock: PlayerClock }) {
    this.#ssrc = ssrc;
    this.#rate = rate;
    this.#base = base;
    this.#clock = clock;
  }

  /** When the next report is due; Infinity: nothing was sent. */
  get deadline(): Micros {
    return this.#next;
  }

  /** A packet with so many bytes of payload is sent; the first one makes a report due at once. */
  sent(payloadBytes: number, now: Micros): void {
    this.#packets++;
    this.#octets += payloadBytes;
    if (this.#next === Number.POSITIVE_INFINITY) this.#next = now;
  }

  /** The report that is due; undefined: none is. */
  take(now: Micros, wall: Micros, reports: readonly ReportBlock[] = []): (RtcpPacket & { type: 'sr' }) | undefined {
    const media = this.#clock.mediaAt(wall);
    if (now < this.#next || media === undefined) return undefined;
    this.#next = now + INTERVAL;
    return {
      type: 'sr',
      ssrc: this.#ssrc,
      ...ntpOf(wall),
      timestamp: (this.#base + toTicks(media, this.#rate)) >>> 0,
      packets: this.#packets >>> 0,
      bytes: this.#octets >>> 0,
      reports,
    };
  }
}
