// What was given to be sent and is not acknowledged, by sequence number, as the datagrams that go out.
import type { Micros } from '../../base/time.ts';

/** A packet that may have to go out again. */
export interface Outgoing {
  readonly packet: Uint8Array;
  readonly payloadBytes: number;
  /** When it was given: what its lateness counts from. */
  readonly origin: Micros;
  /** The last time it was sent; NaN before the first. */
  sentAt: Micros;
  /** It is in the queue of losses. */
  lost: boolean;
  /** How often it was sent again because it was reported. */
  repeats: number;
}

/** Acknowledged packets stay in front of the array until there are so many, then the array is cut. */
const SLACK = 1024;

/** Numbers are unwrapped sequence numbers. */
export class SendBuffer {
  /** The oldest packet's number. */
  first: number;
  bytes = 0;
  #entries: (Outgoing | undefined)[] = [];
  #head = 0;

  constructor(first: number) {
    this.first = first;
  }

  get packets(): number {
    return this.#entries.length - this.#head;
  }

  /** The number that the next packet gets. */
  get end(): number {
    return this.first + this.packets;
  }

  push(entry: Outgoing): void {
    this.#entries.push(entry);
    this.bytes += entry.payloadBytes;
  }

  at(sequence: number): Outgoing | undefined {
    return sequence < this.first ? undefined : this.#entries[this.#head + sequence - this.first];
  }

  /** Forgets everything before `sequence`, which must be at most `end`. */
  releaseTo(sequence: number): void {
    while (this.first < sequence) {
      this.bytes -= this.#entries[this.#head]?.payloadBytes ?? 0;
      this.#entries[this.#head] = undefined;
      this.#head++;
      this.first++;
    }
    if (this.#head < SLACK) return;
    this.#entries = this.#entries.slice(this.#head);
    this.#head = 0;
  }

  /** Time between the oldest and the newest packet. */
  get span(): Micros {
    const oldest = this.at(this.first);
    const newest = this.at(this.end - 1);
    return oldest === undefined || newest === undefined ? 0 : newest.origin - oldest.origin;
  }
}
