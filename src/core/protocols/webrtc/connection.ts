// One peer connection without its media: a lite agent of ICE, DTLS over the way that it finds, SRTP with the keys of DTLS.
//
//   checking -- authenticated check --> securing -- DTLS stands --> open -- good-bye, silence --> over
//
// Told the time, without a socket. Nothing that is not authenticated changes anything: checks of ICE have a signature, DTLS
// is only taken from ways that passed a check, and SRTP counts as a sign of life after it was opened.
import type { SrsxError } from '../../base/errors.ts';
import type { Rng } from '../../base/rng.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import { DtlsEndpoint, type DtlsKeys, type Fingerprint, type Identity, isDtls } from '../../wire/dtls/index.ts';
import { kindOf } from '../../wire/rtp/index.ts';
import type { IceCredentials } from '../../wire/sdp/index.ts';
import { type SrtpProfile, SrtpReceiver, SrtpSender, srtpProfile } from '../../wire/srtp/index.ts';
import { checkIntegrity, type StunMessage, stunType, writeStun } from '../../wire/stun/index.ts';
import { rtcErrors } from './errors.ts';
import type { Path } from './path.ts';

export interface ConnectionEvents {
  /** SRTP stands. */
  open(now: Micros): void;
  /** An authentic RTP packet, in memory of its own. */
  rtp(packet: Uint8Array, now: Micros): void;
  /** An authentic compound RTCP packet. */
  rtcp(packet: Uint8Array, now: Micros): void;
  /** A way is taken, or left: the port must know where datagrams are from. */
  pathAdded(path: Path): void;
  pathRemoved(path: Path): void;
}

export interface ConnectionOptions {
  readonly ice: IceCredentials;
  readonly identity: Identity;
  readonly fingerprints: readonly Fingerprint[];
  /** Of DTLS. */
  readonly role: 'server' | 'client';
  readonly rng: Rng;
  /** The connection ends when nothing authentic comes for so long (SRS: stun_timeout). */
  readonly silentTime: Micros;
  /** Only agents that say that they are controlling are answered (SRS: stun_strict_check). */
  readonly strict: boolean;
  /** False: plain RTP without DTLS, for tests (SRS: rtc_server.encrypt). */
  readonly encrypt: boolean;
  readonly events: ConnectionEvents;
}

/** Ways that a peer may try: interfaces times families; more is an attack with a valid password. */
const MOST_PATHS = 8;
/** The cheapest for us first; both are asked of all peers (RFC 8827 §6.5, RFC 9143). */
const profiles: readonly SrtpProfile[] = [srtpProfile.aes128CmSha1_80, srtpProfile.aeadAes128Gcm];

export class RtcConnection {
  readonly #options: ConnectionOptions;
  readonly #dtls: DtlsEndpoint;
  #ice: IceCredentials;
  /** Checked ways, the least recently used first. */
  readonly #paths = new Map<string, Path>();
  #selected: Path | undefined;
  #nominated = false;
  #sender: SrtpSender | undefined;
  #receiver: SrtpReceiver | undefined;
  #lastSign: Micros;
  #closed = false;
  #peerLeft = false;
  /** Bytes of datagrams, with everything. */
  receivedBytes = 0;
  sentBytes = 0;

  constructor(options: ConnectionOptions, now: Micros) {
    this.#options = options;
    this.#ice = options.ice;
    this.#lastSign = now;
    const { role, identity, fingerprints, rng } = options;
    this.#dtls = new DtlsEndpoint({
      ...{ role, identity, fingerprints, rng, profiles },
      send: (datagram) => void this.send([datagram]),
      onKeys: (keys) => this.#secured(keys),
      onClosed: () => {
        this.#peerLeft = true;
      },
    });
  }

  get ice(): IceCredentials {
    return this.#ice;
  }

  /** The way that is used. */
  get path(): Path | undefined {
    return this.#selected;
  }

  get open(): boolean {
    return this.#sender !== undefined || (!this.#options.encrypt && this.#selected !== undefined);
  }

  /** Protects what we send; undefined before DTLS stands, and without encryption. */
  get srtp(): SrtpSender | undefined {
    return this.#sender;
  }

  /** Packets that did not open. */
  get refused(): number {
    return this.#receiver?.refused ?? 0;
  }

  get deadline(): Micros {
    return Math.min(this.#lastSign + this.#options.silentTime, this.#dtls.deadline);
  }

  /** ICE begins anew with other credentials of ours (RFC 8445 §2.4); ways stay until others are nominated. */
  restartIce(ice: IceCredentials): void {
    this.#ice = ice;
    this.#nominated = false;
  }

  /**
   * A binding request for our user name fragment. False: it is not authentic and was ignored, at the cost of one hash. An
   * answer is never longer than what was asked: a request has the user name, which the answer has not.
   */
  check(message: StunMessage, bytes: Uint8Array, path: Path, now: Micros): boolean {
    if (message.type !== stunType.request || !checkIntegrity(bytes, message, this.#ice.pwd)) return false;
    if (this.#options.strict && message.controlling !== true) return false;
    this.receivedBytes += bytes.length;
    this.#lastSign = now;
    const known = this.#paths.get(path.key) ?? path;
    this.#keep(known);
    if (this.#selected === undefined || (message.useCandidate && known !== this.#selected))
      this.#select(known, message);
    const answer = { type: stunType.success, transaction: message.transaction, mapped: path.peer };
    known.send([writeStun(answer, this.#ice.pwd)]);
    this.#begin(now);
    return true;
  }

  /** Whatever comes by a checked way and is no STUN. Throws the errors of table DTLS, RTC_PEER_LEFT. */
  receive(datagram: Uint8Array, now: Micros): void {
    if (this.#closed) return;
    this.receivedBytes += datagram.length;
    if (isDtls(datagram)) {
      this.#dtls.receive(datagram, now);
      if (this.#peerLeft) throw rtcErrors.protocol('PEER_LEFT');
      return;
    }
    const kind = kindOf(datagram);
    if (kind === 'other') return;
    const { events, encrypt } = this.#options;
    const packet = encrypt ? this.#opened(datagram, kind) : datagram.slice();
    if (packet === undefined) return;
    this.#lastSign = now;
    if (kind === 'rtp') events.rtp(packet, now);
    else events.rtcp(packet, now);
  }

  /** Throws RTC_NO_PATH, DTLS_TIMEOUT. */
  tick(now: Micros): void {
    const { silentTime } = this.#options;
    if (now >= this.#lastSign + silentTime) {
      throw rtcErrors.protocol('NO_PATH', { seconds: toSeconds(silentTime) });
    }
    if (now >= this.#dtls.deadline) this.#dtls.tick(now);
  }

  /** Sends datagrams as they are, by the way in use. False: it is full, or there is none. */
  send(datagrams: readonly Uint8Array[]): boolean {
    const path = this.#selected;
    if (path === undefined) return false;
    for (let i = 0; i < datagrams.length; i++) this.sentBytes += (datagrams[i] as Uint8Array).length;
    return path.send(datagrams);
  }

  /** Protects and sends a compound RTCP packet; nothing happens before the connection is open. */
  sendRtcp(packet: Uint8Array): void {
    if (!this.open || this.#closed) return;
    this.send([this.#sender?.protectRtcp(packet) ?? packet]);
  }

  /** A way is gone: its TCP link was closed. */
  drop(path: Path): void {
    this.#paths.delete(path.key);
    if (this.#selected !== path) return;
    this.#selected = [...this.#paths.values()].at(-1);
    this.#nominated = false;
  }

  /** Says good-bye and leaves all ways. */
  close(_reason?: SrsxError): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#options.encrypt) this.#dtls.close();
    for (const path of this.#paths.values()) {
      this.#options.events.pathRemoved(path);
      path.close();
    }
    this.#paths.clear();
    this.#selected = undefined;
  }

  #opened(datagram: Uint8Array, kind: 'rtp' | 'rtcp'): Uint8Array | undefined {
    return kind === 'rtp' ? this.#receiver?.openRtp(datagram) : this.#receiver?.openRtcp(datagram);
  }

  #keep(path: Path): void {
    const isNew = !this.#paths.delete(path.key);
    this.#paths.set(path.key, path);
    if (!isNew) return;
    this.#options.events.pathAdded(path);
    if (this.#paths.size <= MOST_PATHS) return;
    for (const oldest of this.#paths.values()) {
      if (oldest === this.#selected || oldest === path) continue;
      this.#paths.delete(oldest.key);
      this.#options.events.pathRemoved(oldest);
      return;
    }
  }

  /** The first way that works, until the peer nominates one; then the newest that it nominates (RFC 8445 §7.3.1.5). */
  #select(path: Path, { useCandidate }: StunMessage): void {
    if (this.#nominated && !useCandidate) return;
    this.#selected = path;
    this.#nominated = useCandidate;
  }

  #begin(now: Micros): void {
    const { encrypt, events } = this.#options;
    if (encrypt) this.#dtls.start(now);
    else if (!this.#begun) {
      this.#begun = true;
      events.open(now);
    }
  }

  #begun = false;

  #secured({ profile, local, remote }: DtlsKeys): void {
    this.#sender = new SrtpSender(local, profile);
    this.#receiver = new SrtpReceiver(remote, profile);
    this.#options.events.open(this.#lastSign);
  }
}
