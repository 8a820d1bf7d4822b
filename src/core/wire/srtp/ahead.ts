// The key stream of packets that will come: it depends on their numbers only (RFC 3711 §4.1.1).
//
// Sound leaves in packets of its own, fifty a second, and the call of a cipher for each costs more than all else of it: the
// key stream of a few packets is made by one.
import type { KeyStream } from './key-stream.ts';

/** Longer packets come in batches. */
const MOST_BYTES = 512;
const PACKETS = 8;
/** The next packets may be longer by so many blocks of 16 bytes. */
const MORE_BLOCKS = 4;

/** Of one direction of a session. */
export class Ahead {
  readonly #cipher: KeyStream;
  #ssrc = 0;
  /** Number of the next packet, with its roll-overs. */
  #next = -1;
  #left = 0;
  #blocks = 0;
  #stream = new Uint8Array(0);

  constructor(cipher: KeyStream) {
    this.#cipher = cipher;
  }

  /** The key stream of a packet with a short payload; undefined for a long one. Nothing may be open in the cipher. */
  take(ssrc: number, rollOver: number, sequence: number, payloadBytes: number): Uint8Array | undefined {
    const blocks = Math.ceil(payloadBytes / 16);
    if (payloadBytes > MOST_BYTES || blocks === 0) return undefined;
    const index = rollOver * 0x10000 + sequence;
    if (this.#left === 0 || this.#ssrc !== ssrc || this.#next !== index || blocks > this.#blocks) {
      this.#make(ssrc, index, blocks + MORE_BLOCKS);
    }
    const from = (PACKETS - this.#left) * this.#blocks * 16;
    this.#next++;
    this.#left--;
    return this.#stream.subarray(from, from + payloadBytes);
  }

  #make(ssrc: number, index: number, blocks: number): void {
    for (let i = index; i < index + PACKETS; i++) {
      // The last roll-over of all, behind which no packet may be sent under this key.
      const rollOver = Math.floor(i / 0x10000) >>> 0;
      this.#cipher.add(ssrc, rollOver, i & 0xffff, blocks * 16);
    }
    const stream = this.#cipher.take();
    // Kept in memory of our own: what the cipher gives would grow old, and cost a collection of everything.
    if (this.#stream.length < stream.length) this.#stream = new Uint8Array(stream.length);
    this.#stream.set(stream);
    this.#ssrc = ssrc;
    this.#next = index;
    this.#left = PACKETS;
    this.#blocks = blocks;
  }
}
