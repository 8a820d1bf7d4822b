// What has arrived, by sequence number: a ring from the next packet to deliver up to the newest one.
import type { Micros } from '../../base/time.ts';
import type { Range } from './control.ts';

/** A packet that waits for its time. */
export interface Arrived {
  readonly payload: Uint8Array;
  /** The peer's time stamp, unwrapped. */
  readonly time: Micros;
}

/** Stands for a packet that will not come, so that what is behind it can be acknowledged. */
const GONE: Arrived = { payload: new Uint8Array(0), time: Number.NaN };
type Slot = Arrived | undefined;

const FIRST_SLOTS = 256;

/**
 *   base                 contiguous        end
 *    |  x  x  GONE  x  x  |  -  x  -  -  x  |
 *    next to deliver      first missing     behind the newest
 *
 * Numbers are unwrapped sequence numbers. Losses are the empty slots: there is no list that a peer could make long.
 */
export class ReceiveBuffer {
  readonly capacity: number;
  #slots: Slot[] = new Array<Slot>(FIRST_SLOTS).fill(undefined);
  #mask = FIRST_SLOTS - 1;
  base: number;
  contiguous: number;
  end: number;
  /** The first slot that holds a packet; `end` when there is none. */
  #first: number;
  packets = 0;
  bytes = 0;

  /** @param capacity packets between `base` and the newest. */
  constructor(first: number, capacity: number) {
    this.capacity = capacity;
    this.base = first;
    this.contiguous = first;
    this.end = first;
    this.#first = first;
  }

  /** Packets that fit from the acknowledged point on. */
  get available(): number {
    return Math.max(0, this.capacity - (this.contiguous - this.base));
  }

  /** Whether a packet of this number is wanted; not when it is delivered, given up, there, or too far ahead. */
  wants(sequence: number): boolean {
    if (sequence < this.base || sequence >= this.base + this.capacity) return false;
    return sequence >= this.end || this.#slots[sequence & this.#mask] === undefined;
  }

  /** Puts a wanted packet in its place. */
  insert(sequence: number, payload: Uint8Array, time: Micros): void {
    this.#put(sequence, { payload, time });
    this.packets++;
    this.bytes += payload.length;
    if (sequence < this.#first || this.packets === 1) this.#first = sequence;
  }

  /** The missing packets of a range will not come. Numbers outside the window are left out; says how many were given up. */
  giveUp(first: number, last: number): number {
    const from = Math.max(first, this.base);
    const to = Math.min(last, this.base + this.capacity - 1);
    let count = 0;
    for (let sequence = from; sequence <= to; sequence++) {
      if (!this.wants(sequence)) continue;
      this.#put(sequence, GONE);
      count++;
    }
    return count;
  }

  /** The first packet there is, and how many before it are missing or given up; undefined when there is none. */
  peek(): Arrived | undefined {
    return this.packets === 0 ? undefined : this.#slots[this.#first & this.#mask];
  }

  /** Whether something before the first packet may still come. */
  get gapAhead(): boolean {
    return this.contiguous < this.#first;
  }

  /** Takes the first packet; what is missing before it is given up. Says how many were. */
  take(): number {
    let missing = 0;
    for (let sequence = this.base; sequence <= this.#first; sequence++) {
      const index = sequence & this.#mask;
      const slot = this.#slots[index];
      if (slot === undefined) missing++;
      else if (slot !== GONE) this.bytes -= slot.payload.length;
      this.#slots[index] = undefined;
    }
    this.packets--;
    this.base = this.#first + 1;
    this.#first = this.#nextPacket(this.base);
    if (this.contiguous < this.base) this.contiguous = this.base;
    this.#advance();
    return missing;
  }

  /** Gives up everything up to the end; says how many packets were missing. For a connection that ends. */
  skipRest(): number {
    const missing = this.giveUp(this.base, this.end - 1);
    for (let sequence = this.base; sequence < this.end; sequence++) this.#slots[sequence & this.#mask] = undefined;
    this.base = this.contiguous = this.end;
    this.#first = this.end;
    return missing;
  }

  /** Ranges of missing packets from `from` up to and without `to`, at most `limit` of them. */
  missing(from: number, to: number, limit: number): Range[] {
    const ranges: Range[] = [];
    let sequence = Math.max(from, this.contiguous);
    while (sequence < to && ranges.length < limit) {
      if (this.#slots[sequence & this.#mask] !== undefined) {
        sequence++;
        continue;
      }
      const first = sequence;
      while (sequence < to && this.#slots[sequence & this.#mask] === undefined) sequence++;
      ranges.push([first, sequence - 1]);
    }
    return ranges;
  }

  /** Time between the first and the newest packet. */
  get span(): Micros {
    const first = this.peek();
    const newest = this.#slots[(this.end - 1) & this.#mask];
    return first === undefined || newest === undefined || newest === GONE ? 0 : newest.time - first.time;
  }

  #put(sequence: number, slot: Arrived): void {
    while (sequence - this.base > this.#mask) this.#grow();
    this.#slots[sequence & this.#mask] = slot;
    if (sequence >= this.end) this.end = sequence + 1;
    this.#advance();
  }

  #advance(): void {
    while (this.contiguous < this.end && this.#slots[this.contiguous & this.#mask] !== undefined) this.contiguous++;
  }

  #nextPacket(from: number): number {
    if (this.packets === 0) return this.end;
    let sequence = from;
    for (; sequence < this.end; sequence++) {
      const slot = this.#slots[sequence & this.#mask];
      if (slot !== undefined && slot !== GONE) break;
    }
    return sequence;
  }

  /** Twice the slots; the ring grows to the capacity and not beyond, rounded up to a power of two. */
  #grow(): void {
    const size = this.#slots.length * 2;
    const slots = new Array<Slot>(size).fill(undefined);
    for (let sequence = this.base; sequence < this.end; sequence++) {
      slots[sequence & (size - 1)] = this.#slots[sequence & this.#mask];
    }
    this.#slots = slots;
    this.#mask = size - 1;
  }
}
