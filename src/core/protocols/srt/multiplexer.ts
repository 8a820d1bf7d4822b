// Many connections over one UDP port, by socket id; one timer for the nearest deadline of all.
import type { Clock } from '../../base/clock.ts';
import { ProtocolError, type SrsxError } from '../../base/errors.ts';
import { formatAddress, type Peer, type Port } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import type { Rng } from '../../base/rng.ts';
import { fromMs, type Micros } from '../../base/time.ts';
import { Agenda, type Placed } from './agenda.ts';
import { Caller } from './caller.ts';
import { type ConnectionEvents, SrtConnection } from './connection.ts';
import { errors } from './errors.ts';
import { type Handshake, parseHandshake, type ReceivedHandshake, writeHandshake } from './handshake.ts';
import type { Handshaker, HandshakeSetup } from './handshaker.ts';
import { SrtListener, type SrtRequest } from './listener.ts';
import type { Wish } from './negotiation.ts';
import { checkOptions, defaultOptions, type SrtOptions } from './options.ts';
import {
  bodyOf,
  ControlType,
  checkPacket,
  controlType,
  destinationOf,
  isControl,
  timestampOf,
  writeControl,
} from './packet.ts';
import { Rendezvous } from './rendezvous.ts';
import { Responder } from './responder.ts';
import { toTimestamp } from './sequence.ts';

/** Timers of less than this would cost more than what they save. */
const GRAIN = fromMs(1);
/** libsrt gives a rendezvous ten times as long. */
const RENDEZVOUS_FACTOR = 10;
/** Socket ids have 30 bits; a free one is found at once unless there are very many. */
const MAX_ID = 0x3fffffff;
const MAX_ID_TRIES = 64;

/** The seams of a multiplexer. */
export interface MultiplexerSetup {
  readonly port: Port;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Log;
}

interface Entry extends Placed {
  readonly connection: SrtConnection;
  readonly peer: Peer;
}

/** Few connections are read at once: a look now and then would cost them as much. */
const MANY_CONNECTIONS = 16;
/** What came waits for others at most so long: peers measure it as part of their round trips. */
const MOST_PATIENCE = fromMs(3);
const PATIENCE_PERIOD = fromMs(1000);

/** Owns the port: nobody else may set its `onDatagram`, and `close` closes it. */
export class SrtMultiplexer {
  readonly #setup: MultiplexerSetup;
  readonly #connections = new Map<number, Entry>();
  readonly #agenda = new Agenda<Entry>();
  /** Rendezvous by the peer's address, since their first handshakes are for no socket. */
  readonly #rendezvous = new Map<string, SrtConnection>();
  #listener: SrtListener | undefined;
  #wakeAt: Micros = Number.POSITIVE_INFINITY;
  #cancel: () => void = () => undefined;
  #patienceAt: Micros = 0;
  #closed = false;
  /** Datagrams that were not for anybody here. */
  strays = 0;

  constructor(setup: MultiplexerSetup) {
    this.#setup = setup;
    setup.port.onDatagram = (datagram, from) => this.#datagram(datagram, from);
  }

  get size(): number {
    return this.#connections.size;
  }

  get connections(): readonly SrtConnection[] {
    return [...this.#connections.values()].map(({ connection }) => connection);
  }

  /** Callers are offered to `onRequest` from now on. Throws SRT_OPTION. */
  listen(onRequest: (request: SrtRequest) => void, options: SrtOptions = defaultOptions): void {
    checkOptions(options);
    const { rng, clock } = this.#setup;
    this.#listener = new SrtListener({
      options,
      rng,
      now: () => clock.now(),
      onRequest,
      send: (handshake, destination, to) => this.#sendHandshake(handshake, destination, to),
      connect: (peer, request, wish, accepted, events) => this.#respond(peer, request, wish, accepted, events),
    });
  }

  /** Calls a listener. `peer` has an address, not a name. Throws SRT_OPTION and SRT_ID. */
  call(peer: Peer, options: SrtOptions, events: ConnectionEvents): SrtConnection {
    return this.#open({ peer, options, events, make: (setup) => new Caller(setup), connectTime: options.conntimeo });
  }

  /** Meets a peer that calls us at the same time. Throws SRT_OPTION and SRT_ID. */
  rendezvous(peer: Peer, options: SrtOptions, events: ConnectionEvents): SrtConnection {
    const address = formatAddress(peer);
    const ended = (reason: SrsxError | undefined): void => {
      this.#rendezvous.delete(address);
      events.ended(reason);
    };
    const make = (setup: HandshakeSetup): Handshaker => new Rendezvous(setup);
    const connectTime = options.conntimeo * RENDEZVOUS_FACTOR;
    const watched: ConnectionEvents = {
      connected: (connection) => events.connected?.(connection),
      message: (payload, sourceTime) => events.message(payload, sourceTime),
      delivered: () => events.delivered?.(),
      ended,
    };
    const connection = this.#open({ peer, options, events: watched, make, connectTime });
    this.#rendezvous.set(address, connection);
    return connection;
  }

  /** Ends all connections and closes the port. */
  close(reason?: SrsxError): void {
    if (this.#closed) return;
    const now = this.#setup.clock.now();
    for (const { connection } of [...this.#connections.values()]) connection.close(reason, now);
    this.#closed = true;
    this.#cancel();
    this.#setup.port.close();
  }

  #respond(
    peer: Peer,
    request: ReceivedHandshake,
    wish: Wish,
    options: SrtOptions,
    events: ConnectionEvents,
  ): SrtConnection {
    const connectTime = options.conntimeo;
    const make = (setup: HandshakeSetup): Handshaker => new Responder(setup, request, wish);
    const connection = this.#open({ peer, options, events, make, connectTime });
    connection.respond(request, this.#setup.clock.now());
    return connection;
  }

  #open(wanted: {
    peer: Peer;
    options: SrtOptions;
    events: ConnectionEvents;
    make: (setup: HandshakeSetup) => Handshaker;
    connectTime: Micros;
  }): SrtConnection {
    const { peer, options, events, make, connectTime } = wanted;
    checkOptions(options);
    const { port, rng, clock, log } = this.#setup;
    const now = clock.now();
    const socketId = this.#freeId();
    const connection: SrtConnection = new SrtConnection(
      {
        socketId,
        peer,
        options,
        rng,
        handshaker: make,
        connectTime,
        send: (datagram, rest) => port.send(datagram, peer, rest),
        changed: (sending) => this.#changed(entry, sending),
        events: {
          connected: (connected) => {
            log.debug('srt', () => `connected ${JSON.stringify(connected.describe())}`);
            this.#hasten(connected.patience);
            events.connected?.(connected);
          },
          message: (payload, sourceTime) => events.message(payload, sourceTime),
          delivered: () => events.delivered?.(),
          ended: (reason) => {
            this.#connections.delete(socketId);
            this.#agenda.remove(entry);
            log.debug('srt', () => `ended ${formatAddress(peer)} ${reason?.message ?? 'in order'}`);
            events.ended(reason);
          },
        },
      },
      now,
    );
    const entry: Entry = { connection, peer, place: 0 };
    this.#connections.set(socketId, entry);
    this.#agenda.add(entry);
    connection.start(now);
    return connection;
  }

  #datagram(datagram: Uint8Array, from: Peer): void {
    const now = this.#setup.clock.now();
    const id = datagram.length < 16 ? 0 : destinationOf(datagram);
    const entry = id === 0 ? undefined : this.#connections.get(id);
    if (entry !== undefined) {
      // Another address with a right number is somebody who guesses.
      if (entry.peer.port === from.port && entry.peer.host === from.host) entry.connection.receive(datagram, now);
      else this.strays++;
      return;
    }
    try {
      if (id !== 0 || !this.#handshake(datagram, from, now)) this.strays++;
    } catch (error) {
      // Damaged handshakes of strangers: the one right answer is none.
      if (!(error instanceof ProtocolError)) throw error;
      this.strays++;
    }
  }

  /** A packet for no socket: true when it is a handshake that somebody here takes. */
  #handshake(datagram: Uint8Array, from: Peer, now: Micros): boolean {
    checkPacket(datagram);
    if (!isControl(datagram) || controlType(datagram) !== ControlType.handshake) return false;
    const rendezvous = this.#rendezvous.get(formatAddress(from));
    if (rendezvous !== undefined) {
      rendezvous.receive(datagram, now);
      return true;
    }
    if (this.#listener === undefined) return false;
    const received = { handshake: parseHandshake(bodyOf(datagram)), timestamp: timestampOf(datagram), at: now };
    this.#listener.receive(received, from, datagram);
    return true;
  }

  /** Answers to strangers; their time stamps mean nothing. */
  #sendHandshake(handshake: Handshake, destination: number, to: Peer): void {
    const header = { type: ControlType.handshake, timestamp: toTimestamp(this.#setup.clock.now()), destination };
    this.#setup.port.send(writeControl(header, writeHandshake(handshake)), to);
  }

  #freeId(): number {
    for (let i = 0; i < MAX_ID_TRIES; i++) {
      const id = 1 + this.#setup.rng.below(MAX_ID);
      if (!this.#connections.has(id)) return id;
    }
    throw errors.limit('ID');
  }

  #changed(entry: Entry, sending: Micros | undefined): void {
    if (sending === undefined) {
      this.#place(entry);
      this.#wakeBy(entry.connection.deadline);
      return;
    }
    this.#agenda.setSending(entry, sending);
    this.#wakeBy(sending);
  }

  #place(entry: Entry): void {
    this.#agenda.setSending(entry, entry.connection.sendDeadline);
    this.#agenda.setRest(entry, entry.connection.restDeadline);
  }

  #wakeBy(deadline: Micros): void {
    if (this.#closed || deadline >= this.#wakeAt) return;
    const { clock } = this.#setup;
    const now = clock.now();
    // A deadline that is overdue must not put off a wake-up that is near: each datagram of a fast sender asks again.
    const at = Math.max(deadline, now + GRAIN);
    if (at >= this.#wakeAt) return;
    this.#cancel();
    this.#wakeAt = at;
    this.#cancel = clock.after(at - now, () => this.#wake());
  }

  #wake(): void {
    const now = this.#setup.clock.now();
    this.#wakeAt = Number.POSITIVE_INFINITY;
    for (let from = 0; from < this.#agenda.size; from++) {
      const entry = this.#agenda.due(from, now);
      if (entry === undefined) break;
      from = entry.place;
      if (entry.connection.deadline <= now) entry.connection.tick(now);
      this.#place(entry);
    }
    this.#wakeBy(this.#agenda.nearest);
    this.#choosePatience(now);
  }

  /** The port may take its time as long as nobody here minds. */
  #choosePatience(now: Micros): void {
    if (now < this.#patienceAt || this.#setup.port.patience === undefined) return;
    this.#patienceAt = now + PATIENCE_PERIOD;
    let least = this.#connections.size < MANY_CONNECTIONS ? 0 : MOST_PATIENCE;
    for (const { connection } of this.#connections.values()) least = Math.min(least, connection.patience);
    this.#setup.port.patience = least;
  }

  #hasten(patience: Micros): void {
    const { port } = this.#setup;
    if (port.patience !== undefined && port.patience > patience) port.patience = patience;
  }
}
