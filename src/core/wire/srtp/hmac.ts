// HMAC-SHA1 over many short packets (RFC 2104): two one-shot hashes cost less than an object for each packet, and a digest as
// text of one character for each byte costs half of one in a new Buffer (measured: 0.4 and 1.1 µs for 84 bytes).
import { hash } from 'node:crypto';

const BLOCK_BYTES = 64;
const DIGEST_BYTES = 20;
/** Longest message: a datagram and the four bytes behind it. */
const MOST_BYTES = 65_536 + 8;

/** One key; calls may not overlap, since the scratch memory is shared by all keys. */
export class HmacSha1 {
  readonly #inner = Buffer.alloc(BLOCK_BYTES, 0x36);
  readonly #outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c);

  /** @param key at most 64 bytes. */
  constructor(key: Uint8Array) {
    for (let i = 0; i < key.length; i++) {
      this.#inner[i] = (this.#inner[i] as number) ^ (key[i] as number);
      this.#outer[i] = (this.#outer[i] as number) ^ (key[i] as number);
    }
  }

  /**
   * The 20 bytes over those of `bytes` from `at` to `end`, and the 32 bits of `trailer` behind them; each character is a byte.
   */
  sign(bytes: Uint8Array, at: number, end: number, trailer: number | undefined): string {
    scratch.set(this.#inner, 0);
    scratch.set(bytes.subarray(at, end), BLOCK_BYTES);
    let size = BLOCK_BYTES + end - at;
    if (trailer !== undefined) size = scratch.writeUInt32BE(trailer, size);
    putText(this.#outer, BLOCK_BYTES, hash('sha1', scratch.subarray(0, size), 'binary'), DIGEST_BYTES);
    return hash('sha1', this.#outer, 'binary');
  }
}

const scratch = Buffer.alloc(BLOCK_BYTES + MOST_BYTES);

/** The first `size` bytes of a digest. */
export function putText(target: Uint8Array, at: number, digest: string, size: number): void {
  for (let i = 0; i < size; i++) target[at + i] = digest.charCodeAt(i);
}

/** Whether the first `size` bytes of a digest are those at `at`; takes as long when they differ early as when late. */
export function sameText(bytes: Uint8Array, at: number, digest: string, size: number): boolean {
  let difference = 0;
  for (let i = 0; i < size; i++) difference |= (bytes[at + i] as number) ^ digest.charCodeAt(i);
  return difference === 0;
}
