// The sending half of a connection: what waits for acknowledgement, what goes out again, what is too late.
import { fromMs, type Micros } from '../../base/time.ts';
import { type Ack, parseLossList, type Range, writeDropRequest } from './control.ts';
import { errors } from './errors.ts';
import type { SendKeys } from './keys.ts';
import { bufferPackets, type SrtOptions } from './options.ts';
import { Pacer } from './pacing.ts';
import { ControlType, HEADER_BYTES, writeDataHeader } from './packet.ts';
import { isProbe } from './rates.ts';
import type { RoundTrip } from './round-trip.ts';
import { SendBuffer } from './send-buffer.ts';
import { toSequence, toTimestamp, unwrapSequence } from './sequence.ts';
import type { BufferGauge, Counters } from './statistics.ts';

/** A sender keeps packets at least so long, whatever the delay (SRT_TLPKTDROP_MINTHRESHOLD_MS, with libsrt's margin). */
const MIN_DROP_TIME = fromMs(1000);
const DROP_MARGIN = fromMs(20);
/** ACKs come every 10 ms; a silence of a round trip and this means that the end was lost. */
const TAIL_MARGIN = fromMs(20);
const MAX_TAIL_BACKOFF = 6;
/** A report, its answer, and the wait between reports take so many round trips at worst. */
const LAST_TRY_TRIPS = 2.5;
/** Message numbers have 26 bits; 0 is none. */
const MAX_MESSAGE = 0x03ffffff;

/** Of the packet that is being sent, whosever it is: hundreds of connections would have theirs in no cache. */
const headerMemory = new Uint8Array(HEADER_BYTES);

/** What the sending half needs from its connection. */
export interface SenderSetup {
  readonly options: SrtOptions;
  readonly firstSequence: number;
  readonly flowWindow: number;
  readonly maxPayload: number;
  readonly peerSocketId: number;
  readonly counters: Counters;
  readonly roundTrip: RoundTrip;
  /** Zero of our time stamps. */
  readonly start: Micros;
  /** Takes one datagram: `header` is the callee's during the call, `payload` is shared. */
  readonly transmit: (header: Uint8Array, payload: Uint8Array) => void;
  readonly control: (type: number, number: number, body: Uint8Array, now: Micros) => void;
}

/** Takes messages and sends packets by `transmit`, until they are acknowledged or too late. */
export class Sender {
  readonly #setup: SenderSetup;
  readonly #buffer: SendBuffer;
  readonly #pacer: Pacer;
  readonly #capacity: number;
  readonly #firstSequence: number;
  keys: SendKeys | undefined;
  /** When the last packet left. */
  spokeAt: Micros = Number.NEGATIVE_INFINITY;
  #peerDelay: Micros | undefined;
  /** How long after it was given a packet is too late for the peer. */
  #keepTime: Micros = Number.POSITIVE_INFINITY;
  /** The next packet that was never sent. */
  #next: number;
  #window: number;
  /** Numbers of lost packets in the order of their reports; those acknowledged meanwhile are skipped. */
  #lost: number[] = [];
  #lostAt = 0;
  #tailAt: Micros = Number.POSITIVE_INFINITY;
  #tailTries = 0;
  #pair = false;

  constructor(setup: SenderSetup) {
    this.#setup = setup;
    this.#buffer = new SendBuffer(setup.firstSequence);
    this.#pacer = new Pacer(setup.options);
    this.#capacity = bufferPackets(setup.options.sndbuf, setup.options);
    this.#firstSequence = setup.firstSequence;
    this.#next = setup.firstSequence;
    this.#window = setup.flowWindow;
  }

  /** The peer's delay, if it drops; undefined: it waits for everything. */
  set peerDelay(delay: Micros | undefined) {
    const { tlpktdrop, snddropdelay } = this.#setup.options;
    this.#peerDelay = delay;
    const drops = delay !== undefined && tlpktdrop && snddropdelay !== undefined;
    this.#keepTime = drops ? Math.max(delay + snddropdelay, MIN_DROP_TIME) + DROP_MARGIN : Number.POSITIVE_INFINITY;
  }

  get deadline(): Micros {
    const paced = this.#waiting ? this.#pacer.nextAt : Number.POSITIVE_INFINITY;
    return Math.min(paced, this.#tailAt, this.#dropAt);
  }

  /** Everything was acknowledged or given up. */
  get empty(): boolean {
    return this.#buffer.packets === 0;
  }

  get flowWindow(): number {
    return this.#window;
  }

  get flightSize(): number {
    return this.#next - this.#buffer.first;
  }

  get maxBandwidth(): number {
    return this.#pacer.rate;
  }

  get period(): Micros {
    return this.#pacer.period;
  }

  gauge(): BufferGauge {
    const { packets, bytes, span } = this.#buffer;
    return { packets, bytes, span, freeBytes: (this.#capacity - packets) * this.#setup.options.mss };
  }

  /**
   * Sends messages, to which nobody may write afterwards, and says how many. The others are dropped and counted: the buffer
   * is full, or the peer has said that it takes only shorter ones, which must not trouble those who send to many.
   */
  push(payloads: readonly Uint8Array[], now: Micros): number {
    this.#dropLate(now);
    let taken = 0;
    while (taken < payloads.length && this.#takes(payloads[taken] as Uint8Array)) {
      this.#keep(payloads[taken++] as Uint8Array, now);
    }
    for (let i = taken; i < payloads.length; i++) {
      this.#setup.counters.pktSndDrop++;
      this.#setup.counters.byteSndDrop += (payloads[i] as Uint8Array).length;
    }
    this.#flush(now);
    return taken;
  }

  #takes({ length }: Uint8Array): boolean {
    const fits = length > 0 && length + (this.keys?.overhead ?? 0) <= this.#setup.maxPayload;
    return fits && this.#buffer.packets < this.#capacity;
  }

  #keep(payload: Uint8Array, now: Micros): void {
    const key = this.keys?.slot ?? 0;
    const body = this.keys === undefined ? payload : this.#encrypted(payload, this.keys, now);
    this.#buffer.push(body, key, now);
    this.#pacer.noteInput(payload.length, now);
  }

  /** Throws SRT_PACKET when it acknowledges what was never sent. */
  acknowledge({ sequence, full }: Ack, now: Micros): void {
    const point = unwrapSequence(sequence, this.#buffer.first);
    if (point > this.#next) throw errors.protocol('PACKET', { why: 'an ACK of what was not sent' });
    if (full !== undefined) {
      this.#setup.roundTrip.adopt(full.rtt, full.rttVariance);
      this.#window = Math.max(2, full.availablePackets);
    }
    if (point > this.#buffer.first) {
      this.#buffer.releaseTo(point);
      this.#tailTries = 0;
      this.#armTail(now);
    }
    this.#flush(now);
  }

  /** Throws SRT_PACKET for a list that is damaged or names what was never sent. */
  reportLoss(body: Uint8Array, now: Micros): void {
    const ranges = parseLossList(body);
    for (const [from, to] of ranges) {
      const first = unwrapSequence(from, this.#buffer.first);
      const last = first + (((to - from) << 1) >> 1);
      if (last >= this.#next) throw errors.protocol('PACKET', { why: 'a loss report of what was not sent' });
      if (first < this.#buffer.first) this.#tellGone([first, Math.min(last, this.#buffer.first - 1)], now);
      for (let sequence = Math.max(first, this.#buffer.first); sequence <= last; sequence++) this.#lose(sequence, now);
    }
    this.#flush(now);
  }

  tick(now: Micros): void {
    if (now >= this.#dropAt) this.#dropLate(now);
    if (now >= this.#tailAt) this.#probeTail(now);
    this.#flush(now);
  }

  /** A payload of its own: the key and the counter are of this connection, and GCM protects the header too. */
  #encrypted(payload: Uint8Array, keys: SendKeys, now: Micros): Uint8Array {
    const packet = Buffer.allocUnsafe(HEADER_BYTES + payload.length + keys.overhead);
    this.#writeHeader(packet, this.#buffer.end, keys.slot, now, false);
    packet.set(payload, HEADER_BYTES);
    keys.encrypt(packet);
    return packet.subarray(HEADER_BYTES);
  }

  #writeHeader(packet: Uint8Array, sequence: number, key: number, origin: Micros, again: boolean): void {
    const { peerSocketId, start } = this.#setup;
    writeDataHeader(packet, {
      sequence: toSequence(sequence),
      // A message is a packet.
      message: ((sequence - this.#firstSequence) % MAX_MESSAGE) + 1,
      key,
      timestamp: toTimestamp(origin - start),
      destination: peerSocketId,
      again,
    });
  }

  get #waiting(): boolean {
    return this.#lostAt < this.#lost.length || (this.#next < this.#buffer.end && this.flightSize < this.#window);
  }

  /** Sends what may be sent now: losses before new packets. */
  #flush(now: Micros): void {
    let some = false;
    while (this.#waiting && (this.#pair || this.#pacer.ready(now))) {
      if (this.#takeLost(now)) continue;
      if (this.#next >= this.#buffer.end || this.flightSize >= this.#window) break;
      this.#pair = isProbe(this.#next);
      this.#transmit(this.#next++, false, now);
      some = true;
    }
    if (some && (this.#tailAt === Number.POSITIVE_INFINITY || this.#tailTries === 0)) this.#armTail(now);
  }

  /** False when there is no loss to send again. */
  #takeLost(now: Micros): boolean {
    while (this.#lostAt < this.#lost.length) {
      const sequence = this.#lost[this.#lostAt++] as number;
      if (this.#lostAt === this.#lost.length) {
        this.#lost.length = 0;
        this.#lostAt = 0;
      }
      if (!this.#buffer.kept(sequence)) continue;
      this.#pair = false;
      const repeats = this.#buffer.repeat(sequence);
      for (let copies = this.#copies(sequence, repeats, now); copies > 0; copies--) this.#again(sequence, now);
      return true;
    }
    return false;
  }

  /**
   * What was lost again goes out in two copies, and in three when there is hardly time for another try. Measured at 10 %
   * loss each way and a delay of four round trips: one packet in ten thousand is too late without the copies, none in
   * 360,000 with them, for 3 % more packets.
   */
  #copies(sequence: number, repeats: number, now: Micros): number {
    if (repeats < 2 || this.#peerDelay === undefined) return 1;
    const last = now + LAST_TRY_TRIPS * this.#setup.roundTrip.rtt > this.#buffer.origin(sequence) + this.#peerDelay;
    return last ? 3 : 2;
  }

  #again(sequence: number, now: Micros): void {
    const { counters } = this.#setup;
    counters.pktRetrans++;
    counters.byteRetrans += this.#bytes(sequence);
    this.#transmit(sequence, true, now);
  }

  #transmit(sequence: number, again: boolean, now: Micros): void {
    const { counters, transmit } = this.#setup;
    const bytes = this.#bytes(sequence);
    counters.pktSent++;
    counters.byteSent += bytes;
    this.#buffer.sent(sequence, now);
    this.#writeHeader(headerMemory, sequence, this.#buffer.key(sequence), this.#buffer.origin(sequence), again);
    transmit(headerMemory, this.#buffer.payload(sequence));
    this.spokeAt = now;
    this.#pacer.sent(bytes, this.#pair, now);
  }

  /** Of a message, before it was encrypted. */
  #bytes(sequence: number): number {
    const { length } = this.#buffer.payload(sequence);
    return this.keys === undefined || this.#buffer.key(sequence) === 0 ? length : length - this.keys.overhead;
  }

  /** Puts a reported packet into the queue, unless it has just been sent again and the report is older than that. */
  #lose(sequence: number, now: Micros): void {
    if (!this.#buffer.kept(sequence) || this.#buffer.isLost(sequence)) return;
    const { roundTrip, options, counters } = this.#setup;
    const fresh = now - this.#buffer.sentAt(sequence) < roundTrip.rtt - 4 * roundTrip.variance;
    if (options.retransmitalgo !== 0 && fresh) return;
    this.#buffer.lose(sequence);
    counters.pktSndLoss++;
    this.#lost.push(sequence);
  }

  #tellGone(range: Range, now: Micros): void {
    this.#setup.control(ControlType.dropRequest, 0, writeDropRequest(range), now);
  }

  /** When the oldest packet will be too late for the peer. */
  get #dropAt(): Micros {
    return this.empty ? Number.POSITIVE_INFINITY : this.#buffer.origin(this.#buffer.first) + this.#keepTime;
  }

  #dropLate(now: Micros): void {
    const from = this.#buffer.first;
    while (this.#dropAt <= now) {
      const { counters } = this.#setup;
      counters.pktSndDrop++;
      counters.byteSndDrop += this.#bytes(this.#buffer.first);
      this.#buffer.releaseTo(this.#buffer.first + 1);
    }
    if (this.#buffer.first === from) return;
    if (this.#next < this.#buffer.first) this.#next = this.#buffer.first;
    this.#tellGone([from, this.#buffer.first - 1], now);
    this.#armTail(now);
  }

  #armTail(now: Micros): void {
    const backoff = 2 ** Math.min(this.#tailTries, MAX_TAIL_BACKOFF);
    const waits = this.#next > this.#buffer.first;
    this.#tailAt = waits ? now + (this.#setup.roundTrip.patience + TAIL_MARGIN) * backoff : Number.POSITIVE_INFINITY;
  }

  /** Nothing was acknowledged for a round trip: the newest packet goes out again, and shows the receiver what it lacks. */
  #probeTail(now: Micros): void {
    const newest = this.#next - 1;
    if (newest >= this.#buffer.first && !this.#buffer.isLost(newest)) this.#again(newest, now);
    this.#tailTries++;
    this.#armTail(now);
  }
}
