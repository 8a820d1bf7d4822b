// Bytes in memory as a link to read from.
import { type Address, type FileLink, idle, type RandomAccess } from '../../base/link.ts';

const nowhere: Address = { host: 'memory', port: 0 };

/** Delivers `bytes` in pieces, one for each turn, while it is not paused; `onClose` tells the end. */
export class MemoryLink implements FileLink {
  readonly peer = nowhere;
  readonly local = nowhere;
  readonly pending = 0;
  readonly anywhere: RandomAccess;
  readonly #bytes: Uint8Array;
  readonly #pieceBytes: number;
  #at = 0;
  #paused = true;
  #turning = false;
  #closed = false;
  onData: (bytes: Uint8Array) => void = idle.onData;
  onDrain: () => void = idle.onDrain;
  onClose: (reason: Error | undefined) => void = idle.onClose;

  constructor(bytes: Uint8Array, pieceBytes = 64 * 1024) {
    this.#bytes = bytes;
    this.#pieceBytes = pieceBytes;
    this.anywhere = {
      size: bytes.length,
      read: async (offset, size) => bytes.slice(offset, offset + size),
    };
  }

  send(): boolean {
    return true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onClose(undefined);
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    if (this.#turning) return;
    this.#turning = true;
    queueMicrotask(() => this.#turn());
  }

  #turn(): void {
    this.#turning = false;
    if (this.#paused || this.#closed) return;
    if (this.#at >= this.#bytes.length) {
      this.close();
      return;
    }
    const piece = this.#bytes.subarray(this.#at, this.#at + this.#pieceBytes);
    this.#at += piece.length;
    this.onData(piece);
    if (!this.#paused) this.resume();
  }
}
