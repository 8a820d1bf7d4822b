// What was given to be sent and is not acknowledged, by sequence number. A payload is kept by reference: the players of a
// stream share it, and only the few words of the header are of a connection.
import type { Micros } from '../../base/time.ts';

/** A packet that may have to go out again. */
export interface Outgoing {
  /** What follows the header, encrypted if anything is. */
  payload: Uint8Array;
  /** Before encryption. */
  payloadBytes: number;
  /** Number of the message. */
  message: number;
  /** 0: plain, 1: even key, 2: odd key. */
  key: number;
  /** When it was given: its time stamp, and what its lateness counts from. */
  origin: Micros;
  /** The last time it was sent; NaN before the first. */
  sentAt: Micros;
  /** It is in the queue of losses. */
  lost: boolean;
  /** How often it was sent again because it was reported. */
  repeats: number;
}

/** Powers of two. A ring that has become greater than the second is given up when it is empty. */
const LEAST_SLOTS = 16;
const KEPT_SLOTS = 256;
const NOTHING = new Uint8Array(0);

/** A ring of entries that are used again and again. Numbers are unwrapped sequence numbers. */
export class SendBuffer {
  /** The oldest packet's number. */
  first: number;
  /** The number that the next packet gets. */
  end: number;
  bytes = 0;
  #slots: Outgoing[] = makeSlots(LEAST_SLOTS);

  constructor(first: number) {
    this.first = first;
    this.end = first;
  }

  get packets(): number {
    return this.end - this.first;
  }

  /** Keeps `payload`, which nobody may write to afterwards. */
  push(payload: Uint8Array, payloadBytes: number, message: number, key: number, origin: Micros): void {
    if (this.packets === this.#slots.length) this.#grow();
    const slot = this.#slot(this.end++);
    slot.payload = payload;
    slot.payloadBytes = payloadBytes;
    slot.message = message;
    slot.key = key;
    slot.origin = origin;
    slot.sentAt = Number.NaN;
    slot.lost = false;
    slot.repeats = 0;
    this.bytes += payloadBytes;
  }

  /** It is of this packet until the packet is released. */
  at(sequence: number): Outgoing | undefined {
    return sequence < this.first || sequence >= this.end ? undefined : this.#slot(sequence);
  }

  /** Forgets everything before `sequence`, which must be at most `end`. */
  releaseTo(sequence: number): void {
    while (this.first < sequence) {
      const slot = this.#slot(this.first++);
      this.bytes -= slot.payloadBytes;
      slot.payload = NOTHING;
    }
    if (this.packets === 0 && this.#slots.length > KEPT_SLOTS) this.#slots = makeSlots(LEAST_SLOTS);
  }

  /** Time between the oldest and the newest packet. */
  get span(): Micros {
    const oldest = this.at(this.first);
    const newest = this.at(this.end - 1);
    return oldest === undefined || newest === undefined ? 0 : newest.origin - oldest.origin;
  }

  #slot(sequence: number): Outgoing {
    return this.#slots[sequence & (this.#slots.length - 1)] as Outgoing;
  }

  #grow(): void {
    const slots = makeSlots(this.#slots.length * 2);
    for (let sequence = this.first; sequence < this.end; sequence++) {
      slots[sequence & (slots.length - 1)] = this.#slot(sequence);
    }
    this.#slots = slots;
  }
}

const makeSlots = (count: number): Outgoing[] =>
  Array.from({ length: count }, () => ({
    payload: NOTHING,
    payloadBytes: 0,
    message: 0,
    key: 0,
    origin: 0,
    sentAt: Number.NaN,
    lost: false,
    repeats: 0,
  }));
