// Whole packets out of a byte stream: search for the sync byte, hold it, find it again (ISO 13818-1 §2.4.3.2, annex G).
import { concat } from '../../base/bytes.ts';
import type { ProtocolError } from '../../base/errors.ts';
import { tsErrors } from './errors.ts';
import { PACKET_BYTES, SYNC_BYTE } from './wire.ts';

/** Distances of sync bytes: plain, M2TS with a 4-byte time in front, DVB with 16 bytes of Reed-Solomon behind. */
const STRIDES = [188, 192, 204] as const;
/** Sync bytes that must agree before a position is believed. */
const AGREE = 3;
/** Chosen: a peer that sends this much without one run of packets sends something else. */
const SEARCH_BYTES = 1024 * 1024;

export interface SyncCounts {
  /** The run of packets was lost and looked for again. */
  syncLosses: number;
  /** A single packet whose sync byte is wrong, between two that are right. */
  syncByteErrors: number;
  /** Bytes that belong to no packet. */
  skippedBytes: number;
}

/** Called for each packet: 188 bytes of `bytes` from `at`, valid during the call. */
export type PacketHandler = (bytes: Uint8Array, at: number) => void;

export class PacketSync {
  readonly #counts: SyncCounts;
  readonly #on: PacketHandler;
  #held: Uint8Array = new Uint8Array(0);
  /** 0: not in sync. */
  #stride = 0;
  /** Bytes between two packets that are still to come. */
  #skip = 0;
  #searched = 0;
  #fault: ProtocolError | undefined;

  constructor(counts: SyncCounts, on: PacketHandler) {
    this.#counts = counts;
    this.#on = on;
  }

  /** Bytes from one packet to the next, 0 when they are not known. */
  get stride(): number {
    return this.#stride;
  }

  /** Bytes of a packet that is not whole. */
  get heldBytes(): number {
    return this.#held.length;
  }

  /** Throws TS_SYNC when 1 MiB has no packets, and again whenever it is called after that. */
  push(bytes: Uint8Array): void {
    this.#run(this.#held.length === 0 ? bytes : concat([this.#held, bytes]), false);
  }

  /** The input is over: the last packets no longer need others behind them. */
  end(): void {
    this.#run(this.#held, true);
    this.#held = new Uint8Array(0);
  }

  #run(bytes: Uint8Array, last: boolean): void {
    if (this.#fault !== undefined) throw this.#fault;
    let at = 0;
    for (;;) {
      const next = this.#stride === 0 ? this.#search(bytes, at, last) : this.#step(bytes, at, last);
      if (next < 0) break;
      at = next;
    }
    // A copy: a view would keep the whole read buffer alive.
    this.#held = at === bytes.length ? new Uint8Array(0) : bytes.slice(at);
  }

  /** Handles what is at `at` while in sync; gives the next position, or -1 when more bytes are needed. */
  #step(bytes: Uint8Array, at: number, last: boolean): number {
    if (this.#skip > 0) {
      const part = Math.min(this.#skip, bytes.length - at);
      this.#skip -= part;
      return part === 0 ? -1 : at + part;
    }
    const right = bytes[at] === SYNC_BYTE;
    if (bytes.length - at < PACKET_BYTES) return -1;
    if (right) {
      this.#on(bytes, at);
      this.#skip = this.#stride - PACKET_BYTES;
      return at + PACKET_BYTES;
    }
    const next = at + this.#stride;
    if (next >= bytes.length && !last) return -1;
    if (bytes[next] === SYNC_BYTE) {
      this.#counts.syncByteErrors++;
      return next;
    }
    this.#counts.syncLosses++;
    this.#stride = 0;
    this.#searched = 0;
    return at;
  }

  /** Looks for a run of sync bytes; gives the position where it stands when found, or where to go on. */
  #search(bytes: Uint8Array, from: number, last: boolean): number {
    let at = from;
    for (;;) {
      at = bytes.indexOf(SYNC_BYTE, at);
      if (at < 0) at = bytes.length;
      const strides = at === bytes.length ? 'no' : this.#match(bytes, at, last);
      if (typeof strides === 'number') {
        this.#skipped(at - from);
        this.#stride = strides;
        this.#searched = 0;
        return at;
      }
      if (strides === 'more' || at === bytes.length) {
        this.#skipped(at - from);
        return at === from ? -1 : at;
      }
      at++;
    }
  }

  /** The stride of a run that begins at `at`; `more` when the bytes do not reach far enough to say. */
  #match(bytes: Uint8Array, at: number, last: boolean): number | 'more' | 'no' {
    let undecided = false;
    for (const stride of STRIDES) {
      let agree = 1;
      while (agree < AGREE && bytes[at + agree * stride] === SYNC_BYTE) agree++;
      if (agree === AGREE) return undecided && !last ? 'more' : stride;
      const beyond = at + agree * stride >= bytes.length;
      if (!beyond) continue;
      if (last && bytes.length - at >= PACKET_BYTES) return stride;
      undecided = true;
    }
    return undecided && !last ? 'more' : 'no';
  }

  #skipped(count: number): void {
    this.#counts.skippedBytes += count;
    this.#searched += count;
    if (this.#searched <= SEARCH_BYTES) return;
    this.#held = new Uint8Array(0);
    this.#fault = tsErrors.protocol('SYNC', { bytes: SEARCH_BYTES });
    throw this.#fault;
  }
}
