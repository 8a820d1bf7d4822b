// One peer with what it does: a connection, its media, its place in the port, in the list of sessions and in the log.
import { Reporter } from '../../base/counters.ts';
import { SrsxError } from '../../base/errors.ts';
import { formatAddress } from '../../base/link.ts';
import { guard, type Session } from '../../base/session.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import type { AdmissionRequest, Grant } from '../../control/admission.ts';
import type { Host } from '../../control/host.ts';
import type { SessionEntry } from '../../control/sessions.ts';
import { streamUrl } from '../../media/stream-name.ts';
import type { Identity } from '../../wire/dtls/index.ts';
import type { RtcpPacket } from '../../wire/rtcp/index.ts';
import type { IceCredentials } from '../../wire/sdp/index.ts';
import type { StunMessage } from '../../wire/stun/index.ts';
import type { VhostOptions } from './config.ts';
import { RtcConnection } from './connection.ts';
import type { Plan } from './negotiate.ts';
import type { Path } from './path.ts';
import type { PortClient, RtcPort } from './port.ts';
import type { Ticker } from './ticker.ts';

/** What a session does with its connection. */
export interface PeerMedia {
  readonly deadline: Micros;
  /** SRTP stands. */
  open(now: Micros): void;
  /** An authentic packet. May throw SrsxError, as `rtcp` may, which is counted and costs that packet only. */
  rtp(packet: Uint8Array, now: Micros): void;
  rtcp(packets: readonly RtcpPacket[], now: Micros): void;
  /** May throw, which ends the session. */
  tick(now: Micros): void;
  close(): void;
  /** What there is to know of it, for the API. */
  describe(): Readonly<Record<string, unknown>>;
}

export interface RtcSessionOptions {
  readonly host: Host;
  readonly port: RtcPort;
  readonly ticker: Ticker;
  readonly asked: AdmissionRequest;
  readonly grant: Grant;
  readonly plan: Plan;
  readonly ice: IceCredentials;
  readonly identity: Identity;
  readonly dtlsRole: 'server' | 'client';
  readonly vhost: VhostOptions;
  readonly encrypt: boolean;
  /** Each authentic packet of RTP, in the clear, before it is looked at. */
  readonly onRtp: (packet: Uint8Array) => void;
  readonly media: (session: RtcSession) => PeerMedia;
  /** Called once, when the session is over. */
  readonly onOver: (session: RtcSession) => void;
}

export class RtcSession implements Session, PortClient {
  readonly #options: RtcSessionOptions;
  readonly connection: RtcConnection;
  readonly entry: SessionEntry;
  readonly #media: PeerMedia;
  readonly #since: Micros;
  #over = false;
  #counted = { received: 0, sent: 0 };

  /** Throws ADMISSION_SESSIONS and what `media` throws; nothing is left open then. */
  constructor(options: RtcSessionOptions) {
    const { host, asked, grant, plan, ice, identity, dtlsRole, vhost, encrypt } = options;
    this.#options = options;
    this.#since = host.clock.now();
    const bad = new Reporter((count, last) => this.log('leaves packets out', { count, last }));
    const { silentTime, strict } = vhost;
    this.connection = new RtcConnection(
      {
        ...{ ice, identity, role: dtlsRole, rng: host.rng, silentTime, strict, encrypt },
        fingerprints: [plan.fingerprint],
        ciphers: host.net.srtp,
        onOpen: (now) => this.#opened(now),
        onRtp: (packet, now) => {
          options.onRtp(packet);
          this.#media.rtp(packet, now);
        },
        onRtcp: (packets, now) => this.#media.rtcp(packets, now),
        onBad: ({ code }, now) => bad.note(code, now),
        onSoon: () => options.ticker.soon(this),
        pathAdded: (path) => options.port.pathAdded(path, this),
        pathRemoved: (path) => options.port.pathRemoved(path, this),
      },
      this.#since,
    );
    this.entry = host.sessions.open(
      {
        ...asked,
        name: grant.name,
        publish: asked.action === 'publish',
        shownName: grant.name.stream,
        end: (reason) => this.close(reason, host.clock.now()),
        measure: () => this.#count(),
        describe: () => this.#describe(),
      },
      grant,
    );
    try {
      this.#media = options.media(this);
    } catch (error) {
      this.entry.close(error instanceof SrsxError ? error : undefined);
      throw error;
    }
    options.port.add(ice.ufrag, this);
    options.ticker.add(this);
    this.log('is answered', { candidates: 'ice-lite' });
  }

  get deadline(): Micros {
    return this.#over ? Number.POSITIVE_INFINITY : Math.min(this.connection.deadline, this.#media.deadline);
  }

  check(message: StunMessage, bytes: Uint8Array, path: Path): boolean {
    this.#options.ticker.soon(this);
    return !this.#over && this.connection.check(message, bytes, path, this.#options.host.clock.now());
  }

  receive(datagram: Uint8Array): void {
    const { host, ticker } = this.#options;
    const now = host.clock.now();
    ticker.soon(this);
    guard(this, now, () => this.connection.receive(datagram, now));
  }

  lost(path: Path): void {
    this.connection.drop(path);
  }

  tick(now: Micros): void {
    this.connection.tick(now);
    if (!this.#over && this.#media.deadline <= now) this.#media.tick(now);
  }

  /** ICE with other credentials, under which the port knows it from here on. */
  restartIce(ice: IceCredentials): void {
    const { port } = this.#options;
    port.remove(this.connection.ice.ufrag);
    this.connection.restartIce(ice);
    port.add(ice.ufrag, this);
  }

  close(reason: SrsxError | undefined, now: Micros): void {
    if (this.#over) return;
    this.#over = true;
    const { port, ticker, onOver } = this.#options;
    this.#count();
    ticker.remove(this);
    port.remove(this.connection.ice.ufrag);
    this.#media.close();
    this.connection.close();
    this.entry.close(reason);
    onOver(this);
    const seconds = Math.round(toSeconds(now - this.#since));
    this.log('ends', { seconds, code: reason?.code, refused: this.connection.refused });
  }

  log(text: string, more: Record<string, unknown> = {}): void {
    const { host, asked, grant } = this.#options;
    host.log.info('webrtc', text, {
      session: this.entry.id,
      peer: formatAddress(this.connection.path?.peer ?? asked.peer),
      stream: streamUrl(grant.name),
      action: asked.action,
      ...more,
    });
  }

  #describe(): Readonly<Record<string, unknown>> {
    const { path, open, refused } = this.connection;
    const peer = path === undefined ? null : formatAddress(path.peer);
    return { connected: open, transport: path?.kind ?? null, peer, refused, ...this.#media.describe() };
  }

  #opened(now: Micros): void {
    const { path } = this.connection;
    this.log('connected', { by: path?.kind, seconds: toSeconds(now - this.#since) });
    this.#media.open(now);
  }

  #count(): void {
    const { receivedBytes, sentBytes } = this.connection;
    this.entry.received.add(receivedBytes - this.#counted.received);
    this.entry.sent.add(sentBytes - this.#counted.sent);
    this.#counted = { received: receivedBytes, sent: sentBytes };
  }
}
