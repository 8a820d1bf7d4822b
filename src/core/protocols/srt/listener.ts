// Callers of a port: answered without memory until their cookie is right, then asked for, then connected or refused.
import { formatAddress, type Peer } from '../../base/link.ts';
import type { Rng } from '../../base/rng.ts';
import type { Micros } from '../../base/time.ts';
import type { ConnectionEvents, SrtConnection } from './connection.ts';
import { CookieJar } from './cookie.ts';
import {
  type Handshake,
  HandshakeType,
  HandshakeVersion,
  type ReceivedHandshake,
  SRT_MAGIC,
  wireAddress,
} from './handshake.ts';
import { ourHandshake, readWish, type Wish } from './negotiation.ts';
import type { SrtOptions } from './options.ts';
import { Reject, rejectToType } from './reject.ts';

/** A caller that may be accepted or refused, now or later; it repeats its question every 250 ms meanwhile. */
export interface SrtRequest {
  readonly peer: Peer;
  readonly streamid: string;
  /** Length of the caller's key in bytes, 0 without encryption. */
  readonly keyBytes: number;
  /** False once it was answered, or was forgotten after `conntimeo`. */
  readonly open: boolean;
  /**
   * Connects, with options other than the listener's, such as the passphrase of this stream. The connection may be over
   * before this returns, when the keys do not fit. Undefined: the request is not open. Throws SRT_OPTION and SRT_ID, after
   * the caller was refused.
   */
  accept(events: ConnectionEvents, options?: Partial<SrtOptions>): SrtConnection | undefined;
  /** Refuses with a code of `reject.ts`. */
  reject(code: number): void;
}

/** What a listener needs from its multiplexer. */
export interface ListenerSetup {
  readonly options: SrtOptions;
  readonly rng: Rng;
  readonly now: () => Micros;
  /** A caller with a right cookie. Not called again for the same one while it waits. */
  readonly onRequest: (request: SrtRequest) => void;
  readonly send: (handshake: Handshake, destination: number, to: Peer) => void;
  readonly connect: (
    peer: Peer,
    request: ReceivedHandshake,
    wish: Wish,
    options: SrtOptions,
    events: ConnectionEvents,
  ) => SrtConnection;
}

/** Chosen: callers that wait for an admission at once; each holds a streamid. */
const MAX_REQUESTS = 1024;

/** Answers inductions without memory, and offers each caller once. */
export class SrtListener {
  readonly #setup: ListenerSetup;
  readonly #cookies: CookieJar;
  /** By address and socket id of the caller. */
  readonly #requests = new Map<string, Request>();
  readonly #accepted = new Map<string, SrtConnection>();

  constructor(setup: ListenerSetup) {
    this.#setup = setup;
    this.#cookies = new CookieJar(setup.rng);
  }

  /** A handshake for no socket. Throws SRT_HANDSHAKE and SRT_KEY_MATERIAL for damaged extensions. */
  receive(received: ReceivedHandshake, from: Peer, datagram: Uint8Array): void {
    const { handshake } = received;
    if (handshake.type === HandshakeType.induction) this.#induct(handshake, from);
    else if (handshake.type === HandshakeType.conclusion) this.#conclude(received, from, datagram);
  }

  get waiting(): number {
    return this.#requests.size;
  }

  #induct(handshake: Handshake, from: Peer): void {
    const { options, send, now } = this.#setup;
    const answer = ourHandshake(options, {
      type: HandshakeType.induction,
      encryption: options.pbkeylen / 8,
      extensionField: SRT_MAGIC,
      socketId: handshake.socketId,
      cookie: this.#cookies.bake(from, now()),
      initialSequence: handshake.initialSequence,
      peerAddress: wireAddress(from.host),
    });
    send(answer, handshake.socketId, from);
  }

  #conclude(received: ReceivedHandshake, from: Peer, datagram: Uint8Array): void {
    const { handshake } = received;
    const now = this.#setup.now();
    if (!this.#cookies.check(from, handshake.cookie, now)) return;
    const key = `${formatAddress(from)} ${handshake.socketId}`;
    const accepted = this.#accepted.get(key);
    if (accepted !== undefined) {
      accepted.receive(datagram, now);
      return;
    }
    this.#forget(now);
    if (this.#requests.has(key)) return;
    const refuse = (code: number): void => this.#refuse(handshake, from, code);
    if (handshake.version !== HandshakeVersion.srt && handshake.version !== HandshakeVersion.legacy) {
      refuse(Reject.version);
      return;
    }
    const wish = readWish(handshake);
    if (wish.unsupported !== undefined) {
      refuse(wish.unsupported);
      return;
    }
    if (this.#requests.size >= MAX_REQUESTS) {
      refuse(Reject.backlog);
      return;
    }
    this.#ask(key, copyRequest(received), wish, from, now);
  }

  #ask(key: string, received: ReceivedHandshake, wish: Wish, from: Peer, now: Micros): void {
    const { options, onRequest } = this.#setup;
    const request = new Request(from, wish, now + options.conntimeo, {
      accept: (events, more) => {
        this.#requests.delete(key);
        return this.#accept(key, received, wish, from, more === undefined ? options : { ...options, ...more }, events);
      },
      reject: (code) => {
        this.#requests.delete(key);
        this.#refuse(received.handshake, from, code);
      },
    });
    this.#requests.set(key, request);
    onRequest(request);
  }

  #accept(
    key: string,
    received: ReceivedHandshake,
    wish: Wish,
    from: Peer,
    options: SrtOptions,
    events: ConnectionEvents,
  ): SrtConnection {
    const watched: ConnectionEvents = {
      connected: (connected) => events.connected?.(connected),
      message: (payload, sourceTime) => events.message(payload, sourceTime),
      delivered: () => events.delivered?.(),
      ended: (reason) => {
        this.#accepted.delete(key);
        events.ended(reason);
      },
    };
    let connection: SrtConnection;
    try {
      connection = this.#setup.connect(from, received, wish, options, watched);
    } catch (error) {
      // Options that do not go together, such as a passphrase that is too short: the caller need not wait for us.
      this.#refuse(received.handshake, from, Reject.system);
      throw error;
    }
    if (connection.state !== 'closed') this.#accepted.set(key, connection);
    return connection;
  }

  #refuse(handshake: Handshake, to: Peer, code: number): void {
    const { options, send } = this.#setup;
    const { cookie, initialSequence, socketId } = handshake;
    const peerAddress = wireAddress(to.host);
    const type = rejectToType(code);
    send(ourHandshake(options, { type, socketId, cookie, initialSequence, peerAddress }), socketId, to);
  }

  /** Callers that have given up. The oldest are first. */
  #forget(now: Micros): void {
    for (const [key, request] of this.#requests) {
      if (request.until > now) return;
      request.open = false;
      this.#requests.delete(key);
    }
  }
}

/** The request keeps values, not views of a datagram. */
const copyRequest = ({ handshake, timestamp, at }: ReceivedHandshake): ReceivedHandshake => ({
  timestamp,
  at,
  handshake: { ...handshake, extensions: [], peerAddress: new Uint8Array(handshake.peerAddress) },
});

class Request implements SrtRequest {
  readonly peer: Peer;
  readonly streamid: string;
  readonly keyBytes: number;
  readonly until: Micros;
  open = true;
  readonly #answer: Answer;

  constructor(peer: Peer, { streamid, keyBytes }: Wish, until: Micros, answer: Answer) {
    this.peer = peer;
    this.streamid = streamid;
    this.keyBytes = keyBytes;
    this.until = until;
    this.#answer = answer;
  }

  accept(events: ConnectionEvents, options?: Partial<SrtOptions>): SrtConnection | undefined {
    if (!this.open) return undefined;
    this.open = false;
    return this.#answer.accept(events, options);
  }

  reject(code: number): void {
    if (!this.open) return;
    this.open = false;
    this.#answer.reject(code);
  }
}

interface Answer {
  readonly accept: (events: ConnectionEvents, options: Partial<SrtOptions> | undefined) => SrtConnection;
  readonly reject: (code: number) => void;
}
