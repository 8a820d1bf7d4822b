// Stand-ins for the real world: a clock that is moved by hand, seeded randomness, links in memory.

import { concat } from '../../src/core/base/bytes.ts';
import type { Clock } from '../../src/core/base/clock.ts';
import type { SrsxError } from '../../src/core/base/errors.ts';
import { type Address, idle, type Link } from '../../src/core/base/link.ts';
import type { Rng } from '../../src/core/base/rng.ts';
import type { Micros } from '../../src/core/base/time.ts';

/** Time that only moves when a test says so; timers fire in order of their time. */
export class VirtualClock implements Clock {
  #now: Micros = 0;
  #next = 0;
  #timers: { at: Micros; order: number; fn: () => void }[] = [];

  now(): Micros {
    return this.#now;
  }

  wall(): Micros {
    return 1_700_000_000_000_000 + this.#now;
  }

  after(delay: Micros, fn: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, delay), order: this.#next++, fn };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Timers that wait. */
  get pending(): number {
    return this.#timers.length;
  }

  /** Moves the time and fires what falls due on the way. */
  advance(time: Micros): void {
    const end = this.#now + time;
    for (;;) {
      this.#timers.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.#timers[0];
      if (next === undefined || next.at > end) break;
      this.#timers.shift();
      this.#now = next.at;
      next.fn();
    }
    this.#now = end;
  }
}

/** Reproducible randomness (mulberry32). */
export class SeedRng implements Rng {
  #state: number;

  constructor(seed = 1) {
    this.#state = seed;
  }

  below(limit: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  }

  bytes(size: number): Uint8Array {
    return Uint8Array.from({ length: size }, () => this.below(256));
  }
}

const here: Address = { host: '127.0.0.1', port: 1 };

/** A link that collects what is sent; `capacity` bytes fit until the test drains it. */
export class FakeLink implements Link {
  peer: Address = { host: '127.0.0.1', port: 50_000 };
  local = here;
  capacity: number;
  pending = 0;
  paused = false;
  closed = false;
  reason: SrsxError | undefined;
  sent: Uint8Array[] = [];
  /** Calls of `send`, which are system calls on a real link. */
  sends = 0;
  onData: (bytes: Uint8Array) => void = idle.onData;
  onDrain: () => void = idle.onDrain;
  onClose: (reason: Error | undefined) => void = idle.onClose;

  constructor(capacity = Number.POSITIVE_INFINITY) {
    this.capacity = capacity;
  }

  send(chunks: readonly Uint8Array[]): boolean {
    if (this.closed) return true;
    this.sends++;
    for (const chunk of chunks) {
      this.sent.push(chunk);
      if (this.capacity !== Number.POSITIVE_INFINITY) this.pending += chunk.length;
    }
    return this.pending <= this.capacity;
  }

  /** The peer takes everything that waits. */
  drain(): void {
    this.pending = 0;
    this.onDrain();
  }

  close(reason?: SrsxError): void {
    if (this.closed) return;
    this.closed = true;
    this.reason = reason;
    this.onClose(undefined);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  noDelay(_on: boolean): void {
    // There is no socket.
  }

  /** Everything sent so far as one array. */
  get bytes(): Uint8Array {
    return concat(this.sent);
  }

  /** What was sent since the last call. */
  takeSent(): Uint8Array {
    const bytes = this.bytes;
    this.sent = [];
    return bytes;
  }
}

/**
 * Two ends of one pipe. Bytes wait until `pump` (deterministic, no re-entrance), in pieces of at most `cut` bytes.
 * `pump` runs until nothing is under way.
 */
export function linkPair(cut = Number.POSITIVE_INFINITY): { a: PipeLink; b: PipeLink; pump: () => void } {
  const a = new PipeLink();
  const b = new PipeLink();
  a.other = b;
  b.other = a;
  const pump = (): void => {
    while (a.deliver(cut) || b.deliver(cut));
  };
  return { a, b, pump };
}

export class PipeLink implements Link {
  peer: Address = { host: '127.0.0.1', port: 50_001 };
  local = here;
  other: PipeLink | undefined;
  closed = false;
  reason: SrsxError | undefined;
  paused = false;
  #queue: Uint8Array[] = [];
  #ended = false;
  onData: (bytes: Uint8Array) => void = idle.onData;
  onDrain: () => void = idle.onDrain;
  onClose: (reason: Error | undefined) => void = idle.onClose;

  get pending(): number {
    return this.#queue.reduce((sum, chunk) => sum + chunk.length, 0);
  }

  send(chunks: readonly Uint8Array[]): boolean {
    if (!this.closed) this.#queue.push(...chunks);
    return true;
  }

  close(reason?: SrsxError): void {
    if (this.closed) return;
    this.closed = true;
    this.reason = reason;
    this.#ended = true;
    this.onClose(undefined);
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    this.paused = false;
  }

  /** Gives what waits here to the other end; true when something moved. */
  deliver(cut: number): boolean {
    const other = this.other;
    if (other === undefined || other.paused) return false;
    const queue = this.#queue;
    this.#queue = [];
    for (const chunk of queue) {
      for (let at = 0; at < chunk.length; at += cut) {
        if (!other.closed) other.onData(chunk.subarray(at, Math.min(chunk.length, at + cut)));
      }
    }
    if (!this.#ended || other.closed) return queue.length > 0;
    this.#ended = false;
    other.close();
    return true;
  }
}
