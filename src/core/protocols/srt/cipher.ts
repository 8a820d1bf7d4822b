// AES over the payloads of packets (draft-sharabayko-srt-01 §6): counter mode, and GCM as libsrt has it since 1.5.4.
import {
  type CipherGCMTypes,
  type Cipheriv,
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  pbkdf2Sync,
} from 'node:crypto';
import { HEADER_BYTES } from './packet.ts';

/** Bytes that AES-GCM adds to a payload. */
export const TAG_BYTES = 16;
const BLOCK_BYTES = 16;
const KDF_ROUNDS = 2048;
const WRAP_IV = Buffer.alloc(8, 0xa6);
/** The bit of the header that a retransmission sets, outside of what GCM protects. */
const RETRANSMITTED_AT = 4;
const RETRANSMITTED_BIT = 0x04;

/** One key of one direction. Datagrams have the header of a data packet in front. */
export interface PayloadCipher {
  /** Bytes that a payload grows by. */
  readonly overhead: number;
  /** Encrypts in place what follows the header; the last `overhead` bytes are free for the tag. */
  encrypt(datagram: Uint8Array): void;
  /** The plain payload as a new array; undefined when it is not authentic. */
  decrypt(datagram: Uint8Array): Uint8Array | undefined;
}

/** The key that wraps keys: PBKDF2 with HMAC-SHA1 over the last 64 bits of the salt (§6.1.4). */
export const deriveKek = (passphrase: string, salt: Uint8Array, keyBytes: number): Uint8Array =>
  pbkdf2Sync(passphrase, salt.subarray(salt.length - 8), KDF_ROUNDS, keyBytes, 'sha1');

/** RFC 3394 §2.2.1. */
export function wrapKeys(kek: Uint8Array, keys: Uint8Array): Uint8Array {
  const cipher = createCipheriv(`id-aes${kek.length * 8}-wrap`, kek, WRAP_IV);
  return Buffer.concat([cipher.update(keys), cipher.final()]);
}

/** RFC 3394 §2.2.2; undefined when the passphrase is another. */
export function unwrapKeys(kek: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined {
  const decipher = createDecipheriv(`id-aes${kek.length * 8}-wrap`, kek, WRAP_IV);
  try {
    return Buffer.concat([decipher.update(wrapped), decipher.final()]);
  } catch {
    return undefined;
  }
}

/**
 * Counter mode. One long-lived ECB cipher encrypts the counter blocks of a whole packet in one call; making a CTR
 * cipher for each packet costs three times as much.
 *
 *   0                   10            14    16
 *   | salt              | salt ^ seq  | block |     salt: its first 14 bytes
 */
export class CtrCipher implements PayloadCipher {
  readonly overhead = 0;
  readonly #cipher: Cipheriv;
  readonly #salt: Uint8Array;
  #counters = new Uint8Array(0);

  constructor(key: Uint8Array, salt: Uint8Array) {
    this.#cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
    this.#salt = salt;
  }

  encrypt(datagram: Uint8Array): void {
    xorInto(datagram, HEADER_BYTES, datagram, this.#stream(datagram));
  }

  decrypt(datagram: Uint8Array): Uint8Array {
    const plain = Buffer.allocUnsafe(datagram.length - HEADER_BYTES);
    xorInto(plain, 0, datagram, this.#stream(datagram));
    return plain;
  }

  #stream(datagram: Uint8Array): Uint8Array {
    const blocks = Math.ceil((datagram.length - HEADER_BYTES) / BLOCK_BYTES);
    const size = blocks * BLOCK_BYTES;
    if (this.#counters.length < size) this.#grow(blocks);
    const counters = this.#counters;
    const a = (this.#salt[10] as number) ^ (datagram[0] as number);
    const b = (this.#salt[11] as number) ^ (datagram[1] as number);
    const c = (this.#salt[12] as number) ^ (datagram[2] as number);
    const d = (this.#salt[13] as number) ^ (datagram[3] as number);
    for (let at = 0; at < size; at += BLOCK_BYTES) {
      counters[at + 10] = a;
      counters[at + 11] = b;
      counters[at + 12] = c;
      counters[at + 13] = d;
    }
    return this.#cipher.update(counters.subarray(0, size));
  }

  #grow(blocks: number): void {
    this.#counters = new Uint8Array(blocks * BLOCK_BYTES);
    for (let block = 0; block < blocks; block++) {
      const at = block * BLOCK_BYTES;
      this.#counters.set(this.#salt.subarray(0, 14), at);
      this.#counters[at + 14] = block >>> 8;
      this.#counters[at + 15] = block;
    }
  }
}

function xorInto(target: Uint8Array, at: number, datagram: Uint8Array, stream: Uint8Array): void {
  const size = datagram.length - HEADER_BYTES;
  for (let i = 0; i < size; i++) target[at + i] = (datagram[HEADER_BYTES + i] as number) ^ (stream[i] as number);
}

/** GCM: the header without its retransmission bit is authenticated; the IV is the salt's first 12 bytes ^ (0..., seq). */
export class GcmCipher implements PayloadCipher {
  readonly overhead = TAG_BYTES;
  readonly #type: CipherGCMTypes;
  readonly #key: KeyObject;
  readonly #salt: Uint8Array;
  readonly #iv = new Uint8Array(12);
  readonly #header = new Uint8Array(HEADER_BYTES);

  constructor(key: Uint8Array, salt: Uint8Array) {
    this.#type = `aes-${key.length * 8}-gcm` as CipherGCMTypes;
    this.#key = createSecretKey(key);
    this.#salt = salt;
  }

  encrypt(datagram: Uint8Array): void {
    this.#prepare(datagram);
    const tagAt = datagram.length - TAG_BYTES;
    const cipher = createCipheriv(this.#type, this.#key, this.#iv).setAAD(this.#header);
    datagram.set(cipher.update(datagram.subarray(HEADER_BYTES, tagAt)), HEADER_BYTES);
    cipher.final();
    datagram.set(cipher.getAuthTag(), tagAt);
  }

  decrypt(datagram: Uint8Array): Uint8Array | undefined {
    const tagAt = datagram.length - TAG_BYTES;
    if (tagAt < HEADER_BYTES) return undefined;
    this.#prepare(datagram);
    const decipher = createDecipheriv(this.#type, this.#key, this.#iv, { authTagLength: TAG_BYTES });
    decipher.setAAD(this.#header).setAuthTag(datagram.subarray(tagAt));
    const plain = decipher.update(datagram.subarray(HEADER_BYTES, tagAt));
    try {
      decipher.final();
    } catch {
      return undefined;
    }
    return plain;
  }

  #prepare(datagram: Uint8Array): void {
    this.#header.set(datagram.subarray(0, HEADER_BYTES));
    this.#header[RETRANSMITTED_AT] = (this.#header[RETRANSMITTED_AT] as number) & ~RETRANSMITTED_BIT;
    this.#iv.set(this.#salt.subarray(0, 12));
    for (let i = 0; i < 4; i++) this.#iv[8 + i] = (this.#iv[8 + i] as number) ^ (datagram[i] as number);
  }
}
