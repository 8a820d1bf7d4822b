// One connection to the media port: packets with their lengths in front (RFC 4571), whose first known SSRC says whose it is.
import { Reporter } from '../../base/counters.ts';
import { SrsxError } from '../../base/errors.ts';
import { formatAddress, type Link, type Peer } from '../../base/link.ts';
import type { Session } from '../../base/session.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import type { Host } from '../../control/host.ts';
import { FrameReader, kindOf, parsePacket, type RtpPacket } from '../../wire/rtp/index.ts';
import { errors } from './errors.ts';
import { ssrcText } from './names.ts';
import type { Receiver, Sender } from './receiver.ts';

/** The length has 16 bits; cameras send up to 1500 bytes, and some more. */
const MOST_FRAME_BYTES = 0xffff;

/** What a connection needs. */
export interface MediaLinkOptions {
  readonly host: Host;
  readonly link: Link;
  /** Whose SSRC it is, sent from this address. */
  readonly find: (ssrc: number, from: Peer) => Receiver | undefined;
  readonly onOver: (over: MediaLink) => void;
}

/** unknown -- packet of a known SSRC --> bound -- closed, refused --> over. */
export class MediaLink implements Session, Sender {
  readonly #options: MediaLinkOptions;
  readonly #reader = new FrameReader(MOST_FRAME_BYTES);
  readonly #odd: Reporter;
  #receiver: Receiver | undefined;
  #ssrc = 0;
  #over = false;
  deadline: Micros;

  constructor(options: MediaLinkOptions) {
    this.#options = options;
    const { host, link } = options;
    this.deadline = host.clock.now() + host.limits.handshakeTime;
    this.#odd = new Reporter((count, last) =>
      host.log.warn('gb28181', 'packets are left out', { count, last, peer: formatAddress(link.peer) }),
    );
  }

  get peer(): Peer {
    return this.#options.link.peer;
  }

  /** Throws RTP_FRAME, GB_TAKEN, GB_LATE. */
  receive(bytes: Uint8Array, now: Micros): void {
    if (this.#over) return;
    for (const frame of this.#reader.push(bytes)) {
      const packet = this.#parse(frame, now);
      if (packet !== undefined) this.#packet(packet, now);
      if (this.#over) return;
    }
  }

  /** Errors: GB_STRANGER. */
  tick(): void {
    if (this.#over) return;
    throw errors.protocol('STRANGER', { seconds: toSeconds(this.#options.host.limits.handshakeTime) });
  }

  close(reason: SrsxError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.deadline = Number.POSITIVE_INFINITY;
    const { link, host, onOver } = this.#options;
    if (reason !== undefined) {
      host.log.warn('gb28181', `a connection ends: ${reason.message}`, {
        peer: formatAddress(link.peer),
        code: reason.code,
      });
    }
    onOver(this);
    this.#receiver?.left(this, reason);
    link.close(reason);
  }

  pause(): void {
    this.#options.link.pause();
  }

  resume(): void {
    this.#options.link.resume();
  }

  end(reason: SrsxError | undefined): void {
    this.close(reason);
  }

  /** RTCP is of no use here; what is damaged costs itself, since lengths tell where the next one begins. */
  #parse(frame: Uint8Array, now: Micros): RtpPacket | undefined {
    if (kindOf(frame) === 'rtcp') return undefined;
    try {
      return parsePacket(frame);
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      this.#odd.note(error.code, now);
      return undefined;
    }
  }

  #packet({ ssrc, payload }: RtpPacket, now: Micros): void {
    if (this.#receiver === undefined) {
      const found = this.#options.find(ssrc, this.peer);
      if (found === undefined) {
        this.#odd.note(`SSRC ${ssrcText(ssrc)}`, now);
        return;
      }
      found.claim(this, now);
      this.#receiver = found;
      this.#ssrc = ssrc;
      this.deadline = Number.POSITIVE_INFINITY;
    }
    if (ssrc === this.#ssrc) this.#receiver.receive(this, payload, now);
    else this.#odd.note(`SSRC ${ssrcText(ssrc)}`, now);
  }
}
