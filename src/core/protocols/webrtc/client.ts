// A client's connection: ICE as the controlling agent, DTLS and SRTP over one UDP socket of its own.
import { Reporter } from '../../base/counters.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Address, Port, Span } from '../../base/link.ts';
import type { Session } from '../../base/session.ts';
import { guard } from '../../base/session.ts';
import type { Micros } from '../../base/time.ts';
import type { ClientHost } from '../../control/host.ts';
import type { Identity } from '../../wire/dtls/index.ts';
import type { IceCredentials } from '../../wire/sdp/index.ts';
import type { SrtpSender } from '../../wire/srtp/index.ts';
import { isStun } from '../../wire/stun/index.ts';
import { IceAgent } from './agent.ts';
import type { Plan } from './negotiate.ts';
import { type MediaTransport, Secure } from './secure.ts';
import type { PeerMedia } from './session.ts';
import { Ticker } from './ticker.ts';

export interface ClientOptions {
  readonly host: ClientHost;
  readonly port: Port;
  readonly ice: IceCredentials;
  readonly identity: Identity;
  /** What the answer says. */
  readonly plan: Plan;
  readonly candidates: readonly Address[];
  readonly media: (transport: MediaTransport) => PeerMedia;
  /** Datagrams with everything in them. */
  readonly onBytes: (direction: 'received' | 'sent', bytes: number) => void;
  /** Called once. */
  readonly onOver: (reason: SrsxError | undefined) => void;
}

/** finding a way -- an answer to a check --> securing -- DTLS stands --> open -- good-bye, silence, `close` --> over */
export class ClientConnection implements Session, MediaTransport {
  readonly #options: ClientOptions;
  readonly #agent: IceAgent;
  readonly #secure: Secure;
  readonly #media: PeerMedia;
  readonly #ticker: Ticker;
  #to: Address | undefined;
  #over = false;

  constructor(options: ClientOptions) {
    const { host, port, ice, identity, plan, candidates } = options;
    const { clock, rng } = host;
    this.#options = options;
    const bad = new Reporter((count, last) => host.log.warn('webrtc', 'leaves packets out', { count, last }));
    this.#agent = new IceAgent(
      {
        ...{ local: ice, remote: plan.remote, candidates, rng },
        send: (datagram, to) => this.#send(datagram, to),
        onPath: (to, now) => {
          this.#to = to;
          this.#secure.start(now);
        },
      },
      clock.now(),
    );
    this.#secure = new Secure({
      ...{ identity, rng, encrypt: true, fingerprints: [plan.fingerprint], ciphers: host.net.srtp },
      // RFC 5763 §5: we offer both, so the answer has chosen.
      role: plan.setup === 'active' ? 'server' : 'client',
      send: (datagram) => this.#send(datagram),
      onOpen: (now) => this.#media.open(now),
      onRtp: (packet, now) => this.#media.rtp(packet, now),
      onRtcp: (packets, now) => this.#media.rtcp(packets, now),
      onBad: ({ code }, now) => bad.note(code, now),
    });
    this.#media = options.media(this);
    port.onDatagram = (datagram, from) => {
      const now = clock.now();
      this.soon();
      guard(this, now, () => this.receive(datagram, now, from));
    };
    this.#ticker = new Ticker(clock);
    this.#ticker.add(this);
  }

  get srtp(): SrtpSender | undefined {
    return this.#secure.srtp;
  }

  get deadline(): Micros {
    return Math.min(this.#agent.deadline, this.#secure.deadline, this.#media.deadline);
  }

  receive(datagram: Uint8Array, now: Micros, from: Address): void {
    this.#options.onBytes('received', datagram.length);
    if (isStun(datagram)) this.#agent.receive(datagram, from, now);
    else if (from.host === this.#to?.host && from.port === this.#to.port) this.#secure.receive(datagram, now);
  }

  tick(now: Micros): void {
    this.#agent.tick(now);
    this.#secure.tick(now);
    if (this.#media.deadline <= now) this.#media.tick(now);
  }

  sendBatch(memory: Uint8Array, spans: readonly Span[], count: number): boolean {
    const to = this.#to;
    if (to === undefined) return false;
    const { port, onBytes } = this.#options;
    for (let i = 0; i < count; i++) {
      const { begin, end } = spans[i] as Span;
      onBytes('sent', end - begin);
    }
    port.sendBatch(memory, spans, count, to);
    return true;
  }

  sendRtcp(packet: Uint8Array): void {
    if (this.srtp !== undefined && !this.#over) this.#send(this.srtp.protectRtcp(packet));
  }

  soon(): void {
    this.#ticker.soon(this);
  }

  close(reason: SrsxError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#ticker.remove(this);
    this.#media.close();
    this.#secure.close();
    this.#options.onOver(reason);
  }

  #send(datagram: Uint8Array, to = this.#to): void {
    if (to === undefined) return;
    this.#options.onBytes('sent', datagram.length);
    this.#options.port.send(datagram, to);
  }
}
