// The receiving half of a connection: order, losses and their reports, acknowledgements, delivery at the right time.
import { fromMs, type Micros } from '../../base/time.ts';
import { Acknowledger } from './acknowledger.ts';
import { type FullAck, parseDropRequest, writeAck, writeLossList } from './control.ts';
import type { ReceiveKeys } from './keys.ts';
import { bufferPackets, MAX_PAYLOAD_BYTES, type SrtOptions } from './options.ts';
import { ControlType, HEADER_BYTES, isRetransmitted, keyOf, sequenceOf, timestampOf } from './packet.ts';
import { Rates } from './rates.ts';
import { type Arrived, ReceiveBuffer } from './receive-buffer.ts';
import type { RoundTrip } from './round-trip.ts';
import { toSequence, unwrapSequence } from './sequence.ts';
import type { BufferGauge, Counters } from './statistics.ts';
import type { Tsbpd } from './tsbpd.ts';

/** Periodic loss reports come at least so far apart; libsrt's 20 ms cost a try within four short round trips. */
const MIN_NAK_INTERVAL = fromMs(10);
/** Before a round trip was measured: the default RTT of 100 ms would be too long for the first losses. */
const UNKNOWN_NAK_INTERVAL = fromMs(20);
/** Ranges of one report: what fits into one packet. */
const MAX_RANGES = MAX_PAYLOAD_BYTES / 8;
/** Estimates cost a sort; a new one for each ACK would show nothing more. */
const ESTIMATE_PERIOD = fromMs(100);
/** Packets in order after which the tolerance shrinks, as in libsrt. */
const ORDERLY_PACKETS = 50;

/** What the receiving half needs from its connection. */
export interface ReceiverSetup {
  readonly options: SrtOptions;
  readonly firstSequence: number;
  readonly counters: Counters;
  readonly roundTrip: RoundTrip;
  /** The payload is the callee's. */
  readonly deliver: (payload: Uint8Array, sourceTime: Micros, now: Micros) => void;
  /** All that were due have been delivered. */
  readonly delivered: (now: Micros) => void;
  readonly control: (type: number, number: number, body: Uint8Array, now: Micros) => void;
}

/** Takes data packets and gives messages; answers go out by `control`. */
export class Receiver {
  readonly #setup: ReceiverSetup;
  readonly #buffer: ReceiveBuffer;
  readonly #acknowledger: Acknowledger;
  readonly #rates = new Rates();
  /** Undefined while an old peer has not said its delay: messages are delivered as they come. */
  tsbpd: Tsbpd | undefined;
  keys: ReceiveKeys | undefined;
  #nakAt: Micros = Number.POSITIVE_INFINITY;
  #dueAt: Micros = Number.POSITIVE_INFINITY;
  #lastAt: Micros = 0;
  /** Losses before this have been reported at least once. */
  #reported: number;
  #tolerance: number;
  #orderly = 0;
  #estimateAt: Micros = 0;
  #estimate = { packets: 0, bytes: 0 };
  #capacity = 0;

  constructor(setup: ReceiverSetup) {
    this.#setup = setup;
    this.#buffer = new ReceiveBuffer(setup.firstSequence, bufferPackets(setup.options.rcvbuf, setup.options));
    this.#acknowledger = new Acknowledger(setup.firstSequence, setup.roundTrip);
    this.#reported = setup.firstSequence;
    this.#tolerance = setup.options.lossmaxttl;
  }

  get deadline(): Micros {
    return Math.min(this.#acknowledger.deadline, this.#nakAt, this.#dueAt);
  }

  /** Nothing waits for delivery. */
  get empty(): boolean {
    return this.#buffer.packets === 0;
  }

  get reorderTolerance(): number {
    return this.#tolerance;
  }

  get linkPackets(): number {
    return this.#capacity;
  }

  gauge(): BufferGauge {
    const { packets, bytes, span, capacity } = this.#buffer;
    return { packets, bytes, span, freeBytes: (capacity - packets) * this.#setup.options.mss };
  }

  /** A data packet; its payload is copied. */
  data(packet: Uint8Array, now: Micros): void {
    const { counters } = this.#setup;
    const size = packet.length - HEADER_BYTES;
    const wire = sequenceOf(packet);
    const sequence = unwrapSequence(wire, this.#buffer.end);
    const again = isRetransmitted(packet);
    counters.pktRecv++;
    counters.byteRecv += size;
    if (again) counters.pktRcvRetrans++;
    else this.#rates.note(wire, size, now);
    this.#lastAt = now;
    if (!this.#buffer.wants(sequence)) {
      if (sequence < this.#buffer.base) counters.pktRcvBelated++;
      // The acknowledgement may have been lost.
      this.#acknowledger.note(now);
      return;
    }
    const payload = this.#open(packet);
    if (payload === undefined) {
      this.#undecryptable(packet, sequence, now);
      return;
    }
    this.#reorder(sequence, again);
    const time = this.tsbpd?.unwrap(timestampOf(packet)) ?? now;
    const end = this.#buffer.end;
    if (sequence > end) counters.pktRcvLoss += sequence - end;
    this.#buffer.insert(sequence, payload, time);
    counters.pktRecvUnique++;
    counters.byteRecvUnique += size;
    this.#reportNew(now);
    if (this.#acknowledger.note(now)) this.#ack(undefined, 0, now);
    this.#deliverDue(now);
  }

  /** What the sender will not send any more. Throws SRT_PACKET; lies are cut to the window. */
  dropRequest(body: Uint8Array, now: Micros): void {
    const [from, to] = parseDropRequest(body);
    const first = unwrapSequence(from, this.#buffer.end);
    const last = first + (((to - from) << 1) >> 1);
    this.#setup.counters.pktRcvDrop += this.#buffer.giveUp(first, last);
    this.#acknowledger.note(now);
    this.#deliverDue(now);
  }

  /** An ACKACK. */
  answered(number: number, timestamp: number, now: Micros): void {
    const sample = this.#acknowledger.answered(number, now);
    if (sample === undefined) return;
    const { roundTrip } = this.#setup;
    roundTrip.sample(sample);
    this.tsbpd?.sample(timestamp, now, roundTrip.rtt - (roundTrip.first ?? roundTrip.rtt));
  }

  tick(now: Micros): void {
    if (now >= this.#dueAt) this.#deliverDue(now);
    if (now >= this.#acknowledger.deadline) this.#acknowledge(now);
    if (now >= this.#nakAt) this.#reportAgain(now);
  }

  /** The connection is over for good: what is there is delivered at once. */
  flush(now: Micros): void {
    const some = !this.empty;
    for (let packet = this.#buffer.peek(); packet !== undefined; packet = this.#buffer.peek()) {
      this.#setup.counters.pktRcvDrop += this.#deliver(packet, now);
    }
    this.#setup.counters.pktRcvDrop += this.#buffer.skipRest();
    this.#dueAt = Number.POSITIVE_INFINITY;
    if (some) this.#setup.delivered(now);
  }

  #open(packet: Uint8Array): Uint8Array | undefined {
    const key = keyOf(packet);
    // A plain packet among encrypted ones is not from the peer.
    if (key === 0) return this.keys === undefined ? copyBody(packet) : undefined;
    return this.keys?.cipher(key)?.decrypt(packet);
  }

  /** Without its key a packet is lost for good, and asking for it again would not help; a forged one is just ignored. */
  #undecryptable(packet: Uint8Array, sequence: number, now: Micros): void {
    const { counters } = this.#setup;
    counters.pktRcvUndecrypt++;
    counters.byteRcvUndecrypt += packet.length - HEADER_BYTES;
    const key = keyOf(packet);
    if (key === 0 || this.keys?.cipher(key) !== undefined) return;
    this.#buffer.giveUp(sequence, sequence);
    this.#acknowledger.note(now);
  }

  /** SRTO_LOSSMAXTTL: how far an original packet was overtaken is how long losses are not reported. */
  #reorder(sequence: number, again: boolean): void {
    const most = this.#setup.options.lossmaxttl;
    if (most === 0) return;
    const late = this.#buffer.end - 1 - sequence;
    if (late <= 0) {
      if (++this.#orderly < ORDERLY_PACKETS) return;
      this.#orderly = 0;
      this.#tolerance = Math.max(0, this.#tolerance - 1);
      return;
    }
    if (again) return;
    this.#orderly = 0;
    if (late > this.#tolerance) this.#tolerance = Math.min(late, most);
  }

  /** Losses that are now older than the tolerance are reported at once. */
  #reportNew(now: Micros): void {
    const limit = this.#buffer.end - this.#tolerance;
    if (limit > this.#reported) {
      const lost = this.#buffer.missing(this.#reported, limit, MAX_RANGES);
      this.#reported = limit;
      if (lost.length > 0) this.#nak(lost, now);
    }
    if (this.#buffer.contiguous === this.#buffer.end) this.#nakAt = Number.POSITIVE_INFINITY;
    else if (this.#nakAt === Number.POSITIVE_INFINITY) this.#nakAt = now + this.#nakInterval;
  }

  #reportAgain(now: Micros): void {
    if (this.#buffer.contiguous === this.#buffer.end) {
      this.#nakAt = Number.POSITIVE_INFINITY;
      return;
    }
    this.#nakAt = now + this.#nakInterval;
    if (!this.#setup.options.nakreport) return;
    // When nothing more comes, nothing overtakes either.
    const quiet = now - this.#lastAt > this.#nakInterval;
    const limit = quiet ? this.#buffer.end : this.#buffer.end - this.#tolerance;
    const lost = this.#buffer.missing(this.#buffer.base, limit, MAX_RANGES);
    if (lost.length > 0) this.#nak(lost, now);
  }

  /** libsrt: half of RTT and four variances; here at most one RTT, since the variance begins much too large. */
  get #nakInterval(): Micros {
    const { roundTrip } = this.#setup;
    if (roundTrip.first === undefined) return UNKNOWN_NAK_INTERVAL;
    return Math.max(MIN_NAK_INTERVAL, Math.min(roundTrip.patience / 2, roundTrip.rtt));
  }

  #nak(lost: readonly (readonly [number, number])[], now: Micros): void {
    this.#setup.counters.pktSentNAK++;
    this.#setup.control(ControlType.nak, 0, writeLossList(lost, MAX_PAYLOAD_BYTES), now);
  }

  #acknowledge(now: Micros): void {
    const number = this.#acknowledger.take(this.#buffer.contiguous, now);
    if (number === undefined) return;
    if (now >= this.#estimateAt) {
      this.#estimateAt = now + ESTIMATE_PERIOD;
      this.#estimate = this.#rates.receive();
      this.#capacity = this.#rates.capacity();
    }
    const { roundTrip } = this.#setup;
    const full: FullAck = {
      rtt: Math.round(roundTrip.rtt),
      rttVariance: Math.round(roundTrip.variance),
      // Less than two would stop a sender for ever.
      availablePackets: Math.max(2, this.#buffer.available),
      receiveRate: this.#estimate.packets,
      linkCapacity: this.#capacity,
      receiveBytesRate: this.#estimate.bytes,
    };
    this.#ack(full, number, now);
  }

  #ack(full: FullAck | undefined, number: number, now: Micros): void {
    this.#setup.counters.pktSentACK++;
    const ack = { sequence: toSequence(this.#buffer.contiguous), ...(full === undefined ? {} : { full }) };
    this.#setup.control(ControlType.ack, number, writeAck(ack), now);
  }

  /** Delivers what is due; what is missing before a due packet is too late, unless the options say to wait for it. */
  #deliverDue(now: Micros): void {
    const { options, counters } = this.#setup;
    const before = this.#buffer.contiguous;
    let some = false;
    this.#dueAt = Number.POSITIVE_INFINITY;
    for (let packet = this.#buffer.peek(); packet !== undefined; packet = this.#buffer.peek()) {
      const timed = this.tsbpd !== undefined && options.tsbpdmode;
      if (this.#buffer.gapAhead && !(timed && options.tlpktdrop)) break;
      const due = timed ? this.tsbpd?.due(packet.time) : now;
      if (due !== undefined && due > now) {
        this.#dueAt = due;
        break;
      }
      counters.pktRcvDrop += this.#deliver(packet, now);
      some = true;
    }
    if (some) this.#setup.delivered(now);
    if (this.#buffer.contiguous !== before) this.#acknowledger.note(now);
  }

  #deliver(packet: Arrived, now: Micros): number {
    const dropped = this.#buffer.take();
    this.#setup.deliver(packet.payload, this.tsbpd?.sourceTime(packet.time) ?? packet.time, now);
    return dropped;
  }
}

/** The one copy that is made: the datagram belongs to the port. */
function copyBody(packet: Uint8Array): Uint8Array {
  const payload = Buffer.allocUnsafe(packet.length - HEADER_BYTES);
  payload.set(packet.subarray(HEADER_BYTES));
  return payload;
}
