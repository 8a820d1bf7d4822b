// Requests, responses and interleaved frames of one connection: bytes to values and back (RFC 2326 §4, §6, §7, §10.12).
import { ByteQueue, utf8 } from '../../base/bytes.ts';
import { errors } from './errors.ts';

/** Fields by their names in lower case; of one that comes twice both values, with a comma between (RFC 2616 §4.2). */
export type Fields = ReadonlyMap<string, string>;

/** A request as it came. */
export interface Request {
  readonly type: 'request';
  readonly method: string;
  /** As it was written: absolute, or `*`. */
  readonly url: string;
  readonly version: string;
  readonly fields: Fields;
  readonly body: Uint8Array;
}

/** A response as it came. */
export interface Response {
  readonly type: 'response';
  readonly status: number;
  readonly reason: string;
  readonly fields: Fields;
  readonly body: Uint8Array;
}

/** A packet of RTP or RTCP between messages; `data` is a copy that the receiver may keep. */
export interface InterleavedFrame {
  readonly type: 'frame';
  readonly channel: number;
  readonly data: Uint8Array;
}

/** What a connection carries. */
export type Message = Request | Response | InterleavedFrame;

/** Bytes of a line; URLs with tokens and Digest fields are the longest. */
const MOST_LINE = 8 * 1024;
/** Fields of one message; SRS's players send six. */
const MOST_FIELDS = 64;
/** Empty lines in front of a message, which RFC 2616 §4.1 lets pass. */
const MOST_EMPTY = 8;
/** As a description of WebRTC, which is longer than any of RTSP. */
const MOST_BODY = 128 * 1024;

const DOLLAR = 0x24;
const LF = 0x0a;
/** Channel and length behind the dollar sign. */
export const FRAME_HEAD_BYTES = 4;

interface Head {
  readonly first: string;
  readonly fields: Map<string, string>;
}

/** Splits what comes into messages. Keeps at most one line, head and body. Throws RTSP_MESSAGE, _HEAD_SIZE, _BODY_SIZE. */
export class MessageReader {
  readonly #queue = new ByteQueue();
  /** Bytes of the queue that are known to have no line end. */
  #scanned = 0;
  #empty = 0;
  #head: Head | undefined;
  #bodyBytes: number | undefined;

  /** Copies what it keeps. */
  push(bytes: Uint8Array): void {
    // The array is the network's; most of it is consumed by `take` before the next one comes.
    this.#queue.push(new Uint8Array(bytes));
  }

  /** The next whole message; undefined: more bytes must come. */
  take(): Message | undefined {
    for (;;) {
      if (this.#bodyBytes !== undefined) return this.#queue.size < this.#bodyBytes ? undefined : this.#finish();
      if (this.#head === undefined && this.#queue.size > 0 && this.#queue.peek(0) === DOLLAR) return this.#takeFrame();
      const line = this.#takeLine();
      if (line === undefined) return undefined;
      this.#addLine(line);
    }
  }

  #takeFrame(): InterleavedFrame | undefined {
    const queue = this.#queue;
    if (queue.size < FRAME_HEAD_BYTES) return undefined;
    const size = (queue.peek(2) << 8) | queue.peek(3);
    if (queue.size < FRAME_HEAD_BYTES + size) return undefined;
    const channel = queue.peek(1);
    queue.skip(FRAME_HEAD_BYTES);
    return { type: 'frame', channel, data: queue.take(size) };
  }

  /** A line without its end, which may be a line feed alone. */
  #takeLine(): string | undefined {
    const queue = this.#queue;
    let at = this.#scanned;
    while (at < queue.size && queue.peek(at) !== LF) {
      if (at >= MOST_LINE) throw errors.protocol('HEAD_SIZE', { limit: MOST_LINE, what: 'bytes in a line' });
      at++;
    }
    this.#scanned = at;
    if (at >= queue.size) return undefined;
    const line = decode(queue.take(at + 1));
    this.#scanned = 0;
    return line.replace(/\r?\n$/, '');
  }

  #addLine(line: string): void {
    const head = this.#head;
    if (line === '') {
      if (head !== undefined) this.#bodyBytes = bodyBytes(head.fields);
      else if (++this.#empty > MOST_EMPTY) throw fault('it has no first line');
      return;
    }
    if (head === undefined) {
      checkFirst(line);
      this.#empty = 0;
      this.#head = { first: line, fields: new Map() };
    } else addField(head.fields, line);
  }

  #finish(): Message {
    const { first, fields } = this.#head as Head;
    const body = this.#queue.take(this.#bodyBytes ?? 0);
    this.#head = undefined;
    this.#bodyBytes = undefined;
    return parseFirst(first, fields, body);
  }
}

const fault = (why: string): Error => errors.protocol('MESSAGE', { why });

const decoder = new TextDecoder();
const decode = (bytes: Uint8Array): string => decoder.decode(bytes);

const RESPONSE = /^RTSP\/(\d\.\d) +(\d{3}) *(.*)$/;
const REQUEST = /^([A-Z_]{1,32}) +(\S+) +([A-Z]+\/\d\.\d)$/;

/** Before a single field is read: what speaks another protocol shall not send a whole head. */
function checkFirst(line: string): void {
  if (!RESPONSE.test(line) && !REQUEST.test(line)) throw fault(`it begins with ${JSON.stringify(line.slice(0, 60))}`);
}

function parseFirst(line: string, fields: Fields, body: Uint8Array): Message {
  const [, , status, reason] = RESPONSE.exec(line) ?? [];
  if (status !== undefined) return { type: 'response', status: Number(status), reason: reason ?? '', fields, body };
  const [, method = '', url = '', version = ''] = REQUEST.exec(line) ?? [];
  return { type: 'request', method, url, version, fields, body };
}

/** A line that begins with a blank goes on with the field before (RFC 2616 §4.2). */
function addField(fields: Map<string, string>, line: string): void {
  if (fields.size >= MOST_FIELDS) throw errors.protocol('HEAD_SIZE', { limit: MOST_FIELDS, what: 'fields' });
  const colon = line.indexOf(':');
  const [last] = [...fields.keys()].slice(-1);
  if (/^[ \t]/.test(line)) {
    if (last === undefined) throw fault('it begins in the middle of a field');
    append(fields, last, `${fields.get(last)} ${line.trim()}`);
    return;
  }
  if (colon <= 0) throw fault('a field has no name');
  const name = line.slice(0, colon).trim().toLowerCase();
  const value = line.slice(colon + 1).trim();
  const before = fields.get(name);
  append(fields, name, before === undefined ? value : `${before}, ${value}`);
}

function append(fields: Map<string, string>, name: string, value: string): void {
  if (value.length > MOST_LINE) throw errors.protocol('HEAD_SIZE', { limit: MOST_LINE, what: 'bytes in a field' });
  fields.set(name, value);
}

/** Two different lengths are a message that somebody smuggles (RFC 9112 §6.3). */
function bodyBytes(fields: Fields): number {
  const text = fields.get('content-length');
  if (text === undefined) return 0;
  if (!/^\d{1,10}$/.test(text)) throw fault(`its length is ${JSON.stringify(text.slice(0, 40))}`);
  const size = Number(text);
  if (size > MOST_BODY) throw errors.protocol('BODY_SIZE', { size, limit: MOST_BODY });
  return size;
}

/** Fields to write; undefined ones are left out. */
export type WrittenFields = Readonly<Record<string, string | number | undefined>>;

/** RFC 2326 §7.1.1. */
const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  301: 'Moved Permanently',
  302: 'Moved Temporarily',
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  415: 'Unsupported Media Type',
  454: 'Session Not Found',
  455: 'Method Not Valid in This State',
  457: 'Invalid Range',
  459: 'Aggregate Operation Not Allowed',
  461: 'Unsupported Transport',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
  505: 'RTSP Version Not Supported',
  551: 'Option Not Supported',
};

/** A response, its body's length included. */
export const writeResponse = (status: number, fields: WrittenFields, body = ''): Uint8Array =>
  write(`RTSP/1.0 ${status} ${reasons[status] ?? 'Error'}`, fields, body);

/** A request, its body's length included. */
export const writeRequest = (method: string, url: string, fields: WrittenFields, body = ''): Uint8Array =>
  write(`${method} ${url} RTSP/1.0`, fields, body);

function write(first: string, fields: WrittenFields, body: string): Uint8Array {
  const bytes = utf8(body);
  const all = { ...fields, ...(bytes.length > 0 && { 'Content-Length': bytes.length }) };
  const lines = Object.entries(all).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}: ${safe(value)}`],
  );
  return utf8([first, ...lines, '', body].join('\r\n'));
}

/** What a peer said comes back in some fields, and must not begin new ones. */
const safe = (value: string | number): string => String(value).replace(/[\r\n]+/g, ' ');

/** The head of an interleaved frame (§10.12). */
export function writeFrameHead(target: Uint8Array, at: number, channel: number, size: number): void {
  target[at] = DOLLAR;
  target[at + 1] = channel;
  target[at + 2] = size >>> 8;
  target[at + 3] = size;
}
