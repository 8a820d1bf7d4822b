// The chunk stream of RTMP 1.0 §5.3: messages cut into chunks and put together again.
//
// The reader works in place on the bytes it is given: only a header that the network cut in two is kept, in a scratch
// of some bytes. A body is allocated as its bytes come: a declared length alone costs nothing, and a message in one
// or few chunks is still copied once.
import { readU32 } from '../../base/bytes.ts';
import type { Limits } from '../../base/limits.ts';
import { errors } from './errors.ts';
import { type Message, MessageType, parseU32 } from './message.ts';

/** RTMP 1.0 §5.4.1. */
export const DEFAULT_CHUNK_SIZE = 128;
/** The top bit of a chunk size must be zero (§5.4.1). */
const MAX_CHUNK_SIZE = 0x7fffffff;
/** Times from here up are in the extended field (§5.3.1.3). */
const EXTENDED = 0xffffff;
/** Basic header, message header and extended time stamp at their longest. */
const HEAD_MAX = 3 + 11 + 4;
/** A body begins with the bytes at hand times this, so that a peer must send an eighth of what it makes us allocate. */
const GROWTH = 8;
const FIRST_ALLOCATION = 1024;
/** Chosen: clients use four to ten ids; each costs us about 100 bytes for as long as the connection lives. */
const MAX_CHUNK_STREAMS = 256;
/** Bytes of a message header by the chunk's type. */
const HEADER_BYTES = [11, 7, 3, 0] as const;

export type ChunkLimits = Pick<Limits, 'messageBytes' | 'openBytes' | 'openMessages'>;

/** What is remembered of one chunk stream: the last header, and the message under way. */
interface ChunkStream {
  readonly csid: number;
  type: number;
  streamId: number;
  /** Length of its messages. */
  size: number;
  timestamp: number;
  /** What a type 3 chunk adds that begins a message: the last delta, or the last absolute time (§5.3.1.2.4). */
  delta: number;
  extended: boolean;
  /** The last value of the extended field. */
  extendedValue: number;
  /** Undefined between messages. */
  body: Uint8Array | undefined;
  filled: number;
}

/**
 * Puts messages together. SetChunkSize and Abort are obeyed here, because the next byte depends on them; all messages
 * but Abort are given to `onMessage`, in the order of their last byte.
 *
 * Errors: RTMP_CHUNK_FIRST, RTMP_CHUNK_FRESH, RTMP_CHUNK_STREAMS, RTMP_CHUNK_SIZE, RTMP_MESSAGE_SIZE,
 * RTMP_OPEN_MESSAGES, RTMP_OPEN_BYTES, RTMP_CONTROL, and what `onMessage` throws.
 */
export class ChunkReader {
  readonly #limits: ChunkLimits;
  readonly #onMessage: (message: Message) => void;
  readonly #streams = new Map<number, ChunkStream>();
  readonly #scratch = new Uint8Array(2 * HEAD_MAX);
  #scratchSize = 0;
  /** The chunk whose payload comes now, and how much of it is missing. */
  #current: ChunkStream | undefined;
  #missing = 0;
  #chunkSize = DEFAULT_CHUNK_SIZE;
  #openMessages = 0;
  #openBytes = 0;

  constructor(limits: ChunkLimits, onMessage: (message: Message) => void) {
    this.#limits = limits;
    this.#onMessage = onMessage;
  }

  /** Bytes allocated for messages that are not complete. */
  get openBytes(): number {
    return this.#openBytes;
  }

  /** Takes received bytes; keeps no view of them. */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (this.#scratchSize > 0 && at < bytes.length) at = this.#pushScratch(bytes, at);
    if (at >= bytes.length) return;
    at = this.#run(bytes, at, bytes.length);
    this.#scratch.set(bytes.subarray(at), 0);
    this.#scratchSize = bytes.length - at;
  }

  /** Completes a cut header with bytes from `at`; returns where reading goes on. */
  #pushScratch(bytes: Uint8Array, at: number): number {
    const scratch = this.#scratch;
    const part = Math.min(HEAD_MAX, bytes.length - at);
    scratch.set(bytes.subarray(at, at + part), this.#scratchSize);
    const size = this.#scratchSize + part;
    const left = size - this.#run(scratch, 0, size);
    if (left <= part && left < size) {
      this.#scratchSize = 0;
      return at + part - left;
    }
    scratch.copyWithin(0, size - left, size);
    this.#scratchSize = left;
    return at + part;
  }

  /** Reads chunks until the bytes end or a header is cut; returns where. */
  #run(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    while (at < end) {
      if (this.#current === undefined) {
        const size = this.#readHeader(bytes, at, end);
        if (size === 0) return at;
        at += size;
      }
      at = this.#readPayload(bytes, at, end);
    }
    return at;
  }

  /** Reads one chunk header; 0 when it is not complete. */
  #readHeader(bytes: Uint8Array, at: number, end: number): number {
    const first = bytes[at] as number;
    const low = first & 0x3f;
    const basic = low === 0 ? 2 : low === 1 ? 3 : 1;
    if (end - at < basic) return 0;
    const second = bytes[at + 1] as number;
    // §5.3.1.1: ids 64 to 319 in two bytes, 64 to 65599 in three, the last one times 256.
    const csid = basic === 1 ? low : basic === 2 ? 64 + second : 64 + second + (bytes[at + 2] as number) * 256;
    const format = first >> 6;
    const header = HEADER_BYTES[format] as number;
    if (end - at < basic + header) return 0;
    const stream = this.#streams.get(csid);
    // QUIRK(librtmp): a chunk stream may begin with type 1 (its ping answers do); SRS accepts it, too.
    if (stream === undefined && format > 1) throw errors.protocol('CHUNK_FIRST', { csid, format });
    if (stream?.body !== undefined && format !== 3) throw errors.protocol('CHUNK_FRESH', { csid });
    const message = at + basic;
    const extra = this.#extendedBytes(bytes, message + header, end, format, stream, message);
    if (extra < 0) return 0;
    this.#begin(bytes, message, format, extra > 0, stream ?? this.#open(csid));
    return basic + header + extra;
  }

  /** Size of the extended time stamp, 0 or 4; -1 when more bytes are needed to know. */
  #extendedBytes(
    bytes: Uint8Array,
    at: number,
    end: number,
    format: number,
    stream: ChunkStream | undefined,
    header: number,
  ): number {
    if (format !== 3) {
      const field =
        ((bytes[header] as number) << 16) | ((bytes[header + 1] as number) << 8) | (bytes[header + 2] as number);
      if (field !== EXTENDED) return 0;
      return end - at < 4 ? -1 : 4;
    }
    if (stream === undefined || !stream.extended) return 0;
    // QUIRK(ffmpeg, librtmp): the field is repeated in each type 3 chunk; some encoders do not repeat it inside a
    // message. As SRS does, it is taken as repeated when its bytes are those of the last one. The first byte that
    // differs decides, so that the last chunk of a message never waits for bytes behind it without need.
    const inside = stream.body !== undefined;
    for (let i = 0; inside && i < 4 && at + i < end; i++) {
      if (bytes[at + i] !== ((stream.extendedValue >>> (24 - 8 * i)) & 0xff)) return 0;
    }
    return end - at < 4 ? -1 : 4;
  }

  /** Applies a header to its chunk stream, and begins a message when none is under way. */
  #begin(bytes: Uint8Array, at: number, format: number, extended: boolean, stream: ChunkStream): void {
    const inside = stream.body !== undefined;
    if (format <= 1) {
      stream.size = ((bytes[at + 3] as number) << 16) | ((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number);
      stream.type = bytes[at + 6] as number;
      // §5.3.1.2.1: the only little-endian field of the protocol.
      if (format === 0) stream.streamId = readU32le(bytes, at + 7);
    }
    const extendedAt = at + (HEADER_BYTES[format] as number);
    if (format <= 2) {
      const field = ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
      stream.extended = extended;
      stream.delta = extended ? readU32(bytes, extendedAt) : field;
      stream.extendedValue = stream.delta;
    } else if (extended && !inside) {
      // At the start of a message the field is always there (§5.3.1.3) and may differ from the last one.
      stream.delta = readU32(bytes, extendedAt);
      stream.extendedValue = stream.delta;
    }
    if (!inside) {
      // A delta above 2^31 is a step back: the sum wraps in 32 bits.
      stream.timestamp = format === 0 ? stream.delta : (stream.timestamp + stream.delta) >>> 0;
      this.#beginMessage(stream);
    }
    this.#current = stream;
    this.#missing = Math.min(this.#chunkSize, stream.size - stream.filled);
  }

  #open(csid: number): ChunkStream {
    if (this.#streams.size >= MAX_CHUNK_STREAMS) throw errors.protocol('CHUNK_STREAMS', { limit: MAX_CHUNK_STREAMS });
    const stream: ChunkStream = {
      csid,
      type: 0,
      streamId: 0,
      size: 0,
      timestamp: 0,
      delta: 0,
      extended: false,
      extendedValue: 0,
      body: undefined,
      filled: 0,
    };
    this.#streams.set(csid, stream);
    return stream;
  }

  #beginMessage(stream: ChunkStream): void {
    const { messageBytes, openMessages } = this.#limits;
    if (stream.size > messageBytes) throw errors.protocol('MESSAGE_SIZE', { size: stream.size, limit: messageBytes });
    if (this.#openMessages >= openMessages) throw errors.protocol('OPEN_MESSAGES', { limit: openMessages });
    this.#openMessages++;
    stream.body = NOTHING;
    stream.filled = 0;
  }

  /** Copies payload of the current chunk; returns where it ended. */
  #readPayload(bytes: Uint8Array, at: number, end: number): number {
    const stream = this.#current as ChunkStream;
    const part = Math.min(this.#missing, end - at);
    if (part > 0) {
      this.#room(stream, stream.filled + part);
      (stream.body as Uint8Array).set(bytes.subarray(at, at + part), stream.filled);
      stream.filled += part;
      this.#missing -= part;
    }
    if (this.#missing === 0) {
      this.#current = undefined;
      if (stream.filled === stream.size) this.#finish(stream);
    }
    return at + part;
  }

  #room(stream: ChunkStream, wanted: number): void {
    const body = stream.body as Uint8Array;
    if (wanted <= body.length) return;
    const size = Math.min(stream.size, Math.max(FIRST_ALLOCATION, wanted * GROWTH));
    const { openBytes } = this.#limits;
    this.#openBytes += size - body.length;
    if (this.#openBytes > openBytes) throw errors.protocol('OPEN_BYTES', { limit: openBytes });
    const grown = new Uint8Array(size);
    if (stream.filled > 0) grown.set(body.subarray(0, stream.filled));
    stream.body = grown;
  }

  #finish(stream: ChunkStream): void {
    const body = stream.body as Uint8Array;
    this.#drop(stream);
    const message: Message = { type: stream.type, streamId: stream.streamId, timestamp: stream.timestamp, body };
    if (message.type === MessageType.setChunkSize) this.#setChunkSize(parseU32(message));
    if (message.type === MessageType.abort) this.#abort(parseU32(message));
    else this.#onMessage(message);
  }

  #drop(stream: ChunkStream): void {
    if (stream.body === undefined) return;
    this.#openMessages--;
    this.#openBytes -= stream.body.length;
    stream.body = undefined;
    stream.filled = 0;
  }

  #setChunkSize(size: number): void {
    if (size < 1 || size > MAX_CHUNK_SIZE) throw errors.protocol('CHUNK_SIZE', { size, limit: MAX_CHUNK_SIZE });
    this.#chunkSize = size;
  }

  /** §5.4.2: the rest of the message under way in this chunk stream will not come. */
  #abort(csid: number): void {
    const stream = this.#streams.get(csid);
    if (stream !== undefined) this.#drop(stream);
  }
}

const NOTHING = new Uint8Array(0);

const readU32le = (bytes: Uint8Array, at: number): number =>
  (((bytes[at + 3] as number) << 24) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 1] as number) << 8) |
    (bytes[at] as number)) >>>
  0;

/** What goes on the wire of one message; `body` in any number of pieces, kept by reference. */
export interface ChunkBody {
  /** Chunk stream id, 2 to 63: those that fit a basic header of one byte. */
  readonly csid: number;
  readonly type: number;
  readonly streamId: number;
  /** Milliseconds; the low 32 bits are written. */
  readonly timestamp: number;
  readonly pieces: readonly Uint8Array[];
  /** Of all pieces. */
  readonly size: number;
}

/**
 * A message as chunks: a type 0 header, then type 3, with the extended time stamp in each when there is one, as
 * ffmpeg, librtmp and SRS read it. Headers are new, payload is views of `pieces`.
 */
export function writeChunks(message: ChunkBody, chunkSize: number): Uint8Array[] {
  const time = message.timestamp >>> 0;
  const extended = time >= EXTENDED;
  const out: Uint8Array[] = [firstHeader(message, time, extended)];
  let room = chunkSize;
  let next: Uint8Array | undefined;
  for (const piece of message.pieces) {
    let at = 0;
    while (at < piece.length) {
      if (room === 0) {
        next ??= nextHeader(message.csid, time, extended);
        out.push(next);
        room = chunkSize;
      }
      const part = Math.min(room, piece.length - at);
      out.push(part === piece.length ? piece : piece.subarray(at, at + part));
      at += part;
      room -= part;
    }
  }
  return out;
}

function firstHeader(message: ChunkBody, time: number, extended: boolean): Uint8Array {
  const head = new Uint8Array(extended ? 16 : 12);
  const view = new DataView(head.buffer);
  const field = extended ? EXTENDED : time;
  head[0] = message.csid;
  view.setUint16(1, field >>> 8);
  head[3] = field;
  view.setUint16(4, message.size >>> 8);
  head[6] = message.size;
  head[7] = message.type;
  view.setUint32(8, message.streamId, true);
  if (extended) view.setUint32(12, time);
  return head;
}

function nextHeader(csid: number, time: number, extended: boolean): Uint8Array {
  const head = new Uint8Array(extended ? 5 : 1);
  head[0] = 0xc0 | csid;
  if (extended) new DataView(head.buffer).setUint32(1, time);
  return head;
}
