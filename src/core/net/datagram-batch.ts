// Datagrams that wait for one call of sendmmsg(2), in memory that never moves.
//
//   arena      | datagram | datagram | datagram | datagram |          copies, with what was between them
//   datagrams  where each is, as an `iovec`
//   messages   | to A, 3 segments of 1200, the last shorter | to B |  as many as one call takes
//
// Datagrams that follow each other to one peer with equal sizes are one message with UDP_SEGMENT (udp(7)): the kernel walks
// its stack once for all of them, which costs a quarter of what sending them one by one costs.
import type { Peer, Span } from '../base/link.ts';
import { field, IOVEC_SIZE, IOVEC_WORDS, MESSAGE_WORDS, putIovec, putPointer } from './message-layout.ts';
import type { Native } from './native.ts';

/** More messages, datagrams or bytes than this are sent at once and not at the end of the turn. Measured: 32 are as good as 128. */
const MOST_MESSAGES = 64;
const MOST_DATAGRAMS = 512;
const ARENA_BYTES = 128 * 1024;
/** Of the kernel: UDP_MAX_SEGMENTS, which was 64 first, and the length field of IP with some room for its options. */
const MOST_SEGMENTS = 64;
const MOST_MESSAGE_BYTES = 65_000;

const CONTROL_BYTES = 24;
const CONTROL_WORDS = CONTROL_BYTES / 4;
const NAME_WORDS = 8;
const IPPROTO_UDP = 17;
const UDP_SEGMENT = 103;

/** A peer as the batch knows it. */
export interface Destination {
  readonly peer: Peer;
  /** Its `sockaddr`. */
  readonly bytes: Uint8Array;
  /** False when its path refused UDP_SEGMENT: a datagram is longer than its MTU. */
  segments: boolean;
}

/** One message to one destination. */
export interface Message {
  destination: Destination;
  /** Its first datagram. */
  first: number;
  bytes: number;
  /** Size of each segment but the last. */
  segment: number;
  count: number;
}

/** Of one port: filled, sealed, sent, cleared. */
export class DatagramBatch {
  readonly arena = new Uint8Array(new ArrayBuffer(ARENA_BYTES));
  readonly messages: readonly Message[];
  readonly #headers: number;
  count = 0;
  /** In all messages. */
  datagrams = 0;
  #end = 0;
  /** Nothing more may join the newest message. */
  #closed = true;
  /** Of the datagrams in the arena. */
  readonly #places = new Uint32Array(MOST_DATAGRAMS);
  readonly #words: Uint32Array;
  readonly #bytes: Uint8Array;
  readonly #arenaAddress: number;
  readonly #iovecs: number;
  readonly #controls: number;
  readonly #names: number;

  constructor({ address }: Native) {
    this.#iovecs = MESSAGE_WORDS * MOST_MESSAGES;
    this.#controls = this.#iovecs + IOVEC_WORDS * MOST_DATAGRAMS;
    this.#names = this.#controls + CONTROL_WORDS * MOST_MESSAGES;
    const memory = new ArrayBuffer((this.#names + NAME_WORDS * MOST_MESSAGES) * 4);
    this.#words = new Uint32Array(memory);
    this.#bytes = new Uint8Array(memory);
    this.#headers = address(this.#bytes);
    this.#arenaAddress = address(this.arena);
    const nobody: Destination = { peer: { host: '', port: 0 }, bytes: new Uint8Array(0), segments: false };
    this.messages = Array.from({ length: MOST_MESSAGES }, (_, index) => {
      this.#lay(index);
      return { destination: nobody, first: 0, bytes: 0, segment: 0, count: 0 };
    });
  }

  /** Whether so many datagrams find room, which take so many bytes with what is between them. */
  fits(bytes: number, datagrams: number): boolean {
    return (
      this.count + datagrams <= MOST_MESSAGES &&
      this.datagrams + datagrams <= MOST_DATAGRAMS &&
      this.#end + bytes <= ARENA_BYTES
    );
  }

  /** Copies datagrams that follow each other, all of them at once; there must be room for them. */
  add(memory: Uint8Array, spans: readonly Span[], count: number, destination: Destination): void {
    const from = (spans[0] as Span).begin;
    const size = (spans[count - 1] as Span).end - from;
    this.arena.set(memory.subarray(from, from + size), this.#end);
    const at = this.#end - from;
    for (let i = 0; i < count; i++) {
      const { begin, end } = spans[i] as Span;
      this.#put(at + begin, end - begin, destination);
    }
    this.#end += size;
  }

  /** Copies a datagram of two parts; there must be room for it. */
  join(head: Uint8Array, rest: Uint8Array, destination: Destination): void {
    const at = this.#end;
    this.arena.set(head, at);
    this.arena.set(rest, at + head.length);
    this.#end = at + head.length + rest.length;
    this.#put(at, this.#end - at, destination);
  }

  /** The datagrams of a message, as views. */
  *datagramsOf({ first, count }: Message): Generator<Uint8Array> {
    for (let index = first; index < first + count; index++) {
      const at = this.#places[index] as number;
      yield this.arena.subarray(at, at + (this.#words[this.#iovecs + index * IOVEC_WORDS + IOVEC_SIZE] as number));
    }
  }

  /** Writes what the kernel reads of the messages. */
  seal(): void {
    const words = this.#words;
    for (let index = 0; index < this.count; index++) {
      const { destination, first, segment, count } = this.messages[index] as Message;
      const header = index * MESSAGE_WORDS;
      this.#bytes.set(destination.bytes, (this.#names + index * NAME_WORDS) * 4);
      words[header + field.nameSize] = destination.bytes.length;
      putPointer(words, header + field.vector, this.#headers + (this.#iovecs + first * IOVEC_WORDS) * 4);
      words[header + field.vectorSize] = count;
      words[header + field.controlSize] = count > 1 ? CONTROL_BYTES : 0;
      words[this.#controls + index * CONTROL_WORDS + 4] = segment;
    }
  }

  /** Of the `mmsghdr` of a message. */
  addressOf(index: number): number {
    return this.#headers + index * MESSAGE_WORDS * 4;
  }

  clear(): void {
    this.count = 0;
    this.datagrams = 0;
    this.#end = 0;
    this.#closed = true;
  }

  #put(at: number, size: number, destination: Destination): void {
    const index = this.datagrams++;
    const iovec = this.#iovecs + index * IOVEC_WORDS;
    putIovec(this.#words, iovec, this.#arenaAddress + at, size);
    this.#places[index] = at;
    const last = this.messages[this.count - 1];
    if (last !== undefined && !this.#closed && last.destination === destination && this.#joins(last, size)) {
      last.bytes += size;
      last.count++;
    } else this.#begin(destination, index, size);
    // Only the last segment of a message may be shorter.
    this.#closed = !destination.segments || size < (this.messages[this.count - 1] as Message).segment;
  }

  #joins({ bytes, segment, count }: Message, size: number): boolean {
    return size <= segment && count < MOST_SEGMENTS && bytes + size <= MOST_MESSAGE_BYTES;
  }

  #begin(destination: Destination, first: number, size: number): void {
    const message = this.messages[this.count++] as Message;
    message.destination = destination;
    message.first = first;
    message.bytes = size;
    message.segment = size;
    message.count = 1;
  }

  /** What is the same in every call. */
  #lay(index: number): void {
    const words = this.#words;
    const header = index * MESSAGE_WORDS;
    const place = (at: number): number => this.#headers + at * 4;
    putPointer(words, header + field.name, place(this.#names + index * NAME_WORDS));
    const control = this.#controls + index * CONTROL_WORDS;
    putPointer(words, header + field.control, place(control));
    // cmsg(3): its own length without the padding, then level and type, then 16 bits.
    words[control] = CONTROL_BYTES - 6;
    words[control + 2] = IPPROTO_UDP;
    words[control + 3] = UDP_SEGMENT;
  }
}
