// Bytes that go to the kernel by one call, without node's objects for a write (docs/adr/0008). The socket is node's: what
// the kernel does not take now goes the plain way, which waits and tells errors.
import type { Socket } from 'node:net';
import { field, HEADER_WORDS, IOVEC_WORDS, putIovec, putPointer } from './message-layout.ts';
import type { Native, NativeFunction } from './native.ts';
import { plainWriter, type SocketWriter } from './socket-writer.ts';

/** MSG_DONTWAIT and MSG_NOSIGNAL: as node's own sockets, whatever becomes of the process's signals. */
const SEND_FLAGS = 0x40 | 0x4000;
/** More chunks than this go the plain way. */
const MOST_CHUNKS = 16;

/** Of the process: each binding is kept by koffi for ever. */
const known = new WeakMap<Native, SocketWriter>();

/** The fastest way there is. */
export function writerFor(native: Native | undefined): SocketWriter {
  if (native === undefined) return plainWriter;
  const writer = known.get(native) ?? new NativeWriter(native);
  known.set(native, writer);
  return writer;
}

/** For sockets without TLS. */
class NativeWriter implements SocketWriter {
  readonly #native: Native;
  readonly #sendBytes: NativeFunction;
  readonly #sendMessage: NativeFunction;
  /** A `msghdr`, and the vector that it points to. */
  readonly #message = new Uint32Array(new ArrayBuffer((HEADER_WORDS + MOST_CHUNKS * IOVEC_WORDS) * 4));
  readonly #messageAddress: number;

  constructor(native: Native) {
    this.#native = native;
    this.#sendBytes = native.bind('intptr_t send(int, const uint8_t*, size_t, int)');
    this.#sendMessage = native.bind('intptr_t sendmsg(int, uintptr_t, int)');
    this.#messageAddress = native.address(new Uint8Array(this.#message.buffer));
    putPointer(this.#message, field.vector, this.#messageAddress + HEADER_WORDS * 4);
  }

  write(socket: Socket, chunks: readonly Uint8Array[]): void {
    const descriptor = freeDescriptor(socket);
    const taken = descriptor < 0 ? 0 : this.#send(descriptor, chunks);
    if (taken <= 0) {
      plainWriter.write(socket, chunks);
      return;
    }
    const rest = behind(chunks, taken);
    if (rest.length > 0) plainWriter.write(socket, rest);
  }

  /** Bytes that were taken; negative: none. */
  #send(descriptor: number, chunks: readonly Uint8Array[]): number {
    const { length: count } = chunks;
    if (count === 1) {
      const chunk = chunks[0] as Uint8Array;
      return this.#sendBytes(descriptor, chunk, chunk.length, SEND_FLAGS);
    }
    if (count > MOST_CHUNKS) return -1;
    const words = this.#message;
    words[field.vectorSize] = count;
    for (let i = 0; i < count; i++) {
      const chunk = chunks[i] as Uint8Array;
      putIovec(words, HEADER_WORDS + i * IOVEC_WORDS, this.#native.address(chunk), chunk.length);
    }
    return this.#sendMessage(descriptor, this.#messageAddress, SEND_FLAGS);
  }
}

/** Kept in the handle itself: asking node each time is a call into C++. */
const descriptor = Symbol('descriptor');

interface Handle {
  readonly fd?: unknown;
  [descriptor]?: number;
}

/**
 * Of a socket that is open, and in which nothing waits that must not be overtaken; otherwise -1. It goes by way of the
 * handle, which a socket that has closed has no more: its descriptor belongs to somebody else.
 */
function freeDescriptor(socket: Socket): number {
  if (socket.writableLength > 0 || !socket.writable || socket.connecting) return -1;
  const { _handle: handle } = socket as { _handle?: Handle | null };
  if (handle === undefined || handle === null) return -1;
  return (handle[descriptor] ??= typeof handle.fd === 'number' ? handle.fd : -1);
}

/** What is left of chunks after so many bytes. */
function behind(chunks: readonly Uint8Array[], taken: number): readonly Uint8Array[] {
  let index = 0;
  let left = taken;
  while (index < chunks.length && left >= (chunks[index] as Uint8Array).length) {
    left -= (chunks[index] as Uint8Array).length;
    index++;
  }
  if (index === chunks.length) return [];
  return [(chunks[index] as Uint8Array).subarray(left), ...chunks.slice(index + 1)];
}
