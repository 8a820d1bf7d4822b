// Boxes of ISO 14496-12 §4.2 as bytes and values. Knows sizes and nesting, not what the boxes mean.
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { ProtocolError } from '../../base/errors.ts';
import { fmp4Errors } from './errors.ts';

/** A box inside an array that holds all of it. */
export interface Box {
  /** Four characters; unprintable ones as `?`. */
  readonly type: string;
  /** Where its content begins, behind size and type. */
  readonly start: number;
  readonly end: number;
}

/** A box whose header is known and whose content may still be to come. */
export interface BoxHead {
  readonly type: string;
  readonly headBytes: number;
  /** The whole box, header included; Infinity: up to the end of the input (size 0, §4.2). */
  readonly size: number;
}

/** The most that a header takes: 32-bit size, type, 64-bit size. */
export const BOX_HEAD_MAX = 16;
/** Chosen: real files nest nine levels deep at most (moov/trak/mdia/minf/stbl/stsd/mp4a/wave/esds). */
export const MAX_DEPTH = 16;
/** Chosen: above the children of any real box; a moof of 32 tracks has 33. */
const MAX_CHILDREN = 4096;

/**
 * The header at `offset`, undefined when `bytes` has too little of it. Errors: FMP4_BOX_SIZE for a size smaller than
 * the header itself, or of 2^53 and more.
 */
export function parseBoxHead(bytes: Uint8Array, offset: number, end = bytes.length): BoxHead | undefined {
  if (end - offset < 8) return undefined;
  const reader = new ByteReader(bytes, offset, end);
  const small = reader.u32();
  const type = fourcc(reader.take(4));
  if (small === 0) return { type, headBytes: 8, size: Number.POSITIVE_INFINITY };
  if (small !== 1) return { type, headBytes: 8, size: checkSize(type, offset, small, 8) };
  if (end - offset < 16) return undefined;
  const high = reader.u32();
  const size = high * 2 ** 32 + reader.u32();
  if (high >= 0x200000) throw fmp4Errors.protocol('BOX_SIZE', { type, offset, size, why: 'above 2^53' });
  return { type, headBytes: 16, size: checkSize(type, offset, size, 16) };
}

function checkSize(type: string, offset: number, size: number, least: number): number {
  if (size < least) throw fmp4Errors.protocol('BOX_SIZE', { type, offset, size, why: 'less than its header' });
  return size;
}

/** The boxes between two offsets. Errors: FMP4_BOX_SIZE, FMP4_BOX_COUNT. */
export function parseBoxes(bytes: Uint8Array, start: number, end: number, parent = 'the file'): Box[] {
  const boxes: Box[] = [];
  let at = start;
  // Up to seven bytes of padding behind the last child are seen in QuickTime files (a 32-bit zero ends `udta`).
  while (end - at >= 8) {
    const head = parseBoxHead(bytes, at, end);
    if (head === undefined) throw fmp4Errors.protocol('BOX_CUT', { type: parent });
    const size = head.size === Number.POSITIVE_INFINITY ? end - at : head.size;
    if (size > end - at) {
      throw fmp4Errors.protocol('BOX_SIZE', { type: head.type, offset: at, size, why: `${end - at} are left` });
    }
    if (boxes.length >= MAX_CHILDREN) throw fmp4Errors.protocol('BOX_COUNT', { type: parent, limit: MAX_CHILDREN });
    boxes.push({ type: head.type, start: at + head.headBytes, end: at + size });
    at += size;
  }
  return boxes;
}

/** A box with its bytes, to walk down the tree. */
export class BoxView {
  readonly bytes: Uint8Array;
  readonly box: Box;
  readonly depth: number;

  constructor(bytes: Uint8Array, box: Box, depth = 0) {
    if (depth > MAX_DEPTH) throw fmp4Errors.protocol('BOX_DEPTH', { limit: MAX_DEPTH });
    this.bytes = bytes;
    this.box = box;
    this.depth = depth;
  }

  get type(): string {
    return this.box.type;
  }

  /** Bytes of the content. */
  get size(): number {
    return this.box.end - this.box.start;
  }

  /** The boxes inside, behind `skip` bytes of fields. */
  children(skip = 0): BoxView[] {
    const { start, end, type } = this.box;
    if (skip > end - start) throw fmp4Errors.protocol('BOX_CUT', { type });
    return parseBoxes(this.bytes, start + skip, end, type).map((box) => new BoxView(this.bytes, box, this.depth + 1));
  }

  /** The first box inside of a type. */
  find(type: string, skip = 0): BoxView | undefined {
    return this.children(skip).find((child) => child.type === type);
  }

  /** The same, which must be there: FMP4_BOX_MISSING. */
  need(type: string): BoxView {
    const found = this.find(type);
    if (found === undefined) throw fmp4Errors.protocol('BOX_MISSING', { type: this.type, child: type });
    return found;
  }

  /** Reads the fields of the content; a read beyond its end is FMP4_BOX_CUT. */
  read<T>(parse: (reader: ByteReader) => T): T {
    try {
      return parse(new ByteReader(this.bytes, this.box.start, this.box.end));
    } catch (error) {
      if (error instanceof ProtocolError && error.code.startsWith('BYTES_')) {
        throw fmp4Errors.protocol('BOX_CUT', { type: this.type }, error);
      }
      throw error;
    }
  }

  /** The same for a FullBox (§4.2): version and flags come first. */
  readFull<T>(parse: (reader: ByteReader, version: number, flags: number) => T): T {
    return this.read((reader) => {
      const word = reader.u32();
      return parse(reader, word >>> 24, word & 0xffffff);
    });
  }
}

/** A box out of its parts. */
export function box(type: string, ...parts: readonly Uint8Array[]): Uint8Array {
  let size = 8;
  for (const part of parts) size += part.length;
  const out = new Uint8Array(size);
  putBoxHead(out, 0, type, size);
  let at = 8;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** A FullBox out of its parts. */
export function fullBox(type: string, version: number, flags: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return box(
    type,
    fields((w) => w.u8(version).u24(flags)),
    ...parts,
  );
}

/** Fields as bytes. */
export function fields(write: (writer: ByteWriter) => unknown): Uint8Array {
  const writer = new ByteWriter();
  write(writer);
  return writer.done();
}

/** Writes a 32-bit size and a type at `at`. */
export function putBoxHead(out: Uint8Array, at: number, type: string, size: number): void {
  putU32(out, at, size);
  for (let i = 0; i < 4; i++) out[at + 4 + i] = type.charCodeAt(i);
}

/** Writes the low 32 bits of a whole number, big-endian. */
export function putU32(out: Uint8Array, at: number, value: number): void {
  out[at] = value >>> 24;
  out[at + 1] = value >>> 16;
  out[at + 2] = value >>> 8;
  out[at + 3] = value;
}

/** A signed value from a 32-bit field. */
export const signed = (value: number): number => value | 0;

/** Four bytes as text; unprintable ones as `?`. */
export function fourcc(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : '?';
  return text;
}
