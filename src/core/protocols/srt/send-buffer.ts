// What was given to be sent and is not acknowledged, by sequence number. A payload is kept by reference: the players of a
// stream share it, and only a few words are of a connection. They lie side by side in a ring: with hundreds of connections
// each packet finds those of the last one gone from the cache, and what counts is how many lines have to come back.
import type { Micros } from '../../base/time.ts';

/** Powers of two. A ring that has become greater than the second is given up when it is empty. */
const LEAST_SLOTS = 16;
const KEPT_SLOTS = 256;
/** Words of a packet: when it was given, when it was sent last, and a state of KEY bits, LOST, and repeats above. */
const WORDS = 3;
const SENT = 1;
const STATE = 2;
const KEY = 3;
const LOST = 4;
const REPEAT = 8;
const NOTHING = new Uint8Array(0);

/**
 * Numbers are unwrapped sequence numbers, and what is asked for is of packets that are `kept`. A packet keeps its `origin`:
 * its time stamp, and what its lateness counts from.
 */
export class SendBuffer {
  /** The oldest packet's number. */
  first: number;
  /** The number that the next packet gets. */
  end: number;
  bytes = 0;
  #mask = LEAST_SLOTS - 1;
  #payloads: Uint8Array[] = new Array(LEAST_SLOTS).fill(NOTHING);
  #words = new Float64Array(LEAST_SLOTS * WORDS);

  constructor(first: number) {
    this.first = first;
    this.end = first;
  }

  get packets(): number {
    return this.end - this.first;
  }

  /** Keeps `payload`, which nobody may write to afterwards. `key`: 0 plain, 1 even, 2 odd. */
  push(payload: Uint8Array, key: number, origin: Micros): void {
    if (this.packets > this.#mask) this.#resize((this.#mask + 1) * 2);
    const slot = this.end++ & this.#mask;
    this.#payloads[slot] = payload;
    this.#words[slot * WORDS] = origin;
    this.#words[slot * WORDS + SENT] = Number.NaN;
    this.#words[slot * WORDS + STATE] = key;
    this.bytes += payload.length;
  }

  kept(sequence: number): boolean {
    return sequence >= this.first && sequence < this.end;
  }

  /** What follows the header, encrypted if anything is. */
  payload(sequence: number): Uint8Array {
    return this.#payloads[sequence & this.#mask] as Uint8Array;
  }

  key(sequence: number): number {
    return this.#word(sequence, STATE) & KEY;
  }

  origin(sequence: number): Micros {
    return this.#word(sequence, 0);
  }

  /** The last time it was sent; NaN before the first. */
  sentAt(sequence: number): Micros {
    return this.#word(sequence, SENT);
  }

  sent(sequence: number, now: Micros): void {
    this.#words[(sequence & this.#mask) * WORDS + SENT] = now;
  }

  /** It is in the queue of losses. */
  isLost(sequence: number): boolean {
    return (this.#word(sequence, STATE) & LOST) !== 0;
  }

  lose(sequence: number): void {
    this.#words[(sequence & this.#mask) * WORDS + STATE] = this.#word(sequence, STATE) | LOST;
  }

  /** It is sent again because it was reported: the how-manieth time that is. */
  repeat(sequence: number): number {
    const state = (this.#word(sequence, STATE) & ~LOST) + REPEAT;
    this.#words[(sequence & this.#mask) * WORDS + STATE] = state;
    return Math.floor(state / REPEAT);
  }

  /** Forgets everything before `sequence`, which must be at most `end`. */
  releaseTo(sequence: number): void {
    while (this.first < sequence) {
      const slot = this.first++ & this.#mask;
      this.bytes -= (this.#payloads[slot] as Uint8Array).length;
      this.#payloads[slot] = NOTHING;
    }
    if (this.packets === 0 && this.#mask >= KEPT_SLOTS) this.#resize(LEAST_SLOTS);
  }

  /** Time between the oldest and the newest packet. */
  get span(): Micros {
    return this.packets === 0 ? 0 : this.origin(this.end - 1) - this.origin(this.first);
  }

  #word(sequence: number, which: number): number {
    return this.#words[(sequence & this.#mask) * WORDS + which] as number;
  }

  #resize(slots: number): void {
    const payloads: Uint8Array[] = new Array(slots).fill(NOTHING);
    const words = new Float64Array(slots * WORDS);
    for (let sequence = this.first; sequence < this.end; sequence++) {
      const from = (sequence & this.#mask) * WORDS;
      const to = sequence & (slots - 1);
      payloads[to] = this.payload(sequence);
      words.set(this.#words.subarray(from, from + WORDS), to * WORDS);
    }
    this.#payloads = payloads;
    this.#words = words;
    this.#mask = slots - 1;
  }
}
