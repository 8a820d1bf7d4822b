// Datagrams that are already there, by one call of recvmmsg(2): node reads each by a call of its own, into 64 KiB of new memory.
import type { Peer } from '../base/link.ts';
import { field, IOVEC_WORDS, MESSAGE_WORDS, putIovec, putPointer } from './message-layout.ts';
import type { Native, NativeFunction } from './native.ts';
import { readSocketAddress } from './socket-address.ts';

/** Datagrams of one call; a port is not read for longer than four of them, since others wait too. */
const SLOTS = 32;
const MOST_ROUNDS = 4;
/** The longest datagram; the system gives no memory for pages that nobody writes to. */
const SLOT_BYTES = 65_536;
const NAME_WORDS = 4;
const MSG_DONTWAIT = 0x40;
/** Peers whose addresses are known as text. Chosen: some for each session, and strangers do not fill the memory. */
const MOST_PEERS = 16_384;
/** After this many looks in vain, at most so many datagrams of node's pass until the next look. */
const MOST_PATIENCE = 16;
/** A look costs about what node takes for a datagram. */
const LEAST_FOUND = 1;

/** Of a socket of IPv4. */
export class DatagramDrain {
  readonly #receive: NativeFunction;
  readonly #descriptor: number;
  readonly #headers: number;
  readonly #words: Uint32Array;
  readonly #names: DataView;
  readonly #slots: readonly Uint8Array[];
  /** What was given of each slot last: most datagrams of a port have the size of the one before. */
  readonly #views: Uint8Array[];
  readonly #peers = new Map<number, Peer>();
  /** Datagrams of node's until the next look, and how many they were the last time. */
  #wait = 0;
  #patience = 0;

  constructor(native: Native, receive: NativeFunction, descriptor: number) {
    this.#receive = receive;
    this.#descriptor = descriptor;
    const memory = new ArrayBuffer((MESSAGE_WORDS + IOVEC_WORDS + NAME_WORDS) * SLOTS * 4);
    const data = new Uint8Array(new ArrayBuffer(SLOTS * SLOT_BYTES));
    this.#words = new Uint32Array(memory);
    this.#headers = native.address(new Uint8Array(memory));
    const iovecs = SLOTS * MESSAGE_WORDS;
    const names = iovecs + SLOTS * IOVEC_WORDS;
    this.#names = new DataView(memory, names * 4);
    const at = native.address(data);
    for (let slot = 0; slot < SLOTS; slot++) {
      const [header, iovec] = [slot * MESSAGE_WORDS, iovecs + slot * IOVEC_WORDS];
      putPointer(this.#words, header + field.name, this.#headers + (names + slot * NAME_WORDS) * 4);
      putPointer(this.#words, header + field.vector, this.#headers + iovec * 4);
      this.#words[header + field.vectorSize] = 1;
      putIovec(this.#words, iovec, at + slot * SLOT_BYTES, SLOT_BYTES);
    }
    this.#slots = Array.from({ length: SLOTS }, (_, slot) => data.subarray(slot * SLOT_BYTES, (slot + 1) * SLOT_BYTES));
    this.#views = [...this.#slots];
  }

  /** Node has given a datagram: gives those that came with it. They are true until `on` returns; false ends it. */
  follow(on: (datagram: Uint8Array, from: Peer) => boolean): void {
    if (this.#wait > 0) {
      this.#wait--;
      return;
    }
    const found = this.take(on);
    // A port that gets one at a time pays for a look now and then only.
    this.#patience = found > LEAST_FOUND ? 0 : Math.min(MOST_PATIENCE, this.#patience * 2 + 1);
    this.#wait = this.#patience;
  }

  /** Gives what is there, unless it is too much at once, and says how many it gave. */
  take(on: (datagram: Uint8Array, from: Peer) => boolean): number {
    let found = 0;
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const count = this.#read();
      found += count;
      for (let slot = 0; slot < count; slot++) {
        if (!on(this.#view(slot), this.#peer(slot))) return found;
      }
      if (count < SLOTS) break;
    }
    return found;
  }

  #read(): number {
    for (let slot = 0; slot < SLOTS; slot++) this.#words[slot * MESSAGE_WORDS + field.nameSize] = NAME_WORDS * 4;
    return Math.max(0, this.#receive(this.#descriptor, this.#headers, SLOTS, MSG_DONTWAIT, 0));
  }

  #view(slot: number): Uint8Array {
    const size = this.#words[slot * MESSAGE_WORDS + field.moved] as number;
    const last = this.#views[slot] as Uint8Array;
    if (last.length === size) return last;
    const view = (this.#slots[slot] as Uint8Array).subarray(0, size);
    this.#views[slot] = view;
    return view;
  }

  #peer(slot: number): Peer {
    const at = slot * NAME_WORDS * 4;
    const key = this.#names.getUint32(at + 4) * 2 ** 16 + this.#names.getUint16(at + 2);
    const known = this.#peers.get(key);
    if (known !== undefined) return known;
    const peer = readSocketAddress(this.#names, at) ?? { host: '0.0.0.0', port: 0 };
    if (this.#peers.size >= MOST_PEERS) this.#peers.clear();
    this.#peers.set(key, peer);
    return peer;
  }
}
