// One SRT connection as a state machine: told datagrams and the time, it calls back with datagrams and messages.
import { ProtocolError, type SrsxError } from '../../base/errors.ts';
import type { Peer } from '../../base/link.ts';
import type { Rng } from '../../base/rng.ts';
import { toSrsxError } from '../../base/session.ts';
import { fromMs, fromSeconds, type Micros, toMs } from '../../base/time.ts';
import { parseAck } from './control.ts';
import { errors } from './errors.ts';
import { ExtensionType } from './extension.ts';
import { type Handshake, parseHandshake, type ReceivedHandshake, wireAddress, writeHandshake } from './handshake.ts';
import type { Handshaker, HandshakeSetup } from './handshaker.ts';
import { KeyExchange } from './key-exchange.ts';
import { LateTerms } from './legacy.ts';
import { type Agreement, initiatorKeys, Rejection, refusedWith, rejectedBy, type Terms } from './negotiation.ts';
import type { SrtOptions } from './options.ts';
import {
  bodyOf,
  CONTROL_BYTES,
  ControlType,
  checkPacket,
  controlNumber,
  controlSubtype,
  controlType,
  HEADER_BYTES,
  isAck,
  isControl,
  timestampOf,
  writeControl,
  writeControlHeader,
} from './packet.ts';
import { Receiver } from './receiver.ts';
import { RoundTrip } from './round-trip.ts';
import { Sender } from './sender.ts';
import { toTimestamp } from './sequence.ts';
import { Counters, type Gauges, makeStatistics, type Statistics } from './statistics.ts';
import { Tsbpd } from './tsbpd.ts';

/** Who hears of a connection, from within `receive`, `tick` and `close`. What all but the last throw ends the connection. */
export interface ConnectionEvents {
  /** Both ends have agreed; messages may be sent. */
  connected?(connection: SrtConnection): void;
  /** A message at its time; `payload` is the callee's. `sourceTime`: when the peer sent it, on our clock. */
  message(payload: Uint8Array, sourceTime: Micros): void;
  /** All messages that were due together have been told. */
  delivered?(): void;
  /** The connection is over, once; undefined: the peer or we ended it in order. */
  ended(reason: SrsxError | undefined): void;
}

/** What a connection needs from its multiplexer. */
export interface ConnectionSetup {
  readonly socketId: number;
  readonly peer: Peer;
  readonly options: SrtOptions;
  readonly rng: Rng;
  readonly events: ConnectionEvents;
  /** Takes a datagram to the peer, or one that begins with it and ends with `rest`; the callee must not keep it. */
  readonly send: (datagram: Uint8Array, rest?: Uint8Array) => void;
  /** Told whenever something may have brought the deadline nearer; `sending`: only `sendDeadline`, which is that now. */
  readonly changed: (sending?: Micros) => void;
  /** How to come to an agreement. */
  readonly handshaker: (setup: HandshakeSetup) => Handshaker;
  /** How long it may take. */
  readonly connectTime: Micros;
}

/** `draining`: the peer has ended, messages still wait for their time. */
export type ConnectionState = 'connecting' | 'connected' | 'draining' | 'closed';

/** A peer that hears nothing for so long is told that we live (draft-sharabayko-srt-01 §4.8.3 has no number; libsrt: 1 s). */
const KEEP_ALIVE_TIME = fromSeconds(1);
/** Chosen: a closing sender waits at most so long for the acknowledgement of its last packets. */
const LINGER_TIME = fromSeconds(3);
/** QUIRK(libsrt): at a shutdown it throws away what is not yet due, so we wait for the peer's delay and this. */
const LINGER_MARGIN = fromMs(100);
const SHUTDOWN_COPIES = 2;
/** What waits to be read so much of a delay is hidden by it: a loss is reported and repaired in time all the same. */
const PATIENCE_SHARE = 1 / 40;
/** The ACKACK that is being sent, whosever it is. */
const answerMemory = new Uint8Array(CONTROL_BYTES);
/** Added to the delay before what remains in a receiver is delivered at once. */
const DRAIN_MARGIN = fromMs(1000);

/**
 * `send` gives messages, `receive` and `tick` everything else. A damaged datagram is counted and has no other effect.
 *
 * Errors by which it ends: SRT_CONNECT_TIMEOUT, SRT_REJECTED (by the peer), SRT_REFUSED (by us), SRT_IDLE.
 */
export class SrtConnection {
  readonly socketId: number;
  readonly peer: Peer;
  readonly options: SrtOptions;
  readonly #setup: ConnectionSetup;
  readonly #handshaker: Handshaker;
  readonly #start: Micros;
  readonly #counters = new Counters();
  readonly #roundTrip = new RoundTrip();
  #state: ConnectionState = 'connecting';
  #agreement: Agreement | undefined;
  #terms: Terms | undefined;
  #sender: Sender | undefined;
  #receiver: Receiver | undefined;
  #keys: KeyExchange | undefined;
  /** Only of peers that say later what they can. */
  #late: LateTerms | undefined;
  /** The end of the handshake, of the draining, or of the lingering. */
  #endAt: Micros;
  #heardAt: Micros;
  #spokeAt: Micros;
  #lingering = false;
  #sentAll = false;

  constructor(setup: ConnectionSetup, now: Micros) {
    this.#setup = setup;
    this.socketId = setup.socketId;
    this.peer = setup.peer;
    this.options = setup.options;
    this.#start = now;
    this.#heardAt = now;
    this.#spokeAt = now;
    this.#endAt = now + setup.connectTime;
    this.#handshaker = setup.handshaker({
      options: setup.options,
      socketId: setup.socketId,
      initialSequence: setup.rng.below(2 ** 31),
      peerAddress: wireAddress(setup.peer.host),
      rng: setup.rng,
      send: (handshake, destination, at) => this.#sendHandshake(handshake, destination, at),
    });
  }

  get state(): ConnectionState {
    return this.#state;
  }

  /** As the caller named it; of a caller its own. */
  get streamid(): string {
    return this.#agreement?.streamid ?? this.options.streamid;
  }

  /** The longest message, in bytes. */
  get maxPayload(): number {
    const most = (this.#agreement?.maxPayload ?? this.options.payloadsize) - (this.#sender?.keys?.overhead ?? 0);
    return Math.min(most, this.options.payloadsize);
  }

  /** What was negotiated: delays, and the peer's version; undefined before. */
  get terms(): Terms | undefined {
    return this.#terms;
  }

  /** How long a datagram for it may wait to be read. */
  get patience(): Micros {
    if (this.#terms === undefined) return 0;
    const { sendDelay, receiveDelay } = this.#terms;
    return PATIENCE_SHARE * (this.#counters.pktRecvUnique > 0 ? Math.min(sendDelay, receiveDelay) : sendDelay);
  }

  /** Infinity: nothing to wait for. */
  get deadline(): Micros {
    return Math.min(this.sendDeadline, this.restDeadline);
  }

  /** Of what is sent, which changes with each packet. */
  get sendDeadline(): Micros {
    return (this.#state === 'connected' ? this.#sender?.deadline : undefined) ?? Number.POSITIVE_INFINITY;
  }

  /** Of all else. */
  get restDeadline(): Micros {
    if (this.#state === 'closed') return Number.POSITIVE_INFINITY;
    if (this.#state === 'connecting') return Math.min(this.#endAt, this.#handshaker.deadline);
    // Then only delivery goes on.
    if (this.#state === 'draining') return Math.min(this.#endAt, this.#receiver?.deadline ?? Number.POSITIVE_INFINITY);
    const { peeridletimeo } = this.options;
    return Math.min(
      this.#receiver?.deadline ?? Number.POSITIVE_INFINITY,
      this.#keys?.deadline ?? Number.POSITIVE_INFINITY,
      this.#late?.deadline ?? Number.POSITIVE_INFINITY,
      this.#endAt,
      this.#heardAt + peeridletimeo,
      this.#lastSpokeAt + KEEP_ALIVE_TIME,
    );
  }

  /** Begins the handshake. */
  start(now: Micros): void {
    this.#handshaker.start(now);
    this.#setup.changed();
  }

  /** Answers the request that this connection was made for. */
  respond(request: ReceivedHandshake, now: Micros): void {
    this.#result(this.#handshaker.receive(request, now), request.timestamp, now);
    this.#setup.changed();
  }

  /** A datagram for this socket. Never throws for what the peer sent. */
  receive(datagram: Uint8Array, now: Micros): void {
    if (this.#state === 'closed') return;
    try {
      checkPacket(datagram);
      if (isAck(datagram) && this.#state === 'connected') {
        this.#ack(datagram, now);
        return;
      }
      if (isControl(datagram)) this.#control(datagram, now);
      else this.#data(datagram, now);
    } catch (error) {
      // Anybody can send a datagram with our address and number: it must not end the connection.
      if (!(error instanceof ProtocolError)) throw error;
      this.#counters.pktInvalid++;
    }
    this.#setup.changed();
  }

  /** Called when the deadline has come, or later. */
  tick(now: Micros): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'connecting') this.#tickHandshake(now);
    else this.#tickConnected(now);
  }

  /**
   * Sends one message of 1 to `maxPayload` bytes, to which nobody may write afterwards. False: not connected, of another
   * size, or the buffer is full; the message is dropped, since a live sender does not wait.
   */
  send(payload: Uint8Array, now: Micros): boolean {
    return this.sendAll([payload], now) === 1;
  }

  /** Sends messages that go together, which costs less than one by one; how many were taken, the others being dropped. */
  sendAll(payloads: readonly Uint8Array[], now: Micros): number {
    const sender = this.#sender;
    if (this.#state !== 'connected' || sender === undefined || this.#lingering) return 0;
    if (this.#late !== undefined) this.#askLate(this.#late, now);
    const taken = sender.push(payloads, now);
    if (sender.keys !== undefined) this.#keys?.poll(now);
    this.#setup.changed(sender.keys === undefined ? sender.deadline : undefined);
    return taken;
  }

  /** Ends after the peer has acknowledged everything (at the latest after 3 s) and had the time to deliver it. */
  finish(now: Micros): void {
    if (this.#state === 'connecting') {
      this.close(undefined, now);
      return;
    }
    if (this.#state !== 'connected') return;
    this.#lingering = true;
    this.#endAt = now + LINGER_TIME;
    this.#endWhenSent(now);
    this.#setup.changed();
  }

  /** Ends at once; the peer is told. What waits for delivery is dropped. */
  close(reason: SrsxError | undefined, now: Micros): void {
    if (this.#state === 'closed') return;
    if (this.#agreement !== undefined && this.#state !== 'draining') {
      // Nobody confirms it, and a peer that misses it waits for peeridletimeo.
      for (let i = 0; i < SHUTDOWN_COPIES; i++) this.#sendControl(ControlType.shutdown, 0, undefined, now);
    }
    this.#end(reason);
  }

  /** libsrt's numbers, see `statistics.ts`. */
  statistics(now: Micros): Statistics {
    return makeStatistics(this.#counters, this.#gauges(), now);
  }

  /** For logs and tests. */
  describe(): Record<string, unknown> {
    const { host, port } = this.peer;
    return {
      state: this.#state,
      socketId: this.socketId,
      peer: `${host}:${port}`,
      streamid: this.streamid,
      terms: this.#terms,
    };
  }

  #control(packet: Uint8Array, now: Micros): void {
    const type = controlType(packet);
    if (type === ControlType.handshake) {
      this.#handshake(packet, now);
      return;
    }
    if (this.#state === 'connecting') this.#confirmed(now);
    if (this.#agreement === undefined) return;
    this.#heardAt = now;
    const body = bodyOf(packet);
    switch (type) {
      case ControlType.ack:
        this.#ack(packet, now);
        return;
      case ControlType.nak:
        this.#counters.pktRecvNAK++;
        this.#sender?.reportLoss(body, now);
        return;
      case ControlType.ackAck:
        this.#receiver?.answered(controlNumber(packet), timestampOf(packet), now);
        return;
      case ControlType.dropRequest:
        this.#receiver?.dropRequest(body, now);
        return;
      case ControlType.shutdown:
        this.#drain(now);
        return;
      case ControlType.userDefined:
        this.#extension(controlSubtype(packet), packet, now);
        return;
      default:
        // Keep-alives, and what nobody sends any more.
        return;
    }
  }

  #data(packet: Uint8Array, now: Micros): void {
    if (this.#state === 'connecting') this.#confirmed(now);
    if (this.#agreement === undefined || this.#state === 'draining') return;
    this.#heardAt = now;
    this.#receiver?.data(packet, now);
  }

  /** By far the most frequent packet for a sender. It only brings nearer what the sender waits for. */
  #ack(packet: Uint8Array, now: Micros): void {
    this.#heardAt = now;
    this.#counters.pktRecvACK++;
    const ack = parseAck(packet, HEADER_BYTES);
    // Answered first: the peer measures the time until then.
    if (ack.full !== undefined) this.#answerAck(controlNumber(packet), now);
    this.#sender?.acknowledge(ack, now);
    this.#endWhenSent(now);
    this.#setup.changed(this.#lingering ? undefined : this.#sender?.deadline);
  }

  #extension(subtype: number, packet: Uint8Array, now: Micros): void {
    const body = bodyOf(packet);
    if (subtype === ExtensionType.keyMaterialRequest) this.#keys?.request(body, now);
    else if (subtype === ExtensionType.keyMaterialResponse) this.#keys?.response(body, now);
    else if (subtype <= ExtensionType.handshakeResponse) this.#late?.receive(subtype, body, timestampOf(packet), now);
  }

  #handshake(packet: Uint8Array, now: Micros): void {
    const received = { handshake: parseHandshake(bodyOf(packet)), timestamp: timestampOf(packet), at: now };
    this.#result(this.#handshaker.receive(received, now), received.timestamp, now);
  }

  #result(result: Agreement | Rejection | undefined, timestamp: number, now: Micros): void {
    if (this.#state !== 'connecting' || result === undefined) return;
    if (result instanceof Rejection) this.#end(result.byPeer ? rejectedBy(result.code) : refusedWith(result.code));
    else this.#connect(result, timestamp, now);
  }

  /** Any other packet confirms a rendezvous. */
  #confirmed(now: Micros): void {
    const agreement = this.#handshaker.connectedByPeer?.(now);
    if (agreement !== undefined) this.#connect(agreement, toTimestamp(now - agreement.peerStart), now);
  }

  #connect(agreement: Agreement, timestamp: number, now: Micros): void {
    this.#agreement = agreement;
    this.#state = 'connected';
    this.#endAt = Number.POSITIVE_INFINITY;
    this.#heardAt = now;
    const shared = { options: this.options, counters: this.#counters, roundTrip: this.#roundTrip };
    const control = (type: number, number: number, body: Uint8Array, at: Micros): void => {
      this.#sendControl(type, number, body, at);
    };
    this.#sender = new Sender({
      ...shared,
      firstSequence: agreement.sendSequence,
      flowWindow: agreement.flowWindow,
      maxPayload: agreement.maxPayload,
      peerSocketId: agreement.peerSocketId,
      start: this.#start,
      transmit: this.#setup.send,
      control,
    });
    this.#receiver = new Receiver({
      ...shared,
      firstSequence: agreement.receiveSequence,
      deliver: (payload, sourceTime, at) => this.#tell(at, () => this.#setup.events.message(payload, sourceTime)),
      delivered: (at) => this.#tell(at, () => this.#setup.events.delivered?.()),
      control,
    });
    this.#sender.keys = agreement.sendKeys;
    this.#receiver.keys = agreement.receiveKeys;
    const send = (subtype: number, body: Uint8Array, at: Micros): void => this.#sendExtension(subtype, body, at);
    this.#keys = new KeyExchange({ ...shared, sender: this.#sender, receiver: this.#receiver, send });
    if (agreement.terms !== undefined) this.#agreeTerms(agreement.terms, agreement.peerStart, timestamp);
    else
      this.#late = new LateTerms({
        ...shared,
        send,
        agreed: (terms, stamp, at) => this.#agreeTerms(terms, at - stamp, stamp),
      });
    this.#tell(now, () => this.#setup.events.connected?.(this));
  }

  /** What the other side of the events throws is not a damaged packet: it ends the connection. */
  #tell(now: Micros, event: () => void): void {
    if (this.#state === 'closed') return;
    try {
      event();
    } catch (error) {
      this.close(toSrsxError(error), now);
    }
  }

  #agreeTerms(terms: Terms, peerStart: Micros, timestamp: number): void {
    this.#terms = terms;
    if (this.#receiver !== undefined) {
      this.#receiver.tsbpd = new Tsbpd(peerStart, timestamp, terms.receiveDelay, this.options.drifttracer);
    }
    if (this.#sender !== undefined) this.#sender.peerDelay = terms.peerDrops ? terms.sendDelay : undefined;
  }

  /** An old peer is asked with the first message, and given the keys. */
  #askLate(late: LateTerms, now: Micros): void {
    late.want(now);
    if (this.#sender === undefined || this.#sender.keys !== undefined || this.options.passphrase === '') return;
    const keys = initiatorKeys(this.options, 0, this.#setup.rng);
    if (keys !== undefined) keys.pending = keys.message();
    this.#sender.keys = keys;
  }

  #tickHandshake(now: Micros): void {
    if (now >= this.#endAt) this.#end(errors.refused('CONNECT_TIMEOUT', { ms: toMs(this.#setup.connectTime) }));
    else this.#handshaker.tick(now);
  }

  #tickConnected(now: Micros): void {
    const { peeridletimeo } = this.options;
    if (this.#state === 'connected' && now >= this.#heardAt + peeridletimeo) {
      this.close(errors.protocol('IDLE', { ms: toMs(peeridletimeo) }), now);
      return;
    }
    this.#receiver?.tick(now);
    if (this.#state === 'draining') {
      this.#endWhenDrained(now);
      return;
    }
    this.#sender?.tick(now);
    this.#keys?.poll(now);
    this.#late?.tick(now);
    if (now >= this.#lastSpokeAt + KEEP_ALIVE_TIME) this.#sendControl(ControlType.keepAlive, 0, undefined, now);
    if (now >= this.#endAt) this.close(undefined, now);
    else this.#endWhenSent(now);
  }

  /** The peer has said that nothing more comes; what is here still has its time. */
  #drain(now: Micros): void {
    if (this.#state !== 'connected') return;
    this.#state = 'draining';
    this.#endAt = now + (this.#terms?.receiveDelay ?? 0) + DRAIN_MARGIN;
    this.#endWhenDrained(now);
  }

  #endWhenDrained(now: Micros): void {
    if (this.#receiver?.empty === false && now < this.#endAt) return;
    this.#receiver?.flush(now);
    this.#end(undefined);
  }

  #endWhenSent(now: Micros): void {
    if (!this.#lingering || this.#sentAll || this.#sender?.empty !== true) return;
    this.#sentAll = true;
    this.#endAt = now + (this.#terms?.sendDelay ?? 0) + this.#roundTrip.rtt + LINGER_MARGIN;
  }

  #end(reason: SrsxError | undefined): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#setup.events.ended(reason);
  }

  #transmit(packet: Uint8Array, now: Micros): void {
    this.#spokeAt = now;
    this.#setup.send(packet);
  }

  get #lastSpokeAt(): Micros {
    return Math.max(this.#spokeAt, this.#sender?.spokeAt ?? 0);
  }

  #answerAck(number: number, now: Micros): void {
    const destination = this.#agreement?.peerSocketId ?? 0;
    const timestamp = toTimestamp(now - this.#start);
    writeControlHeader(answerMemory, { type: ControlType.ackAck, number, timestamp, destination });
    this.#transmit(answerMemory, now);
  }

  #sendControl(type: number, number: number, body: Uint8Array | undefined, now: Micros): void {
    const destination = this.#agreement?.peerSocketId ?? 0;
    this.#transmit(writeControl({ type, number, timestamp: toTimestamp(now - this.#start), destination }, body), now);
  }

  #sendExtension(subtype: number, body: Uint8Array, now: Micros): void {
    const destination = this.#agreement?.peerSocketId ?? 0;
    const timestamp = toTimestamp(now - this.#start);
    this.#transmit(writeControl({ type: ControlType.userDefined, subtype, timestamp, destination }, body), now);
  }

  #sendHandshake(handshake: Handshake, destination: number, now: Micros): void {
    const header = { type: ControlType.handshake, timestamp: toTimestamp(now - this.#start), destination };
    this.#transmit(writeControl(header, writeHandshake(handshake)), now);
  }

  #gauges(): Gauges {
    const none = { packets: 0, bytes: 0, span: 0, freeBytes: 0 };
    return {
      start: this.#start,
      rtt: this.#roundTrip.rtt,
      flowWindow: this.#sender?.flowWindow ?? 0,
      congestionWindow: this.options.fc,
      flightSize: this.#sender?.flightSize ?? 0,
      maxBandwidth: this.#sender?.maxBandwidth ?? Number.POSITIVE_INFINITY,
      linkPackets: this.#receiver?.linkPackets ?? 0,
      sendPeriod: this.#sender?.period ?? 0,
      sendBuffer: this.#sender?.gauge() ?? none,
      receiveBuffer: this.#receiver?.gauge() ?? none,
      sendDelay: this.#terms?.sendDelay ?? 0,
      receiveDelay: this.#terms?.receiveDelay ?? 0,
      reorderTolerance: this.#receiver?.reorderTolerance ?? 0,
      mss: this.options.mss,
    };
  }
}
