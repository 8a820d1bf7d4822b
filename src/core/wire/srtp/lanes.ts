// HMAC-SHA1 (RFC 2104) of the packets of a batch, four at a time, in the memory of a module of WebAssembly (docs/adr/0009):
// node:crypto takes two calls for each packet, which cost more than what they do.
//
//   | states of the lanes | digests | counters, then the key stream | the packets of a batch, with room between them |
import { createHmac } from 'node:crypto';
import { PADDING_BYTES, place, sha1Module } from './sha1-module.ts';

export { PADDING_BYTES };

/** Of the language itself, but its types are those of browsers. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object) => { readonly exports: Exports };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly compress: (blocks: number) => void;
  readonly lay: (at: number, stream: number, end: number, rollOver: number, sizeAt: number, bits: number) => void;
}

/** Packets that are signed together. */
export const MOST_JOBS = 64;
const LANES = 4;
const BLOCK_BYTES = 64;
const STATE_WORDS = 5;
const DIGEST_BYTES = STATE_WORDS * 4;
const ROLL_OVER_BYTES = 4;
/** A one, and the size in 64 bits. */
const LEAST_PADDING = 9;
const DIGESTS_AT = 128;
const STREAM_AT = 8192;
const STREAM_BYTES = 128 * 1024;
const BATCH_AT = STREAM_AT + STREAM_BYTES;
const PAGES = 4;
const START = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0);

/** The two hashes of a key behind its first block. */
export interface HmacKey {
  readonly inner: Int32Array;
  readonly outer: Int32Array;
}

/** Of the process: no call leaves anything behind that another one needs. */
export class Lanes {
  /** Where packets are built; behind each must be `PADDING_BYTES`. */
  readonly batch: Uint8Array;
  /** Counter blocks, and then the key stream that is made of them. */
  readonly stream: Uint8Array;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  readonly #exports: Exports;
  /** Messages: where each begins, how many blocks it has, and the longest first. */
  readonly #at = new Int32Array(MOST_JOBS);
  readonly #blocks = new Int32Array(MOST_JOBS);
  readonly #order = new Int32Array(MOST_JOBS);
  #count = 0;
  /** Of each lane: its message, and how many blocks of it are left. */
  readonly #job = new Int32Array(LANES);
  readonly #left = new Int32Array(LANES);

  /** Throws where there are no vectors, or no memory for them. */
  constructor() {
    this.#exports = new WebAssembly.Instance(new WebAssembly.Module(sha1Module(PAGES))).exports;
    const { buffer } = this.#exports.memory;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Int32Array(buffer);
    this.stream = new Uint8Array(buffer, STREAM_AT, STREAM_BYTES);
    this.batch = new Uint8Array(buffer, BATCH_AT);
    // What the outer hash is made of has always this size.
    for (let job = 0; job < MOST_JOBS; job++) {
      const at = digestAt(job);
      this.#bytes[at + DIGEST_BYTES] = 0x80;
      this.#words[(at + BLOCK_BYTES) / 4 - 1] = swapped((BLOCK_BYTES + DIGEST_BYTES) * 8);
    }
  }

  /** Not between `add` and `sign`. @param key at most 64 bytes. */
  keyOf(key: Uint8Array): HmacKey {
    const state = (pad: number): Int32Array => {
      this.stream.fill(pad, 0, BLOCK_BYTES);
      for (let i = 0; i < key.length; i++) this.stream[i] = (key[i] as number) ^ pad;
      this.#add(STREAM_AT, 1);
      this.#hash(START);
      this.#count = 0;
      const at = digestAt(0) / 4;
      return this.#words.slice(at, at + STATE_WORDS).map(swapped);
    };
    return { inner: state(0x36), outer: state(0x5c) };
  }

  /** Encrypts the next packet, which is at those places of `batch`, and lays it out to be signed. Not more than `MOST_JOBS`. */
  add(begin: number, payload: number, end: number, stream: number, rollOver: number): void {
    const size = end - begin + ROLL_OVER_BYTES;
    const blocks = Math.ceil((size + LEAST_PADDING) / BLOCK_BYTES);
    this.#exports.lay(
      BATCH_AT + payload,
      STREAM_AT + stream,
      BATCH_AT + end,
      swapped(rollOver),
      BATCH_AT + begin + blocks * BLOCK_BYTES - 4,
      swapped((BLOCK_BYTES + size) * 8),
    );
    this.#add(BATCH_AT + begin, blocks);
  }

  /** Signs the packets that were added; then others may be. */
  sign({ inner, outer }: HmacKey): void {
    this.#hash(inner);
    const count = this.#count;
    this.#count = 0;
    for (let job = 0; job < count; job++) this.#add(digestAt(job), 1);
    this.#hash(outer);
    this.#count = 0;
  }

  /** The first `size` bytes of the digest of the packet that was added as number `job`. */
  take(job: number, size: number, target: Uint8Array, at: number): void {
    const from = digestAt(job);
    for (let i = 0; i < size; i++) target[at + i] = this.#bytes[from + i] as number;
  }

  #add(at: number, blocks: number): void {
    const job = this.#count++;
    this.#at[job] = at;
    this.#blocks[job] = blocks;
    // A long one that begins last would have three empty lanes beside it.
    let place = job;
    for (; place > 0; place--) {
      const before = this.#order[place - 1] as number;
      if ((this.#blocks[before] as number) >= blocks) break;
      this.#order[place] = before;
    }
    this.#order[place] = job;
  }

  /** All that were added, from one state on. A lane that is done takes the next one. */
  #hash(state: Int32Array): void {
    const left = this.#left;
    for (let next = 0; ; ) {
      let step = 0;
      for (let lane = 0; lane < LANES; lane++) {
        if (left[lane] === 0 && next < this.#count) this.#begin(lane, this.#order[next++] as number, state);
        const blocks = left[lane] as number;
        if (blocks !== 0 && (step === 0 || blocks < step)) step = blocks;
      }
      if (step === 0) return;
      this.#exports.compress(step);
      for (let lane = 0; lane < LANES; lane++) {
        if (left[lane] === 0) this.#words[place.pointers / 4 + lane] = 0;
        else if ((left[lane] = (left[lane] as number) - step) === 0) this.#end(lane);
      }
    }
  }

  #begin(lane: number, job: number, state: Int32Array): void {
    this.#job[lane] = job;
    this.#left[lane] = this.#blocks[job] as number;
    this.#words[place.pointers / 4 + lane] = this.#at[job] as number;
    for (let i = 0; i < STATE_WORDS; i++) this.#words[place.states / 4 + LANES * i + lane] = state[i] as number;
  }

  #end(lane: number): void {
    const at = digestAt(this.#job[lane] as number) / 4;
    for (let i = 0; i < STATE_WORDS; i++) {
      this.#words[at + i] = swapped(this.#words[place.states / 4 + LANES * i + lane] as number);
    }
    // An empty lane works on whatever is there.
    this.#words[place.pointers / 4 + lane] = 0;
  }
}

const digestAt = (job: number): number => DIGESTS_AT + job * BLOCK_BYTES;

const swapped = (word: number): number =>
  (word << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);

/** None, or not yet asked for. */
let known: Lanes | undefined;
let isKnown = false;

/** Made at the first call; undefined where this machine cannot, or makes something else of a message than node:crypto. */
export function sharedLanes(): Lanes | undefined {
  if (!isKnown) known = tryLanes();
  isKnown = true;
  return known;
}

function tryLanes(): Lanes | undefined {
  try {
    const lanes = new Lanes();
    return agrees(lanes) ? lanes : undefined;
  } catch {
    return undefined;
  }
}

/** Sizes around that of a block, more of them than lanes, and a key stream of zeros. */
function agrees(lanes: Lanes): boolean {
  const key = new Uint8Array(DIGEST_BYTES).fill(7);
  const sizes = [0, 51, 52, 700, 64, 1200, 3];
  const begins: number[] = [];
  const hmac = lanes.keyOf(key);
  lanes.stream.fill(0);
  let at = 0;
  for (const size of sizes) {
    begins.push(at);
    lanes.batch.fill(size, at, at + size);
    lanes.add(at, at, at + size, 0, 5);
    at += size + PADDING_BYTES;
  }
  lanes.sign(hmac);
  return sizes.every((size, job) => {
    const begin = begins[job] as number;
    const digest = new Uint8Array(DIGEST_BYTES);
    lanes.take(job, DIGEST_BYTES, digest, 0);
    const wanted = createHmac('sha1', key)
      .update(lanes.batch.subarray(begin, begin + size))
      .update(Buffer.of(0, 0, 0, 5));
    return wanted.digest().equals(digest);
  });
}
