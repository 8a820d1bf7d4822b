// A publisher and a receiver of RTP with a bad network between them, in virtual time: the parts that WebRTC puts together.
import { concat } from '../../src/core/base/bytes.ts';
import type { Rng } from '../../src/core/base/rng.ts';
import { fromMs, type Micros, Unwrapper } from '../../src/core/base/time.ts';
import { type MediaUnit, makeDepacketiser, RtpMuxer, readPayloads } from '../../src/core/format/rtp/index.ts';
import type { Frame } from '../../src/core/media/frame.ts';
import { ReorderQueue } from '../../src/core/media/queue.ts';
import {
  KeyRequest,
  NackGenerator,
  PlayerClock,
  Reception,
  RTX_BYTES,
  roundTripOf,
  SenderClock,
  SentHistory,
  type SentPacket,
  unwrapRtx,
  writeRtxHead,
} from '../../src/core/wire/feedback/index.ts';
import { ntpOf, parseRtcp, type RtcpPacket, writeRtcp } from '../../src/core/wire/rtcp/index.ts';
import { HEADER_BYTES, kindOf, parsePacket, writeHeader } from '../../src/core/wire/rtp/index.ts';
import { h264Track } from '../tools/builders.ts';
import type { VirtualClock } from '../tools/fakes.ts';

const ssrc = { media: 0x11111111, repair: 0x22222222, receiver: 0x33333333 };
const RATE = 90_000;

/** What a network does to datagrams of one direction. */
export interface Weather {
  readonly delay: Micros;
  /** Each datagram is late by something between zero and this, so it may be overtaken. */
  readonly jitter: Micros;
  /** Asked once for each datagram. */
  readonly loses: (now: Micros) => boolean;
}

/** One direction. */
export class Path {
  readonly #clock: VirtualClock;
  readonly #rng: Rng;
  readonly #weather: Weather;
  onDatagram: (datagram: Uint8Array) => void = () => undefined;

  constructor(clock: VirtualClock, rng: Rng, weather: Weather) {
    this.#clock = clock;
    this.#rng = rng;
    this.#weather = weather;
  }

  send(datagram: Uint8Array): void {
    const { delay, jitter, loses } = this.#weather;
    if (loses(this.#clock.now())) return;
    const late = jitter === 0 ? 0 : this.#rng.below(jitter);
    this.#clock.after(delay + late, () => this.onDatagram(datagram));
  }
}

/** Numbers begin shortly before their wraps. */
const FIRST_SEQUENCE = 65_000;
const FIRST_TIMESTAMP = 2 ** 32 - 20 * RATE;

/** Sends frames of one picture track, answers NACK by RTX, and remembers that a key frame is wanted. */
export class Publisher {
  readonly #clock: VirtualClock;
  readonly #path: Path;
  readonly #muxer = new RtpMuxer({ video: 'h264', audio: undefined, keepBFrames: false });
  readonly #history = new SentHistory();
  readonly #player = new PlayerClock();
  readonly #reports = new SenderClock({ ssrc: ssrc.media, rate: RATE, base: FIRST_TIMESTAMP, clock: this.#player });
  #sequence = FIRST_SEQUENCE;
  #repairs = 0;
  keyWanted = true;
  readonly counts = { packets: 0, repairs: 0, refused: 0, keyRequests: 0 };
  roundTrip: Micros | undefined;

  constructor(clock: VirtualClock, path: Path) {
    this.#clock = clock;
    this.#path = path;
    this.#muxer.header([h264Track]);
  }

  write(frame: Frame): void {
    this.#player.begin(frame.dts, this.#clock.wall());
    for (const { chunks } of this.#muxer.write(frame)) {
      const memory = concat([...chunks]);
      readPayloads(memory, (_, marker, timestamp, at, end) => {
        this.#send({ memory, at, size: end - at, timestamp: wired(timestamp), payloadType: 96, marker });
      });
    }
    const report = this.#reports.take(this.#clock.now(), this.#clock.wall());
    if (report !== undefined) this.#path.send(writeRtcp([report]));
  }

  receive(datagram: Uint8Array): void {
    for (const packet of parseRtcp(datagram)) {
      if (packet.type === 'nack') for (const sequence of packet.sequences) this.#repair(sequence);
      if (packet.type === 'rr') this.#measure(packet);
      if (packet.type !== 'pli') continue;
      this.keyWanted = true;
      this.counts.keyRequests++;
    }
  }

  #send(sent: SentPacket): void {
    const sequence = this.#sequence++ & 0xffff;
    this.#history.sent(sequence, sent, this.#clock.now());
    this.#reports.sent(sent.size, this.#clock.now());
    this.counts.packets++;
    const bytes = new Uint8Array(HEADER_BYTES + sent.size);
    writeHeader(bytes, 0, { ...sent, sequence, ssrc: ssrc.media, extended: false });
    bytes.set(sent.memory.subarray(sent.at, sent.at + sent.size), HEADER_BYTES);
    this.#path.send(bytes);
  }

  #repair(sequence: number): void {
    const sent = this.#history.again(sequence, this.#clock.now());
    if (sent === undefined) {
      this.counts.refused++;
      return;
    }
    this.counts.repairs++;
    const bytes = new Uint8Array(HEADER_BYTES + RTX_BYTES + sent.size);
    const header = { ...sent, payloadType: 97, sequence: this.#repairs++ & 0xffff, ssrc: ssrc.repair, extended: false };
    writeHeader(bytes, 0, header);
    bytes.set(sent.memory.subarray(sent.at, sent.at + sent.size), writeRtxHead(bytes, HEADER_BYTES, sequence));
    this.#path.send(bytes);
  }

  #measure({ reports }: RtcpPacket & { type: 'rr' }): void {
    for (const block of reports) {
      const roundTrip = roundTripOf(block, ntpOf(this.#clock.wall()));
      if (roundTrip === undefined) continue;
      this.roundTrip = roundTrip;
      this.#history.roundTrip = roundTrip;
    }
  }
}

const wired = (timestamp: number): number => (timestamp + FIRST_TIMESTAMP) % 2 ** 32;

/** A frame that came out, and when. */
export interface Received {
  readonly unit: MediaUnit;
  readonly at: Micros;
  /** Packets given up in front of it since the frame before. */
  readonly missing: number;
}

/** Puts packets in order, asks for what is missing, and makes frames. */
export class Receiver {
  readonly #clock: VirtualClock;
  readonly #path: Path;
  readonly #sequences = new Unwrapper(16);
  readonly #ticks = new Unwrapper(32);
  readonly #queue: ReorderQueue<{ bytes: Uint8Array; marker: boolean; ticks: number }>;
  readonly #nack: NackGenerator;
  readonly #key = new KeyRequest();
  readonly #depacketiser = makeDepacketiser('h264')!;
  readonly #reception = new Reception(ssrc.media, RATE);
  #missing = 0;
  #nextReport: Micros = fromMs(500);
  readonly frames: Received[] = [];

  constructor(clock: VirtualClock, path: Path, span: Micros) {
    this.#clock = clock;
    this.#path = path;
    this.#queue = new ReorderQueue({ span, start: fromMs(50), items: 2048, bytes: 8 * 1024 * 1024 });
    this.#nack = new NackGenerator({ age: span });
  }

  get counts() {
    return { ...this.#nack.counts, queue: this.#queue.counts, keyRequests: this.#key.count };
  }

  receive(datagram: Uint8Array): void {
    const now = this.#clock.now();
    if (kindOf(datagram) === 'rtcp') {
      for (const packet of parseRtcp(datagram)) if (packet.type === 'sr') this.#reception.reported(packet, now);
      return;
    }
    const packet = parsePacket(datagram);
    const repaired = packet.ssrc === ssrc.repair;
    const original = repaired ? unwrapRtx(packet.payload) : packet;
    if (original === undefined) return;
    const sequence = this.#sequences.unwrap(original.sequence);
    const ticks = this.#ticks.unwrap(packet.timestamp);
    this.#nack.arrived(sequence, now, repaired);
    this.#reception.arrived(sequence, ticks, now, repaired);
    const { payload: bytes } = original;
    this.#queue.push(sequence, { bytes, marker: packet.marker, ticks }, bytes.length, now);
    this.#drain(now);
  }

  /** What falls due now; to be called again and again. */
  tick(): void {
    const now = this.#clock.now();
    this.#drain(now);
    const sequences = this.#nack.due(now);
    const sender = ssrc.receiver;
    if (sequences.length > 0) this.#path.send(writeRtcp([{ type: 'nack', sender, ssrc: ssrc.media, sequences }]));
    if (this.#key.due(now)) this.#path.send(writeRtcp([{ type: 'pli', sender, ssrc: ssrc.media }]));
    if (now < this.#nextReport) return;
    this.#nextReport = now + fromMs(500);
    const block = this.#reception.block(now);
    if (block !== undefined) this.#path.send(writeRtcp([{ type: 'rr', ssrc: sender, reports: [block] }]));
  }

  #drain(now: Micros): void {
    for (let one = this.#queue.take(now); one !== undefined; one = this.#queue.take(now)) {
      if (one.missing > 0) {
        this.#missing += one.missing;
        this.#depacketiser.lost();
      }
      for (const unit of this.#depacketiser.push(one.item)) this.#take(unit, now);
    }
    // A receiver that has had nothing yet waits for its first key frame.
    if (this.frames.length > 0 && this.#depacketiser.needsKey) this.#key.want();
  }

  #take(unit: MediaUnit, now: Micros): void {
    this.frames.push({ unit: { ...unit, ticks: unit.ticks - FIRST_TIMESTAMP }, at: now, missing: this.#missing });
    this.#missing = 0;
    if (unit.key) this.#key.arrived();
  }
}
