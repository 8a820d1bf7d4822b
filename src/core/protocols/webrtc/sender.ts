// One stream of packets to a player (one SSRC): numbers, header extensions, repetitions, reports.
import type { Rng } from '../../base/rng.ts';
import type { Micros } from '../../base/time.ts';
import { clockRates } from '../../format/rtp/index.ts';
import {
  type PlayerClock,
  RTX_BYTES,
  SenderClock,
  SentHistory,
  type SentPacket,
  writeRtxHead,
} from '../../wire/feedback/index.ts';
import { HEADER_BYTES, putUint16, putUint32, writeHeader } from '../../wire/rtp/index.ts';
import type { Slot } from '../../wire/srtp/index.ts';
import type { CodecChoice } from './codecs.ts';

/** Where packets of a session are built: memory with room for their tags, and their places in it. */
export interface Batch {
  memory: Uint8Array;
  end: number;
  readonly slots: Slot[];
  count: number;
}

export interface SenderOptions {
  readonly kind: 'video' | 'audio';
  readonly ssrc: number;
  readonly rtxSsrc: number;
  /** Id of the transport-wide sequence; undefined: not agreed on. */
  readonly twccId: number | undefined;
  readonly clock: PlayerClock;
  readonly rng: Rng;
  /** What may be asked for again is a copy: it holds nothing of the memory that all players share, and costs as much again. */
  readonly copiesSent: boolean;
}

/** One-byte extension with one element of two bytes, filled up (RFC 8285 §4.2). */
const EXTENSION_BYTES = 8;
const ONE_BYTE = 0xbede;
/** Of sound that may be asked for again: 2.5 s of 20 ms. */
const SOUND_PACKETS = 128;

const nothing: Uint8Array = new Uint8Array(0);

export class Sender {
  readonly kind: 'video' | 'audio';
  readonly ssrc: number;
  readonly rtxSsrc: number;
  readonly #twccId: number | undefined;
  readonly #clock: PlayerClock;
  readonly #history: SentHistory;
  readonly #copiesSent: boolean;
  /** The one that is written now. */
  readonly #packet = { memory: nothing, at: 0, size: 0, timestamp: 0, payloadType: 0, marker: false, transport: 0 };
  #report: SenderClock | undefined;
  #choice: CodecChoice | undefined;
  /** Sequences with their roll-overs. */
  #next: number;
  #nextRtx: number;
  #base: number;

  constructor({ kind, ssrc, rtxSsrc, twccId, clock, rng, copiesSent }: SenderOptions) {
    this.kind = kind;
    this.ssrc = ssrc;
    this.rtxSsrc = rtxSsrc;
    this.#twccId = twccId;
    this.#clock = clock;
    this.#copiesSent = copiesSent;
    this.#history = kind === 'audio' ? new SentHistory(SOUND_PACKETS) : new SentHistory();
    // RFC 3711 §3.3.1: a start in the lower half lets the receiver guess the roll-over right when the first packets are lost.
    this.#next = rng.below(0x8000);
    this.#nextRtx = rng.below(0x8000);
    this.#base = rng.below(2 ** 32);
  }

  get choice(): CodecChoice | undefined {
    return this.#choice;
  }

  /** Bytes that a payload of that size needs in a batch, the tag aside. */
  static room(payloadBytes: number): number {
    return HEADER_BYTES + EXTENSION_BYTES + RTX_BYTES + payloadBytes;
  }

  set roundTrip(time: Micros) {
    this.#history.roundTrip = time;
  }

  get reportDeadline(): Micros {
    return this.#report?.deadline ?? Number.POSITIVE_INFINITY;
  }

  /** From here on payloads are of that codec. */
  use(choice: CodecChoice): void {
    if (this.#choice?.payload.type === choice.payload.type) return;
    this.#choice = choice;
    const rate = clockRates[choice.codec] ?? 90_000;
    this.#report = new SenderClock({ ssrc: this.ssrc, rate, base: this.#base, clock: this.#clock });
  }

  takeReport(now: Micros, wall: Micros): ReturnType<SenderClock['take']> {
    return this.#report?.take(now, wall);
  }

  /**
   * Writes a packet into a batch, unprotected.
   *
   * @param timestamp ticks of the media time; 32 bits. @param transport transport-wide sequence, if agreed on.
   */
  write(batch: Batch, payload: Omit<SentPacket, 'payloadType'>, transport: number, now: Micros): void {
    const payloadType = this.#choice?.payload.type ?? 0;
    const sequence = this.#next++;
    const { memory, at, size, marker } = this.#copiesSent ? copied(payload) : payload;
    const packet = this.#packet;
    packet.memory = memory;
    packet.at = at;
    packet.size = size;
    packet.timestamp = (payload.timestamp + this.#base) >>> 0;
    packet.payloadType = payloadType;
    packet.marker = marker;
    packet.transport = transport;
    this.#history.sent(sequence & 0xffff, packet, now);
    this.#report?.sent(payload.size, now);
    this.#put(batch, packet, sequence, this.ssrc, payloadType, transport, undefined);
  }

  /** What a NACK asks for; undefined: it is not known any more, or was sent again just now. Counts as sent again. */
  lost(sequence: number, now: Micros): SentPacket | undefined {
    return this.#history.again(sequence, now);
  }

  /**
   * Writes the retransmission of a packet, in its own stream or as it was when the player has none (SRS does only that).
   *
   * @param transport gives a new transport-wide sequence, which only a stream of its own takes.
   */
  repeat(batch: Batch, packet: SentPacket, sequence: number, transport: () => number): void {
    const rtx = this.#choice?.rtx;
    if (rtx !== undefined) {
      this.#put(batch, packet, this.#nextRtx++, this.rtxSsrc, rtx.type, transport(), sequence);
    } else {
      // To the last bit the same, its transport-wide sequence too: see SentPacket.transport.
      const { payloadType, transport: first = 0 } = packet;
      this.#put(batch, packet, this.#indexOf(sequence), this.ssrc, payloadType, first, undefined);
    }
  }

  /** Lets go of what was sent. */
  close(): void {
    this.#history.clear();
  }

  /** The number with its roll-overs of one that was sent lately. */
  #indexOf(sequence: number): number {
    const behind = (this.#next - sequence) & 0xffff;
    return this.#next - (behind === 0 ? 0x10000 : behind);
  }

  #put(
    batch: Batch,
    packet: SentPacket,
    index: number,
    ssrc: number,
    payloadType: number,
    transport: number,
    original: number | undefined,
  ): void {
    const { memory, end: begin } = batch;
    const { timestamp, marker } = packet;
    const extended = this.#twccId !== undefined;
    const sequence = index & 0xffff;
    writeHeader(memory, begin, { payloadType, marker, sequence, timestamp, ssrc, extended });
    let at = begin + HEADER_BYTES;
    if (this.#twccId !== undefined) {
      putUint32(memory, at, ((ONE_BYTE << 16) | 1) >>> 0);
      memory[at + 4] = (this.#twccId << 4) | 1;
      putUint16(memory, at + 5, transport);
      memory[at + 7] = 0;
      at += EXTENSION_BYTES;
    }
    const headerBytes = at - begin;
    if (original !== undefined) at = writeRtxHead(memory, at, original);
    const isWhole = packet.size === packet.memory.length;
    memory.set(isWhole ? packet.memory : packet.memory.subarray(packet.at, packet.at + packet.size), at);
    at += packet.size;
    putSlot(batch, begin, headerBytes, at, Math.floor(index / 0x10000));
  }
}

const copied = <Payload extends Pick<SentPacket, 'memory' | 'at' | 'size'>>(payload: Payload): Payload => ({
  ...payload,
  memory: payload.memory.slice(payload.at, payload.at + payload.size),
  at: 0,
});

function putSlot(batch: Batch, begin: number, headerBytes: number, end: number, rollOver: number): void {
  const slot = batch.slots[batch.count];
  if (slot === undefined) batch.slots.push({ begin, headerBytes, end, rollOver });
  else {
    slot.begin = begin;
    slot.headerBytes = headerBytes;
    slot.end = end;
    slot.rollOver = rollOver;
  }
  batch.count++;
  batch.end = end;
}
