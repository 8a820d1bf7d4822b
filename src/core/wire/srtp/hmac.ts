// HMAC-SHA1 over many short packets (RFC 2104): two one-shot hashes cost less than an object for each packet.
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

  /** The 20 bytes over `size` bytes of `bytes` from `at`, and the 32 bits of `trailer` behind them. */
  sign(bytes: Uint8Array, at: number, size: number, trailer: number | undefined): Uint8Array {
    scratch.set(this.#inner, 0);
    scratch.set(bytes.subarray(at, at + size), BLOCK_BYTES);
    let end = BLOCK_BYTES + size;
    if (trailer !== undefined) end = scratch.writeUInt32BE(trailer, end);
    this.#outer.set(hash('sha1', scratch.subarray(0, end), 'buffer'), BLOCK_BYTES);
    return hash('sha1', this.#outer, 'buffer');
  }
}

const scratch = Buffer.alloc(BLOCK_BYTES + MOST_BYTES);
