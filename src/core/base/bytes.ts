// Bytes in order: a reader and a writer over one array, and a queue of received chunks. Big-endian unless named.
import { defineErrors } from './errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const bytesErrors = defineErrors('BYTES', {
  SHORT: { text: '{wanted} bytes wanted at offset {offset}, {left} left', advice: 'The input ends too early.' },
  WIDE: { text: 'a 64-bit value at offset {offset} is above 2^53', advice: 'The input is damaged.' },
});

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** UTF-8 bytes of a text. */
export const utf8 = (text: string): Uint8Array => encoder.encode(text);

/** Reads values from one array; throws BYTES_SHORT at its end. Views returned share the array's memory. */
export class ByteReader {
  readonly bytes: Uint8Array;
  offset: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, offset = 0, end = bytes.length) {
    this.bytes = bytes;
    this.offset = offset;
    this.#end = Math.min(end, bytes.length);
  }

  get left(): number {
    return this.#end - this.offset;
  }

  u8(): number {
    this.#need(1);
    return this.bytes[this.offset++] as number;
  }

  u16(): number {
    this.#need(2);
    const b = this.bytes;
    const o = this.offset;
    this.offset = o + 2;
    return ((b[o] as number) << 8) | (b[o + 1] as number);
  }

  u24(): number {
    this.#need(3);
    const b = this.bytes;
    const o = this.offset;
    this.offset = o + 3;
    return ((b[o] as number) << 16) | ((b[o + 1] as number) << 8) | (b[o + 2] as number);
  }

  /** A signed 24-bit value, as composition times in FLV are. */
  i24(): number {
    return (this.u24() << 8) >> 8;
  }

  u32(): number {
    this.#need(4);
    const b = this.bytes;
    const o = this.offset;
    this.offset = o + 4;
    return (
      (((b[o] as number) << 24) | ((b[o + 1] as number) << 16) | ((b[o + 2] as number) << 8) | (b[o + 3] as number)) >>>
      0
    );
  }

  u32le(): number {
    this.#need(4);
    const b = this.bytes;
    const o = this.offset;
    this.offset = o + 4;
    return (
      (((b[o + 3] as number) << 24) | ((b[o + 2] as number) << 16) | ((b[o + 1] as number) << 8) | (b[o] as number)) >>>
      0
    );
  }

  /** A 64-bit value that must be below 2^53. */
  u64(): number {
    const high = this.u32();
    const low = this.u32();
    if (high >= 0x200000) throw bytesErrors.protocol('WIDE', { offset: this.offset - 8 });
    return high * 2 ** 32 + low;
  }

  f64(): number {
    this.#need(8);
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + this.offset, 8);
    this.offset += 8;
    return view.getFloat64(0);
  }

  /** A view of the next `size` bytes. */
  take(size: number): Uint8Array {
    this.#need(size);
    const view = this.bytes.subarray(this.offset, this.offset + size);
    this.offset += size;
    return view;
  }

  /** A view of everything that is left. */
  rest(): Uint8Array {
    return this.take(this.left);
  }

  /** The next `size` bytes as UTF-8; damaged sequences become U+FFFD. */
  text(size: number): string {
    return decoder.decode(this.take(size));
  }

  skip(size: number): void {
    this.#need(size);
    this.offset += size;
  }

  #need(size: number): void {
    if (size < 0 || this.#end - this.offset < size) {
      throw bytesErrors.protocol('SHORT', { wanted: size, offset: this.offset, left: this.#end - this.offset });
    }
  }
}

/** Writes values into an array that grows. Not for the hot path: there, sizes are known and arrays are exact. */
export class ByteWriter {
  #bytes: Uint8Array;
  #size = 0;

  constructor(sizeHint = 64) {
    this.#bytes = new Uint8Array(sizeHint);
  }

  get size(): number {
    return this.#size;
  }

  u8(value: number): this {
    this.#room(1);
    this.#bytes[this.#size++] = value;
    return this;
  }

  u16(value: number): this {
    return this.u8(value >>> 8).u8(value);
  }

  u24(value: number): this {
    return this.u8(value >>> 16)
      .u8(value >>> 8)
      .u8(value);
  }

  u32(value: number): this {
    return this.u16(value >>> 16).u16(value);
  }

  u32le(value: number): this {
    return this.u8(value)
      .u8(value >>> 8)
      .u8(value >>> 16)
      .u8(value >>> 24);
  }

  /** A whole number below 2^53 in 64 bits. */
  u64(value: number): this {
    return this.u32(Math.floor(value / 2 ** 32)).u32(value >>> 0);
  }

  f64(value: number): this {
    this.#room(8);
    new DataView(this.#bytes.buffer, this.#bytes.byteOffset + this.#size, 8).setFloat64(0, value);
    this.#size += 8;
    return this;
  }

  /** Copies `bytes`. */
  put(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#size);
    this.#size += bytes.length;
    return this;
  }

  text(value: string): this {
    return this.put(encoder.encode(value));
  }

  /** What was written, of exact size and owned by the caller. */
  done(): Uint8Array {
    return this.#bytes.slice(0, this.#size);
  }

  #room(size: number): void {
    const wanted = this.#size + size;
    if (wanted <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#size));
    this.#bytes = grown;
  }
}

/**
 * Received chunks, read as one run of bytes without joining them.
 *
 * The caller asks `size` before it reads; `take` copies, so that no frame pins a whole read buffer. The owner bounds
 * it: a parser consumes all it can after each push and keeps at most one header's bytes here.
 */
export class ByteQueue {
  #chunks: Uint8Array[] = [];
  #first = 0;
  #offset = 0;
  size = 0;

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.size += chunk.length;
  }

  /** The byte `ahead` of the read position, which must be below `size`. */
  peek(ahead: number): number {
    let index = this.#first;
    let offset = this.#offset + ahead;
    for (;;) {
      const chunk = this.#chunks[index];
      if (chunk === undefined) {
        throw bytesErrors.protocol('SHORT', { wanted: ahead + 1, offset: 0, left: this.size });
      }
      if (offset < chunk.length) return chunk[offset] as number;
      offset -= chunk.length;
      index++;
    }
  }

  /** A copy of the next `size` bytes, consumed. */
  take(size: number): Uint8Array {
    const out = new Uint8Array(size);
    this.takeInto(out, 0, size);
    return out;
  }

  /** Copies the next `size` bytes into `target` at `at`, and consumes them. */
  takeInto(target: Uint8Array, at: number, size: number): void {
    if (size > this.size) throw bytesErrors.protocol('SHORT', { wanted: size, offset: 0, left: this.size });
    let done = 0;
    while (done < size) {
      const chunk = this.#chunks[this.#first] as Uint8Array;
      const part = Math.min(size - done, chunk.length - this.#offset);
      target.set(part === chunk.length ? chunk : chunk.subarray(this.#offset, this.#offset + part), at + done);
      done += part;
      this.#advance(part, chunk);
    }
    this.size -= size;
  }

  skip(size: number): void {
    if (size > this.size) throw bytesErrors.protocol('SHORT', { wanted: size, offset: 0, left: this.size });
    let left = size;
    while (left > 0) {
      const chunk = this.#chunks[this.#first] as Uint8Array;
      const part = Math.min(left, chunk.length - this.#offset);
      left -= part;
      this.#advance(part, chunk);
    }
    this.size -= size;
  }

  clear(): void {
    this.#chunks = [];
    this.#first = 0;
    this.#offset = 0;
    this.size = 0;
  }

  #advance(part: number, chunk: Uint8Array): void {
    this.#offset += part;
    if (this.#offset < chunk.length) return;
    this.#offset = 0;
    this.#first++;
    if (this.#first === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#first = 0;
    } else if (this.#first >= 32) {
      this.#chunks.splice(0, this.#first);
      this.#first = 0;
    }
  }
}

/** One array out of several; returns the single chunk itself when there is only one. */
export function concat(chunks: readonly Uint8Array[], size = totalSize(chunks)): Uint8Array {
  if (chunks.length === 1) return chunks[0] as Uint8Array;
  const out = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    out.set(chunk, at);
    at += chunk.length;
  }
  return out;
}

/**
 * Joins each run of chunks below `big` bytes into one new array and keeps the others by reference: below some size a
 * copy costs less than an entry of a gathering write.
 */
export function joinSmall(chunks: readonly Uint8Array[], big: number): Uint8Array[] {
  const out: Uint8Array[] = [];
  let start = 0;
  let size = 0;
  for (let i = 0; i <= chunks.length; i++) {
    const chunk = chunks[i];
    if (chunk !== undefined && chunk.length < big) {
      size += chunk.length;
      continue;
    }
    if (i - start === 1) out.push(chunks[start] as Uint8Array);
    else if (i > start) out.push(joinRange(chunks, start, i, size));
    if (chunk !== undefined) out.push(chunk);
    start = i + 1;
    size = 0;
  }
  return out;
}

function joinRange(chunks: readonly Uint8Array[], start: number, end: number, size: number): Uint8Array {
  // Not from the pool: a joined run lives as long as the slowest socket and would pin other people's bytes.
  const joined = Buffer.allocUnsafeSlow(size);
  let at = 0;
  for (let i = start; i < end; i++) {
    const chunk = chunks[i] as Uint8Array;
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}

/** Big-endian, 32 bits, not negative; the bytes must be there. */
export const readU32 = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)) >>>
  0;

/** Big-endian, 32 bits. */
export function writeU32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function totalSize(chunks: readonly Uint8Array[]): number {
  let size = 0;
  for (const chunk of chunks) size += chunk.length;
  return size;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Lower-case hex without separators, for logs and tests. */
export const toHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

/** Bytes of a hex text; blanks are skipped. */
export const fromHex = (hex: string): Uint8Array =>
  Uint8Array.from((hex.replace(/\s+/g, '').match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16)));
