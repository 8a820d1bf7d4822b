// Handshake messages: their header, their fragments, and their order (RFC 6347 §4.2.2, §4.2.3).
import { putUint16, uint16 } from '../rtp/index.ts';
import { dtlsErrors } from './errors.ts';

export const handshakeType = {
  helloRequest: 0,
  clientHello: 1,
  serverHello: 2,
  helloVerifyRequest: 3,
  certificate: 11,
  serverKeyExchange: 12,
  certificateRequest: 13,
  serverHelloDone: 14,
  certificateVerify: 15,
  clientKeyExchange: 16,
  finished: 20,
} as const;

export const MESSAGE_HEADER_BYTES = 12;
/** Chains of certificates are the longest; browsers send one of below 1 KiB. */
const MOST_BYTES = 32 * 1024;
/** Messages ahead of the next one: a flight has five. */
const AHEAD = 8;

/** A whole message: `bytes` are header and body as the transcript counts them, unfragmented. */
export interface HandshakeMessage {
  readonly type: number;
  readonly sequence: number;
  readonly bytes: Uint8Array;
  readonly body: Uint8Array;
  /** Came under the keys of the session. */
  readonly sealed: boolean;
}

/** A message with its header. */
export function writeMessage(type: number, sequence: number, body: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(MESSAGE_HEADER_BYTES + body.length);
  putHeader(bytes, type, sequence, body.length, 0, body.length);
  bytes.set(body, MESSAGE_HEADER_BYTES);
  return bytes;
}

/** A message in fragments of at most `most` bytes with their headers. */
export function fragment(message: Uint8Array, most: number): Uint8Array[] {
  if (message.length <= most) return [message];
  const body = message.subarray(MESSAGE_HEADER_BYTES);
  const room = most - MESSAGE_HEADER_BYTES;
  const fragments: Uint8Array[] = [];
  for (let at = 0; at < body.length; at += room) {
    const part = body.subarray(at, at + room);
    const bytes = new Uint8Array(MESSAGE_HEADER_BYTES + part.length);
    putHeader(bytes, message[0] as number, uint16(message, 4), body.length, at, part.length);
    bytes.set(part, MESSAGE_HEADER_BYTES);
    fragments.push(bytes);
  }
  return fragments;
}

function putHeader(bytes: Uint8Array, type: number, sequence: number, length: number, at: number, size: number): void {
  bytes[0] = type;
  putUint24(bytes, 1, length);
  putUint16(bytes, 4, sequence);
  putUint24(bytes, 6, at);
  putUint24(bytes, 9, size);
}

function putUint24(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 16;
  putUint16(bytes, at + 1, value);
}

const uint24 = (bytes: Uint8Array, at: number): number => ((bytes[at] as number) << 16) | uint16(bytes, at + 1);

/** A message that comes in pieces. */
interface Draft {
  readonly type: number;
  readonly length: number;
  readonly bytes: Uint8Array;
  /** Which bytes of the body are there: pieces may overlap. */
  readonly present: Uint8Array;
  /** All pieces came under the keys. */
  sealed: boolean;
  left: number;
}

/** Fragments in any order in, whole messages in the order of their numbers out. */
export class MessageQueue {
  /** The sequence of the message that is next. */
  #next = 0;
  readonly #drafts = new Map<number, Draft>();

  /**
   * Takes the fragments of a record's body. True when one belongs to a message that was taken before: the peer repeats
   * its flight, because ours was lost. Throws DTLS_MESSAGE.
   */
  push(body: Uint8Array, sealed: boolean): boolean {
    let repeated = false;
    for (let at = 0; at < body.length; ) {
      if (at + MESSAGE_HEADER_BYTES > body.length) throw damaged('its header is cut');
      const size = uint24(body, at + 9);
      const end = at + MESSAGE_HEADER_BYTES + size;
      if (end > body.length) throw damaged('a fragment is longer than its record');
      if (uint16(body, at + 4) < this.#next) repeated = true;
      else this.#add(body.subarray(at, end), size, sealed);
      at = end;
    }
    return repeated;
  }

  /** The next message when it is whole. */
  take(): HandshakeMessage | undefined {
    const draft = this.#drafts.get(this.#next);
    if (draft === undefined || draft.left > 0) return undefined;
    this.#drafts.delete(this.#next);
    const { type, bytes, sealed } = draft;
    return { type, sequence: this.#next++, bytes, body: bytes.subarray(MESSAGE_HEADER_BYTES), sealed };
  }

  #add(piece: Uint8Array, size: number, sealed: boolean): void {
    const sequence = uint16(piece, 4);
    if (sequence >= this.#next + AHEAD) return;
    const length = uint24(piece, 1);
    const offset = uint24(piece, 6);
    if (length > MOST_BYTES) throw damaged(`${length} bytes`);
    if (offset + size > length) throw damaged('a fragment is beyond its message');
    // Of nothing: it would be taken for a part for ever.
    if (size === 0 && length > 0) return;
    const draft = this.#drafts.get(sequence) ?? this.#begin(piece[0] as number, sequence, length);
    if (draft.type !== piece[0] || draft.length !== length) throw damaged('its fragments do not agree');
    draft.sealed &&= sealed;
    draft.bytes.set(piece.subarray(MESSAGE_HEADER_BYTES), MESSAGE_HEADER_BYTES + offset);
    for (let i = offset; i < offset + size; i++) {
      if (draft.present[i] === 1) continue;
      draft.present[i] = 1;
      draft.left--;
    }
  }

  #begin(type: number, sequence: number, length: number): Draft {
    const bytes = new Uint8Array(MESSAGE_HEADER_BYTES + length);
    putHeader(bytes, type, sequence, length, 0, length);
    const draft = { type, length, bytes, present: new Uint8Array(length), sealed: true, left: length };
    this.#drafts.set(sequence, draft);
    return draft;
  }
}

const damaged = (why: string): Error => dtlsErrors.protocol('MESSAGE', { why });
