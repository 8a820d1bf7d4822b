// One peer connection of the server without its media: a lite agent of ICE in front of DTLS and SRTP.
//
//   checking -- authenticated check --> securing -- DTLS stands --> open -- good-bye, silence --> over
//
// Told the time, without a socket. Nothing that is not authenticated changes anything: checks of ICE have a signature, DTLS
// is only taken from ways that passed a check, and media counts as a sign of life after it was opened.
import type { Span } from '../../base/link.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import type { IceCredentials } from '../../wire/sdp/index.ts';
import type { SrtpSender } from '../../wire/srtp/index.ts';
import { checkIntegrity, type StunMessage, stunType, writeStun } from '../../wire/stun/index.ts';
import { rtcErrors } from './errors.ts';
import type { Path } from './path.ts';
import { type MediaTransport, Secure, type SecureOptions } from './secure.ts';

export interface ConnectionOptions extends Omit<SecureOptions, 'send'> {
  readonly ice: IceCredentials;
  /** The connection ends when nothing authentic comes for so long (SRS: stun_timeout). */
  readonly silentTime: Micros;
  /** Only agents that say that they are controlling are answered (SRS: stun_strict_check). */
  readonly strict: boolean;
  /** See MediaTransport. */
  readonly onSoon: () => void;
  /** A way is taken, or left: the port must know where datagrams are from. */
  readonly pathAdded: (path: Path) => void;
  readonly pathRemoved: (path: Path) => void;
}

/** Ways that a peer may try: interfaces times families; more is an attack with a valid password. */
const MOST_PATHS = 8;

export class RtcConnection implements MediaTransport {
  readonly #options: ConnectionOptions;
  readonly #secure: Secure;
  #ice: IceCredentials;
  /** Checked ways, the least recently used first. */
  readonly #paths = new Map<string, Path>();
  #selected: Path | undefined;
  #nominated = false;
  #lastSign: Micros;
  #closed = false;
  /** Bytes of datagrams, with everything. */
  receivedBytes = 0;
  sentBytes = 0;

  constructor(options: ConnectionOptions, now: Micros) {
    this.#options = options;
    this.#ice = options.ice;
    this.#lastSign = now;
    this.#secure = new Secure({ ...options, send: (datagram) => this.#send(datagram) });
  }

  get ice(): IceCredentials {
    return this.#ice;
  }

  /** The way that is used. */
  get path(): Path | undefined {
    return this.#selected;
  }

  get open(): boolean {
    return this.#secure.open;
  }

  get srtp(): SrtpSender | undefined {
    return this.#secure.srtp;
  }

  /** Packets that did not open. */
  get refused(): number {
    return this.#secure.refused;
  }

  get deadline(): Micros {
    return Math.min(this.#lastSign + this.#options.silentTime, this.#secure.deadline);
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
    this.#select(known, message);
    const answer = { type: stunType.success, transaction: message.transaction, mapped: path.peer };
    known.send(writeStun(answer, this.#ice.pwd));
    this.#secure.start(now);
    return true;
  }

  /** Whatever comes by a checked way and is no STUN. Throws the errors of table DTLS, RTC_PEER_LEFT. */
  receive(datagram: Uint8Array, now: Micros): void {
    if (this.#closed) return;
    this.receivedBytes += datagram.length;
    if (this.#secure.receive(datagram, now)) this.#lastSign = now;
  }

  /** Throws RTC_NO_PATH, DTLS_TIMEOUT. */
  tick(now: Micros): void {
    const { silentTime } = this.#options;
    if (now >= this.#lastSign + silentTime) {
      throw rtcErrors.protocol('NO_PATH', { seconds: toSeconds(silentTime) });
    }
    this.#secure.tick(now);
  }

  sendBatch(memory: Uint8Array, spans: readonly Span[], count: number): boolean {
    const path = this.#selected;
    if (path === undefined) return false;
    for (let i = 0; i < count; i++) {
      const { begin, end } = spans[i] as Span;
      this.sentBytes += end - begin;
    }
    return path.sendBatch(memory, spans, count);
  }

  sendRtcp(packet: Uint8Array): void {
    if (!this.open || this.#closed) return;
    this.#send(this.srtp?.protectRtcp(packet) ?? packet);
  }

  soon(): void {
    this.#options.onSoon();
  }

  /** A way is gone: its TCP link was closed. */
  drop(path: Path): void {
    this.#paths.delete(path.key);
    if (this.#selected !== path) return;
    this.#selected = [...this.#paths.values()].at(-1);
    this.#nominated = false;
  }

  /** Says good-bye and leaves all ways. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#secure.close();
    for (const path of this.#paths.values()) {
      this.#options.pathRemoved(path);
      path.close();
    }
    this.#paths.clear();
    this.#selected = undefined;
  }

  #send(datagram: Uint8Array): void {
    this.sentBytes += datagram.length;
    this.#selected?.send(datagram);
  }

  #keep(path: Path): void {
    const isNew = !this.#paths.delete(path.key);
    this.#paths.set(path.key, path);
    if (!isNew) return;
    this.#options.pathAdded(path);
    if (this.#paths.size <= MOST_PATHS) return;
    for (const oldest of this.#paths.values()) {
      if (oldest === this.#selected || oldest === path) continue;
      this.#paths.delete(oldest.key);
      this.#options.pathRemoved(oldest);
      oldest.close();
      return;
    }
  }

  /** The first way that works, until the peer nominates one; then the newest that it nominates (RFC 8445 §7.3.1.5). */
  #select(path: Path, { useCandidate }: StunMessage): void {
    if (this.#selected !== undefined && !useCandidate) return;
    if (this.#nominated && !useCandidate) return;
    this.#selected = path;
    this.#nominated ||= useCandidate;
  }
}
