// Frames on the way out (RFC 6455 §5.2): heads around shared bytes, and whole control frames.
//
//    0               1               2 .. 9            then
//   |F|0 0 0| opcode |M| length 7     | 16 or 64 bits   | 4 bytes of mask key when M |
import { utf8 } from '../../base/bytes.ts';

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

const FIN = 0x80;
const MASKED = 0x80;
const NOTHING = new Uint8Array(0);

/** The frame of one binary message from a server around `size` bytes: for `Format.envelope`. */
export const messageEnvelope = (size: number): { readonly head: Uint8Array; readonly tail: Uint8Array } => ({
  head: frameHead(opcodes.binary, size),
  tail: NOTHING,
});

const ZERO_KEY = new Uint8Array(4);

/**
 * The same from a client, which must mask (§5.3). The key is zero, so that the bytes inside stay shared and as they
 * are. A random key protects old proxies from scripts that choose their own bytes; here nobody else chooses them.
 */
export const clientMessageEnvelope = (size: number): { readonly head: Uint8Array; readonly tail: Uint8Array } => ({
  head: frameHead(opcodes.binary, size, ZERO_KEY),
  tail: NOTHING,
});

/** A whole unfragmented frame; masked when there is a key of 4 bytes (copies the payload). */
export function writeFrame(opcode: number, payload: Uint8Array, maskKey?: Uint8Array): Uint8Array {
  const head = frameHead(opcode, payload.length, maskKey);
  const frame = new Uint8Array(head.length + payload.length);
  frame.set(head);
  frame.set(payload, head.length);
  if (maskKey !== undefined) applyMask(frame.subarray(head.length), maskKey);
  return frame;
}

/** A close frame (§5.5.1); the reason is cut to fit. */
export function writeClose(code: number, reason = '', maskKey?: Uint8Array): Uint8Array {
  const text = cutText(reason, 123);
  const payload = new Uint8Array(2 + text.length);
  payload[0] = code >> 8;
  payload[1] = code & 255;
  payload.set(text, 2);
  return writeFrame(opcodes.close, payload, maskKey);
}

/** Masks or unmasks in place (§5.3). */
export function applyMask(bytes: Uint8Array, key: Uint8Array): void {
  for (let i = 0; i < bytes.length; i++) bytes[i] = (bytes[i] as number) ^ (key[i & 3] as number);
}

function frameHead(opcode: number, size: number, maskKey?: Uint8Array): Uint8Array {
  const lengthBytes = size < 126 ? 0 : size < 65_536 ? 2 : 8;
  const head = new Uint8Array(2 + lengthBytes + (maskKey === undefined ? 0 : 4));
  const mask = maskKey === undefined ? 0 : MASKED;
  head[0] = FIN | opcode;
  head[1] = mask | (lengthBytes === 0 ? size : lengthBytes === 2 ? 126 : 127);
  let rest = lengthBytes === 0 ? 0 : size;
  for (let at = 1 + lengthBytes; at >= 2; at--) {
    head[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  if (maskKey !== undefined) head.set(maskKey, 2 + lengthBytes);
  return head;
}

/** UTF-8 of at most `limit` bytes, cut between characters. */
function cutText(text: string, limit: number): Uint8Array {
  const bytes = utf8(text);
  if (bytes.length <= limit) return bytes;
  let end = limit;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
