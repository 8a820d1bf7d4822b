// The packets of one player on their way out: paced, numbered, protected in batches, and given to the path.
import type { Rng } from '../../base/rng.ts';
import { fromMs, type Micros, toSeconds } from '../../base/time.ts';
import type { Relief } from '../../control/circuit-breaker.ts';
import {
  BandwidthEstimate,
  defaultBounds,
  Pacer,
  PlayerClock,
  roundTripOf,
  SentLedger,
} from '../../wire/feedback/index.ts';
import { ntpOf, type RtcpPacket, writeRtcp } from '../../wire/rtcp/index.ts';
import { extensionUri } from '../../wire/rtp/index.ts';
import { batchMemory } from '../../wire/srtp/index.ts';
import type { MediaPlan } from './negotiate.ts';
import type { MediaTransport } from './secure.ts';
import { type Batch, Sender } from './sender.ts';

/** A payload of the feed on its way. */
export interface Outgoing {
  sender: Sender;
  memory: Uint8Array;
  at: number;
  size: number;
  marker: boolean;
  /** Ticks of the media time, 32 bits. */
  timestamp: number;
}

/** Packets that are protected together: the key stream of so many is made by one call. */
const MOST_BATCH = 32;
/** IP, UDP and SRTP around a payload, for the estimate. */
const OVERHEAD_BYTES = 60;

export interface OutletOptions {
  readonly transport: MediaTransport;
  readonly media: readonly MediaPlan[];
  readonly rng: Rng;
  readonly cname: string;
  /** See SenderOptions. */
  readonly copiesSent: boolean;
  /** What is not done now, because the CPU is short. */
  readonly relief: () => Relief;
}

export class Outlet {
  readonly #options: OutletOptions;
  readonly clock = new PlayerClock();
  readonly senders: readonly Sender[];
  readonly #ledger = new SentLedger();
  readonly #estimate = new BandwidthEstimate();
  readonly #pacer: Pacer<Outgoing>;
  readonly #hasFeedback: boolean;
  /** Packets have transport-wide sequences, which the player reports about. */
  readonly #isNumbered: boolean;
  readonly #media = new MediaRate();
  readonly #batch: Batch = { memory: batchMemory(), end: 0, slots: [], count: 0 };
  /** What the pacer knows of. */
  #now: Micros | undefined;
  /** Packets sent again, and lost at a full path. */
  readonly counts = { packets: 0, repeated: 0, dropped: 0 };

  constructor(options: OutletOptions) {
    const { media, rng, copiesSent } = options;
    this.#options = options;
    this.#isNumbered = media.some(({ congestion }) => congestion === 'twcc');
    this.#hasFeedback = media.some(({ congestion }) => congestion !== undefined);
    // Without a word about the path, there is nothing to hold packets back for.
    this.#pacer = new Pacer<Outgoing>(this.#hasFeedback ? this.#estimate.bps(0) : defaultBounds.mostBps);
    this.senders = media.map(
      ({ kind, extensions, congestion }) =>
        new Sender({
          ...{ kind, rng, copiesSent, clock: this.clock },
          ssrc: 1 + rng.below(2 ** 32 - 1),
          rtxSsrc: 1 + rng.below(2 ** 32 - 1),
          twccId: congestion === 'twcc' ? extensions.get(extensionUri.transportWideCc) : undefined,
        }),
    );
  }

  get waiting(): number {
    return this.#pacer.length;
  }

  get estimateBps(): number {
    return this.#estimate.bps(0);
  }

  get deadline(): Micros {
    let deadline = this.#pacer.deadline;
    for (const sender of this.senders) deadline = Math.min(deadline, sender.reportDeadline);
    return deadline;
  }

  /** Takes a payload; what may leave now, leaves with `flush`, before anybody else pushes. `outgoing` is the caller's again. */
  push(outgoing: Outgoing, now: Micros): void {
    const bytes = outgoing.size + OVERHEAD_BYTES;
    this.#media.add(bytes);
    if (now !== this.#now) this.#pace(now);
    if (this.#pacer.pass(bytes, now)) this.#put(outgoing, now);
    else {
      this.#pacer.push({ ...outgoing }, bytes, outgoing.sender.kind === 'audio', now);
      this.#options.transport.soon();
    }
  }

  /** Sends what may leave now. */
  flush(now: Micros): void {
    if (now !== this.#now) this.#pace(now);
    for (let next = this.#pacer.take(now); next !== undefined; next = this.#pacer.take(now)) this.#put(next, now);
    this.#send();
  }

  /** Reports that are due. */
  report(now: Micros, wall: Micros): void {
    const packets: RtcpPacket[] = [];
    for (const sender of this.senders) {
      const report = sender.takeReport(now, wall);
      if (report !== undefined) packets.push(report, { type: 'sdes', ssrc: sender.ssrc, cname: this.#options.cname });
    }
    if (packets.length > 0) this.#options.transport.sendRtcp(writeRtcp(packets));
  }

  /** What the player says of what it got; true: it needs a key frame. */
  receive(packets: readonly RtcpPacket[], now: Micros, wall: Micros): boolean {
    let wantsKey = false;
    const { repairs, feedback } = this.#options.relief();
    for (const packet of packets) {
      if (packet.type === 'nack') {
        if (!repairs) this.#repeat(packet.ssrc, packet.sequences, now);
      } else if (packet.type === 'pli' || packet.type === 'fir') wantsKey ||= this.#isVideo(packet.ssrc);
      else if (packet.type === 'transport') {
        if (!feedback) this.#estimate.settled(this.#ledger.settle(packet, now), now);
      } else if (packet.type === 'remb') this.#estimate.remb(packet.bitrateBps, now);
      else if (packet.type === 'rr' || packet.type === 'sr') {
        for (const block of packet.reports) {
          const roundTrip = roundTripOf(block, ntpOf(wall));
          const sender = this.senders.find(({ ssrc }) => ssrc === block.ssrc);
          if (roundTrip !== undefined && sender !== undefined) sender.roundTrip = roundTrip;
        }
      }
    }
    return wantsKey;
  }

  close(): void {
    for (const sender of this.senders) sender.close();
  }

  /** A stream cannot be made smaller here: below its own rate, pacing would only be delay and then loss. */
  #pace(now: Micros): void {
    this.#now = now;
    if (this.#hasFeedback) this.#pacer.bps = Math.max(this.#estimate.bps(now), this.#media.bps(now));
  }

  #put(next: Outgoing, now: Micros): void {
    this.#room(next.size);
    const transport = this.#isNumbered ? this.#ledger.sent(next.size + OVERHEAD_BYTES, now) : 0;
    next.sender.write(this.#batch, next, transport, now);
    if (this.#batch.count >= MOST_BATCH) this.#send();
  }

  #isVideo(ssrc: number): boolean {
    return this.senders.some((sender) => sender.kind === 'video' && sender.ssrc === ssrc);
  }

  /** Answers to a NACK are not paced: they are few, and late already. */
  #repeat(ssrc: number, sequences: readonly number[], now: Micros): void {
    const sender = this.senders.find((one) => one.ssrc === ssrc);
    if (sender === undefined) return;
    for (const sequence of sequences) {
      const packet = sender.lost(sequence, now);
      if (packet === undefined) continue;
      // A frame of sound is one payload, however long it is.
      this.#room(packet.size);
      sender.repeat(this.#batch, packet, sequence, () => this.#ledger.sent(packet.size + OVERHEAD_BYTES, now));
      this.counts.repeated++;
      if (this.#batch.count >= MOST_BATCH) this.#send();
    }
    this.#send();
  }

  /** Memory for one more packet; what was built before is sent when it does not fit. */
  #room(payloadBytes: number): void {
    const room = this.#options.transport.srtp?.room ?? 0;
    const wanted = Sender.room(payloadBytes) + room;
    const batch = this.#batch;
    // Behind the tag of the last one, which is not written yet.
    batch.end = batch.count === 0 ? 0 : aligned(batch.end + room);
    if (batch.memory.length - batch.end >= wanted) return;
    this.#send();
    if (batch.memory.length < wanted) batch.memory = new Uint8Array(new ArrayBuffer(wanted));
  }

  #send(): void {
    const batch = this.#batch;
    const { count, memory, slots } = batch;
    if (count === 0) return;
    const { transport } = this.#options;
    transport.srtp?.protect(memory, slots, count);
    this.counts.packets += count;
    if (!transport.sendBatch(memory, slots, count)) this.counts.dropped += count;
    batch.memory = batchMemory();
    batch.end = 0;
    batch.count = 0;
  }
}

/** How much a stream has to send, lately at its most. */
class MediaRate {
  #bytes = 0;
  #since: Micros | undefined;
  #bps = 0;

  add(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Bits a second; 0 in the first interval. */
  bps(now: Micros): number {
    this.#since ??= now;
    const elapsed = now - this.#since;
    if (elapsed < RATE_INTERVAL) return this.#bps;
    const rate = (this.#bytes * 8) / toSeconds(elapsed);
    this.#bps = Math.max(rate, this.#bps * RATE_DECAY);
    this.#bytes = 0;
    this.#since = now;
    return this.#bps;
  }
}

/** Chosen: a key frame is not the rate of a stream, and a scene that moves is, at once. */
const RATE_INTERVAL = fromMs(500);
const RATE_DECAY = 0.8;

/** Ciphers go through words. */
const aligned = (at: number): number => (at + 3) & ~3;
