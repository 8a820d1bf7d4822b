// The bytes of a connection in the entry of what it publishes or plays, brought up to date now and then: to count each write
// of a thousand players would cost more than anybody wants to know.
import { SAMPLE_TIME } from '../base/counters.ts';
import type { Micros } from '../base/time.ts';
import type { SessionEntry } from './sessions.ts';

/** Of a connection since its beginning. */
export interface ByteCounts {
  readonly received: number;
  readonly sent: number;
}

/** One for each connection, which may have several entries, one after the other. */
export class SessionMeter {
  readonly #read: () => ByteCounts;
  #counted: ByteCounts = { received: 0, sent: 0 };
  #entry: SessionEntry | undefined;
  /** When it is to be ticked. */
  deadline: Micros = Number.POSITIVE_INFINITY;

  constructor(read: () => ByteCounts) {
    this.#read = read;
  }

  /** From here on the bytes are those of `entry`, the ones of its request included. */
  begin(entry: SessionEntry, now: Micros): void {
    this.#entry = entry;
    this.deadline = now + SAMPLE_TIME;
  }

  tick(now: Micros): void {
    if (now < this.deadline) return;
    this.deadline = now + SAMPLE_TIME;
    this.measure();
  }

  /** Brings the entry up to date. */
  measure(): void {
    if (this.#entry === undefined) return;
    const now = this.#read();
    this.#entry.received.add(now.received - this.#counted.received);
    this.#entry.sent.add(now.sent - this.#counted.sent);
    this.#counted = now;
  }

  /** The last bytes of the entry have gone; to be called before it is closed, so that who hears of it knows them. */
  end(): void {
    this.measure();
    this.#entry = undefined;
    this.deadline = Number.POSITIVE_INFINITY;
  }
}
