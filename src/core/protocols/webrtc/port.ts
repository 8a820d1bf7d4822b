// One UDP port, and TCP on the same number, for all sessions: datagrams find theirs by the user name of a check, then by the
// address that passed one (RFC 8445 §7.3, RFC 7983).
//
// What nobody has authenticated costs a parse and a look into a map, allocates nothing that stays, and gets no answer.
import type { Clock } from '../../base/clock.ts';
import { SrsxError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import type { Closer, Link, Peer, Port } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import { toSeconds } from '../../base/time.ts';
import { FrameReader } from '../../wire/rtp/index.ts';
import { isStun, parseStun, type StunMessage } from '../../wire/stun/index.ts';
import { rtcErrors } from './errors.ts';
import { MOST_FRAME_BYTES, type Path, TcpPath, UdpPath } from './path.ts';

/** What a session is for the port. */
export interface PortClient {
  /** A check with its user name fragment; false when it is not authentic. */
  check(message: StunMessage, bytes: Uint8Array, path: Path): boolean;
  /** A datagram of a checked way, only valid during the call. */
  receive(datagram: Uint8Array): void;
  /** A TCP link of it is gone. */
  lost(path: Path): void;
}

export interface RtcPortOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Pick<Limits, 'handshakeTime' | 'sessions'>;
}

/** TCP links that have not passed a check: each waits at most `handshakeTime`. */
const MOST_UNKNOWN_LINKS = 256;

export class RtcPort implements Closer {
  readonly #options: RtcPortOptions;
  readonly #byUfrag = new Map<string, PortClient>();
  readonly #byPath = new Map<string, PortClient>();
  readonly #ports: Port[] = [];
  readonly #links = new Set<Link>();
  #unknown = 0;
  #nextLink = 0;
  /** Datagrams that belonged to nobody. */
  strays = 0;

  constructor(options: RtcPortOptions) {
    this.#options = options;
  }

  /** Takes datagrams of an open socket, which it closes at its own end. */
  listen(port: Port): void {
    this.#ports.push(port);
    port.onDatagram = (datagram, from) => this.#datagram(port, datagram, from);
  }

  /** Takes a TCP link (RFC 4571, RFC 6544 passive). */
  accept(link: Link): void {
    if (this.#unknown >= MOST_UNKNOWN_LINKS) {
      link.close();
      return;
    }
    this.#links.add(link);
    const visit = new TcpVisit(link, this.#nextLink++);
    const { clock, limits } = this.#options;
    this.#unknown++;
    const known = (): void => {
      this.#unknown--;
      cancel();
    };
    const cancel = clock.after(limits.handshakeTime, () =>
      link.close(rtcErrors.protocol('NO_CHECK', { seconds: toSeconds(limits.handshakeTime) })),
    );
    link.onDrain = () => visit.path.drained();
    link.onData = (bytes) => this.#stream(visit, bytes, known);
    link.onClose = () => {
      this.#links.delete(link);
      if (visit.client === undefined) known();
      else visit.client.lost(visit.path);
      this.#byPath.delete(visit.path.key);
    };
  }

  /** Checks for this user name fragment are the client's. */
  add(ufrag: string, client: PortClient): void {
    this.#byUfrag.set(ufrag, client);
  }

  remove(ufrag: string): void {
    this.#byUfrag.delete(ufrag);
  }

  has(ufrag: string): boolean {
    return this.#byUfrag.has(ufrag);
  }

  /** Datagrams of this way are the client's. */
  pathAdded(path: Path, client: PortClient): void {
    this.#byPath.set(path.key, client);
  }

  /** Unless another client has taken it over. */
  pathRemoved(path: Path, client: PortClient): void {
    if (this.#byPath.get(path.key) === client) this.#byPath.delete(path.key);
  }

  /** Sizes of the maps, for tests and reports. */
  get sizes(): { readonly ufrags: number; readonly paths: number; readonly links: number } {
    return { ufrags: this.#byUfrag.size, paths: this.#byPath.size, links: this.#links.size };
  }

  close(): void {
    for (const port of this.#ports) port.close();
    for (const link of this.#links) link.close();
  }

  #datagram(port: Port, datagram: Uint8Array, from: Peer): void {
    const key = `${from.host} ${from.port}`;
    if (isStun(datagram)) {
      const message = quietly(datagram);
      const client = message && this.#byUfrag.get(ufragOf(message));
      if (message === undefined || client === undefined) this.strays++;
      else client.check(message, datagram, new UdpPath(port, from, key));
      return;
    }
    const client = this.#byPath.get(key);
    if (client === undefined) this.strays++;
    else client.receive(datagram);
  }

  #stream(visit: TcpVisit, bytes: Uint8Array, known: () => void): void {
    try {
      for (const frame of visit.reader.push(bytes)) this.#frame(visit, frame, known);
    } catch (error) {
      if (!(error instanceof SrsxError)) throw error;
      this.#options.log.debug('webrtc:tcp', () => `${visit.path.key}: ${error.message}`);
      visit.link.close(error);
    }
  }

  #frame(visit: TcpVisit, frame: Uint8Array, known: () => void): void {
    if (!isStun(frame)) {
      visit.client?.receive(frame);
      return;
    }
    const message = quietly(frame);
    const client = message && this.#byUfrag.get(ufragOf(message));
    if (message === undefined || client === undefined || !client.check(message, frame, visit.path)) {
      this.strays++;
      return;
    }
    if (visit.client === undefined) known();
    visit.client = client;
  }
}

/** A TCP link, and whose it is once it has passed a check. */
class TcpVisit {
  readonly link: Link;
  readonly path: TcpPath;
  readonly reader = new FrameReader(MOST_FRAME_BYTES);
  client: PortClient | undefined;

  constructor(link: Link, id: number) {
    this.link = link;
    this.path = new TcpPath(link, id);
  }
}

/** The user name is `ours:theirs` (RFC 8445 §7.2.2). */
function ufragOf({ username }: StunMessage): string {
  const colon = username.indexOf(':');
  return colon < 0 ? username : username.slice(0, colon);
}

/** Undefined for what is damaged: anybody can send that, so nobody is told. */
function quietly(datagram: Uint8Array): StunMessage | undefined {
  try {
    return parseStun(datagram);
  } catch (error) {
    if (error instanceof SrsxError) return undefined;
    throw error;
  }
}
