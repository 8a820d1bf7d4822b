// DTLS and SRTP of one connection, whatever way its datagrams take: what both a server and a client of WebRTC are built on.
import { SrsxError } from '../../base/errors.ts';
import type { Span } from '../../base/link.ts';
import type { Rng } from '../../base/rng.ts';
import type { Micros } from '../../base/time.ts';
import { DtlsEndpoint, type DtlsKeys, type Fingerprint, type Identity, isDtls } from '../../wire/dtls/index.ts';
import { parseRtcp, type RtcpPacket } from '../../wire/rtcp/index.ts';
import { kindOf } from '../../wire/rtp/index.ts';
import { nodeCiphers, type SrtpCiphers, SrtpReceiver, SrtpSender } from '../../wire/srtp/index.ts';
import { rtcErrors } from './errors.ts';

/** What media is sent through. */
export interface MediaTransport {
  /** Protects what we send; undefined before DTLS stands, and without encryption. */
  readonly srtp: SrtpSender | undefined;
  /** Sends the first `count` spans of `memory` as datagrams, as they are. Copies. False: the way is full, or there is none. */
  sendBatch(memory: Uint8Array, spans: readonly Span[], count: number): boolean;
  /** Protects and sends a compound RTCP packet; nothing happens before the connection is open. */
  sendRtcp(packet: Uint8Array): void;
  /** The deadline of the media has come nearer, and not by something that was received. */
  soon(): void;
}

export interface SecureOptions {
  readonly identity: Identity;
  readonly fingerprints: readonly Fingerprint[];
  readonly role: 'server' | 'client';
  readonly rng: Rng;
  /** False: plain RTP without DTLS, for tests (SRS: rtc_server.encrypt). */
  readonly encrypt: boolean;
  /** Others than those of node:crypto. */
  readonly ciphers: SrtpCiphers | undefined;
  readonly send: (datagram: Uint8Array) => void;
  readonly onOpen: (now: Micros) => void;
  /** An authentic RTP packet, in memory of its own. May throw SrsxError, as `onRtcp` may; see `onBad`. */
  readonly onRtp: (packet: Uint8Array, now: Micros) => void;
  /** What an authentic compound RTCP packet says. */
  readonly onRtcp: (packets: readonly RtcpPacket[], now: Micros) => void;
  /** An authentic packet that is damaged: it costs itself, and does not end a good session. */
  readonly onBad: (error: SrsxError, now: Micros) => void;
}

export class Secure {
  readonly #options: SecureOptions;
  readonly #dtls: DtlsEndpoint;
  #receiver: SrtpReceiver | undefined;
  #started = false;
  #peerLeft = false;
  #now: Micros = 0;
  srtp: SrtpSender | undefined;

  constructor(options: SecureOptions) {
    this.#options = options;
    const { role, identity, fingerprints, rng, send, ciphers = nodeCiphers } = options;
    this.#dtls = new DtlsEndpoint({
      ...{ role, identity, fingerprints, rng, send, profiles: ciphers.preferred },
      onKeys: (keys) => this.#secured(keys),
      onClosed: () => {
        this.#peerLeft = true;
      },
    });
  }

  get open(): boolean {
    return this.srtp !== undefined || (this.#started && !this.#options.encrypt);
  }

  /** Packets that did not open. */
  get refused(): number {
    return this.#receiver?.refused ?? 0;
  }

  get deadline(): Micros {
    return this.#dtls.deadline;
  }

  /** There is a way. */
  start(now: Micros): void {
    if (this.#started) return;
    this.#started = true;
    if (this.#options.encrypt) this.#dtls.start(now);
    else this.#options.onOpen(now);
  }

  /** True for an authentic packet of media. Throws the errors of table DTLS, RTC_PEER_LEFT. */
  receive(datagram: Uint8Array, now: Micros): boolean {
    this.#now = now;
    const { encrypt } = this.#options;
    if (isDtls(datagram)) {
      if (encrypt) this.#dtls.receive(datagram, now);
      if (this.#peerLeft) throw rtcErrors.protocol('PEER_LEFT');
      return false;
    }
    const kind = kindOf(datagram);
    if (kind === 'other') return false;
    const packet = encrypt ? this.#opened(datagram, kind) : datagram.slice();
    if (packet === undefined) return false;
    this.#media(packet, kind, now);
    return true;
  }

  /** Throws DTLS_TIMEOUT. */
  tick(now: Micros): void {
    if (now >= this.#dtls.deadline) this.#dtls.tick(now);
  }

  /** Says good-bye. */
  close(): void {
    if (this.#options.encrypt) this.#dtls.close();
  }

  #media(packet: Uint8Array, kind: 'rtp' | 'rtcp', now: Micros): void {
    const { onRtp, onRtcp, onBad } = this.#options;
    try {
      if (kind === 'rtp') onRtp(packet, now);
      else onRtcp(parseRtcp(packet), now);
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      onBad(error, now);
    }
  }

  #opened(datagram: Uint8Array, kind: 'rtp' | 'rtcp'): Uint8Array | undefined {
    return kind === 'rtp' ? this.#receiver?.openRtp(datagram) : this.#receiver?.openRtcp(datagram);
  }

  #secured({ profile, local, remote }: DtlsKeys): void {
    const { ciphers, onOpen } = this.#options;
    this.srtp = new SrtpSender(local, profile, ciphers);
    this.#receiver = new SrtpReceiver(remote, profile, ciphers);
    onOpen(this.#now);
  }
}
