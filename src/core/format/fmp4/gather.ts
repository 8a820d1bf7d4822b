// Collects a known number of bytes out of pieces, without believing the number.

/** An allocation is at most this times what has arrived, so that a declared size alone costs nothing. */
const GROWTH = 4;
const FIRST_ALLOCATION = 4096;

/** The pieces are copied; the result is of exact size and owned by the caller. */
export class Gather {
  readonly #size: number;
  #bytes: Uint8Array;
  filled = 0;

  constructor(size: number) {
    this.#size = size;
    this.#bytes = new Uint8Array(Math.min(size, FIRST_ALLOCATION));
  }

  get done(): boolean {
    return this.filled === this.#size;
  }

  /** Bytes allocated: what it costs to believe the size so far. */
  get allocated(): number {
    return this.#bytes.length;
  }

  /** Takes what is missing out of `bytes` from `at`; returns how many bytes it took. */
  take(bytes: Uint8Array, at: number): number {
    const count = Math.min(this.#size - this.filled, bytes.length - at);
    if (this.filled + count > this.#bytes.length) this.#grow(this.filled + count);
    this.#bytes.set(bytes.subarray(at, at + count), this.filled);
    this.filled += count;
    return count;
  }

  /** The bytes; only when done. */
  get bytes(): Uint8Array {
    return this.#bytes.length === this.filled ? this.#bytes : this.#bytes.slice(0, this.filled);
  }

  #grow(wanted: number): void {
    const grown = new Uint8Array(Math.min(this.#size, wanted * GROWTH));
    grown.set(this.#bytes.subarray(0, this.filled));
    this.#bytes = grown;
  }
}
