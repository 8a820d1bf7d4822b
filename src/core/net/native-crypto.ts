// AES and SHA-1 of node's own OpenSSL by plain calls, without an object of node:crypto for each packet. The contexts are of the
// process, not of a session: no call leaves anything open in them, so there is nothing to free.
import type { Native, NativeFunction } from './native.ts';

/** Memory with an address. */
export interface NativeMemory {
  readonly bytes: Uint8Array;
  readonly address: number;
}

/** Memory that never moves, as small arrays of V8 do. */
export function allocate({ address }: Native, size: number): NativeMemory {
  const bytes = new Uint8Array(new ArrayBuffer(size));
  return { bytes, address: address(bytes) };
}

const EVP_CTRL_GET_TAG = 0x10;
const EVP_CTRL_SET_TAG = 0x11;
/** Of `SHA_CTX`: five words of state, 64 bits of length, 64 bytes of data, and how many of them there are. */
const SHA_WORDS = 24;
const SHA_LENGTH = 5;
const SHA_DATA_BYTES = 28;
const SHA_COUNT = 23;
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 20;

/** The functions of libcrypto that are used. */
export class NativeCrypto {
  readonly native: Native;
  readonly #init: NativeFunction;
  readonly #update: NativeFunction;
  readonly #openInit: NativeFunction;
  readonly #openUpdate: NativeFunction;
  readonly #openFinal: NativeFunction;
  readonly #final: NativeFunction;
  readonly #control: NativeFunction;
  readonly #shaInit: NativeFunction;
  readonly #shaUpdate: NativeFunction;
  readonly #shaFinal: NativeFunction;
  readonly #counter: number;
  readonly #seal: number;
  readonly #open: number;
  /** A length that somebody writes, the inner and the outer hash, a digest. */
  readonly #scratch: NativeMemory;
  readonly #inner: Uint32Array;
  readonly #outer: Uint32Array;
  readonly #digest: Uint8Array;

  /** Throws when this OpenSSL has not all of them. */
  constructor(native: Native) {
    const { bind } = native;
    this.native = native;
    const pointers = (count: number): string => new Array<string>(count).fill('uintptr_t').join();
    this.#init = bind(`int EVP_EncryptInit_ex(${pointers(5)})`);
    this.#update = bind(`int EVP_EncryptUpdate(${pointers(4)}, int)`);
    this.#final = bind(`int EVP_EncryptFinal_ex(${pointers(3)})`);
    this.#openInit = bind(`int EVP_DecryptInit_ex(${pointers(5)})`);
    this.#openUpdate = bind(`int EVP_DecryptUpdate(${pointers(4)}, int)`);
    this.#openFinal = bind(`int EVP_DecryptFinal_ex(${pointers(3)})`);
    this.#control = bind('int EVP_CIPHER_CTX_ctrl(uintptr_t, int, int, uintptr_t)');
    this.#shaInit = bind('int SHA1_Init(uintptr_t)');
    this.#shaUpdate = bind('int SHA1_Update(uintptr_t, uintptr_t, size_t)');
    this.#shaFinal = bind('int SHA1_Final(uintptr_t, uintptr_t)');
    const create = bind('uintptr_t EVP_CIPHER_CTX_new()');
    const gcm = bind('uintptr_t EVP_aes_128_gcm()')();
    [this.#counter, this.#seal, this.#open] = [create(), create(), create()];
    this.#init(this.#counter, bind('uintptr_t EVP_aes_128_ctr()')(), 0, 0, 0);
    this.#init(this.#seal, gcm, 0, 0, 0);
    this.#openInit(this.#open, gcm, 0, 0, 0);
    this.#scratch = allocate(native, 512);
    const { buffer } = this.#scratch.bytes;
    this.#inner = new Uint32Array(buffer, INNER, SHA_WORDS);
    this.#outer = new Uint32Array(buffer, OUTER, SHA_WORDS);
    this.#digest = new Uint8Array(buffer, DIGEST, DIGEST_BYTES);
  }

  /** AES-CTR over bytes in place. `key` 0: that of the call before. */
  counter(key: number, iv: number, at: number, size: number): void {
    this.#init(this.#counter, 0, 0, key, iv);
    this.#update(this.#counter, at, this.#scratch.address, at, size);
  }

  /** AES-GCM over bytes in place; the tag is written to `tag`. `key` 0: that of the call before. */
  seal(key: number, nonce: number, associated: number, associatedSize: number, at: number, size: number, tag: number) {
    const written = this.#scratch.address;
    this.#init(this.#seal, 0, 0, key, nonce);
    this.#update(this.#seal, 0, written, associated, associatedSize);
    if (size > 0) this.#update(this.#seal, at, written, at, size);
    this.#final(this.#seal, tag, written);
    this.#control(this.#seal, EVP_CTRL_GET_TAG, 16, tag);
  }

  /** The way back; false: it is not authentic, and the bytes mean nothing. */
  open(key: number, nonce: number, associated: number, associatedSize: number, at: number, size: number, tag: number) {
    const written = this.#scratch.address;
    this.#openInit(this.#open, 0, 0, key, nonce);
    this.#openUpdate(this.#open, 0, written, associated, associatedSize);
    if (size > 0) this.#openUpdate(this.#open, at, written, at, size);
    this.#control(this.#open, EVP_CTRL_SET_TAG, 16, tag);
    return this.#openFinal(this.#open, written, written) === 1;
  }

  /** States of the two hashes behind the padded key (RFC 2104 §4), which is at most 64 bytes long. */
  hmacStates(key: Uint8Array): { readonly inner: Uint32Array; readonly outer: Uint32Array } {
    const state = (pad: number): Uint32Array => {
      const { bytes, address } = allocate(this.native, BLOCK_BYTES);
      bytes.set(key);
      for (let i = 0; i < BLOCK_BYTES; i++) bytes[i] = (bytes[i] as number) ^ pad;
      this.#shaInit(this.#scratch.address + INNER);
      this.#shaUpdate(this.#scratch.address + INNER, address, BLOCK_BYTES);
      return this.#inner.slice();
    };
    const [inner, outer] = [state(0x36), state(0x5c)];
    // What it hashes is always the digest of the inner one, which is put into its data.
    outer[SHA_LENGTH] = (BLOCK_BYTES + DIGEST_BYTES) * 8;
    outer[SHA_COUNT] = DIGEST_BYTES;
    return { inner, outer };
  }

  /** HMAC-SHA1 of bytes; the digest is true until the next call. */
  hmac(inner: Uint32Array, outer: Uint32Array, at: number, size: number): Uint8Array {
    const { address } = this.#scratch;
    this.#inner.set(inner);
    this.#outer.set(outer);
    this.#shaUpdate(address + INNER, at, size);
    this.#shaFinal(address + OUTER + SHA_DATA_BYTES, address + INNER);
    this.#shaFinal(address + DIGEST, address + OUTER);
    return this.#digest;
  }
}

/** Places in the scratch memory. */
const [INNER, OUTER, DIGEST] = [64, 192, 320] as const;
