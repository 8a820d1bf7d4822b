// The key stream of AES counter mode for a batch of packets: one long-lived cipher over counter blocks that are laid out
// first (RFC 3711 §4.1.1). A cipher object for each packet costs three times as much.
import { type Cipheriv, createCipheriv, createSecretKey } from 'node:crypto';

/** Packets of one batch are at most so many blocks of 16 bytes together: 128 KiB. */
const MOST_BLOCKS = 8192;
const littleEndian = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;

/** Of all sessions together, since no batch is left open: 128 KiB for each direction of each would be most of what a player costs. */
const counters = Buffer.from(new ArrayBuffer(MOST_BLOCKS * 16));
const counterWords = new Int32Array(counters.buffer);

/** `add` packets until they do not fit, then `take` the key stream of all, before another one begins. */
export class KeyStream {
  readonly #cipher: Cipheriv;
  readonly #salt: Uint8Array;
  #blocks = 0;

  /** @param salt 14 bytes. */
  constructor(key: Uint8Array, salt: Uint8Array) {
    this.#cipher = createCipheriv('aes-128-ecb', createSecretKey(key), null);
    this.#cipher.setAutoPadding(false);
    this.#salt = salt;
  }

  /** Room for a packet with a payload of that size. */
  fits(payloadBytes: number): boolean {
    return this.#blocks + Math.ceil(payloadBytes / 16) <= MOST_BLOCKS;
  }

  /** Adds the blocks of one packet: `high` and `low` are the 48 bits of its index, 32 and 16 of them. */
  add(ssrc: number, high: number, low: number, payloadBytes: number): void {
    const salt = this.#salt;
    const count = Math.ceil(payloadBytes / 16);
    const at = this.#blocks * 16;
    const bytes = counters;
    if (count === 0) return;
    for (let i = 0; i < 14; i++) bytes[at + i] = salt[i] as number;
    xor32(bytes, at + 4, ssrc);
    xor32(bytes, at + 8, high);
    bytes[at + 12] = (bytes[at + 12] as number) ^ (low >>> 8);
    bytes[at + 13] = (bytes[at + 13] as number) ^ (low & 0xff);
    bytes[at + 14] = 0;
    bytes[at + 15] = 0;
    this.#repeat(this.#blocks, count);
    this.#blocks += count;
  }

  /** The key stream of all that was added, 16 bytes for each block, and an empty batch. */
  take(): Uint8Array {
    const stream = this.#cipher.update(counters.subarray(0, this.#blocks * 16));
    this.#blocks = 0;
    return stream;
  }

  /** The following blocks differ in their last two bytes only. */
  #repeat(first: number, count: number): void {
    const words = counterWords;
    const from = first * 4;
    const a = words[from] as number;
    const b = words[from + 1] as number;
    const c = words[from + 2] as number;
    const d = words[from + 3] as number;
    for (let i = 1; i < count; i++) {
      const at = from + i * 4;
      words[at] = a;
      words[at + 1] = b;
      words[at + 2] = c;
      words[at + 3] = littleEndian ? d | ((i >> 8) << 16) | ((i & 0xff) << 24) : d | i;
    }
  }
}

function xor32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = (bytes[at] as number) ^ (value >>> 24);
  bytes[at + 1] = (bytes[at + 1] as number) ^ ((value >>> 16) & 0xff);
  bytes[at + 2] = (bytes[at + 2] as number) ^ ((value >>> 8) & 0xff);
  bytes[at + 3] = (bytes[at + 3] as number) ^ (value & 0xff);
}

/** `target` from `at` becomes itself XOR `stream` from `from`. */
export function xorInto(target: Uint8Array, at: number, stream: Uint8Array, from: number, size: number): void {
  const targetAt = target.byteOffset + at;
  const streamAt = stream.byteOffset + from;
  let i = 0;
  if (targetAt % 4 === 0 && streamAt % 4 === 0) {
    const words = size >> 2;
    const a = new Int32Array(target.buffer, targetAt, words);
    const b = new Int32Array(stream.buffer, streamAt, words);
    for (let word = 0; word < words; word++) a[word] = (a[word] as number) ^ (b[word] as number);
    i = words * 4;
  }
  for (; i < size; i++) target[at + i] = (target[at + i] as number) ^ (stream[from + i] as number);
}
