// STUN messages of ICE: parse, check, answer (RFC 8489 §5, §14; RFC 8445 §7).
import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { utf8 } from '../../base/bytes.ts';
import { parseIp, shortest } from '../../base/ip.ts';
import type { Address } from '../../base/link.ts';
import { putUint16, putUint32, uint16, uint32 } from '../rtp/index.ts';
import { stunErrors } from './errors.ts';

/** Method and class in one (§5): what we say or answer. */
export const stunType = { request: 0x0001, success: 0x0101 } as const;

const attribute = {
  username: 0x0006,
  messageIntegrity: 0x0008,
  xorMappedAddress: 0x0020,
  priority: 0x0024,
  useCandidate: 0x0025,
  fingerprint: 0x8028,
  iceControlled: 0x8029,
  iceControlling: 0x802a,
} as const;

const MAGIC = 0x2112a442;
const HEADER_BYTES = 20;
const INTEGRITY_BYTES = 24;
const FINGERPRINT_BYTES = 8;
const FINGERPRINT_XOR = 0x5354554e;
/** No check of ICE has more. */
const MOST_ATTRIBUTES = 32;

/** A message as it was read; `transaction` is a view. */
export interface StunMessage {
  readonly type: number;
  /** 12 bytes. */
  readonly transaction: Uint8Array;
  /** `ours:theirs` in a request (RFC 8445 §7.2.2); empty when there is none. */
  readonly username: string;
  readonly useCandidate: boolean;
  /** The agent calls itself controlling; undefined: it says nothing. */
  readonly controlling: boolean | undefined;
  /** Offset of MESSAGE-INTEGRITY; -1: none. */
  readonly integrityAt: number;
}

/** Whether a datagram can be STUN (RFC 7983 §7, RFC 8489 §5). */
export const isStun = (datagram: Uint8Array): boolean =>
  datagram.length >= HEADER_BYTES && (datagram[0] as number) < 4 && uint32(datagram, 4) === MAGIC;

/** Throws STUN_MESSAGE. Attributes behind MESSAGE-INTEGRITY but FINGERPRINT do not count (§14.5). */
export function parseStun(bytes: Uint8Array): StunMessage {
  if (!isStun(bytes)) throw damaged('no STUN header');
  if (uint16(bytes, 2) !== bytes.length - HEADER_BYTES || bytes.length % 4 !== 0) throw damaged('its length is wrong');
  const message = {
    type: uint16(bytes, 0),
    transaction: bytes.subarray(8, HEADER_BYTES),
    username: '',
    useCandidate: false,
    controlling: undefined as boolean | undefined,
    integrityAt: -1,
  };
  let at = HEADER_BYTES;
  for (let count = 0; at + 4 <= bytes.length; count++) {
    if (count >= MOST_ATTRIBUTES) throw damaged('too many attributes');
    const type = uint16(bytes, at);
    const size = uint16(bytes, at + 2);
    const value = at + 4;
    if (value + size > bytes.length) throw damaged('an attribute is longer than the message');
    if (message.integrityAt < 0) take(message, bytes, type, at, size);
    else if (type === attribute.fingerprint) checkFingerprint(bytes, at);
    at = value + Math.ceil(size / 4) * 4;
  }
  return message;
}

type Draft = { -readonly [Key in keyof StunMessage]: StunMessage[Key] };

function take(message: Draft, bytes: Uint8Array, type: number, at: number, size: number): void {
  const value = at + 4;
  switch (type) {
    case attribute.username:
      message.username = new TextDecoder().decode(bytes.subarray(value, value + size));
      break;
    case attribute.messageIntegrity:
      if (size !== INTEGRITY_BYTES - 4) throw damaged('MESSAGE-INTEGRITY has another size');
      message.integrityAt = at;
      break;
    case attribute.useCandidate:
      message.useCandidate = true;
      break;
    case attribute.iceControlling:
      message.controlling = true;
      break;
    case attribute.iceControlled:
      message.controlling = false;
      break;
    case attribute.fingerprint:
      checkFingerprint(bytes, at);
      break;
    default:
    // Comprehension-optional, or nothing that a lite agent acts on.
  }
}

const damaged = (why: string): Error => stunErrors.protocol('MESSAGE', { why });

/** §14.7: CRC-32 of all before it. */
function checkFingerprint(bytes: Uint8Array, at: number): void {
  if (at + FINGERPRINT_BYTES > bytes.length) throw damaged('FINGERPRINT is cut');
  const wanted = (crc32(bytes.subarray(0, at)) ^ FINGERPRINT_XOR) >>> 0;
  if (uint32(bytes, at + 4) !== wanted) throw damaged('FINGERPRINT does not fit');
}

/** Whether MESSAGE-INTEGRITY was made with `key`, the password of the agent that is asked (§14.5). */
export function checkIntegrity(bytes: Uint8Array, { integrityAt }: StunMessage, key: string): boolean {
  if (integrityAt < 0) return false;
  const signed = integrity(bytes.subarray(0, integrityAt), key);
  return timingSafeEqual(signed, bytes.subarray(integrityAt + 4, integrityAt + INTEGRITY_BYTES));
}

/** HMAC-SHA1 over a message whose length counts up to and with MESSAGE-INTEGRITY. */
function integrity(before: Uint8Array, key: string): Uint8Array {
  const bytes = new Uint8Array(before);
  putUint16(bytes, 2, before.length + INTEGRITY_BYTES - HEADER_BYTES);
  return createHmac('sha1', key).update(bytes).digest();
}

/** What a message says; the order is that of RFC 8445 agents. */
export interface StunFields {
  readonly type: number;
  readonly transaction: Uint8Array;
  readonly username?: string;
  readonly priority?: number;
  readonly useCandidate?: boolean;
  /** ICE-CONTROLLING with this tie-breaker of 8 bytes. */
  readonly controlling?: Uint8Array;
  readonly mapped?: Address;
}

/** With MESSAGE-INTEGRITY by `key`, and FINGERPRINT. */
export function writeStun(fields: StunFields, key: string): Uint8Array {
  const parts = attributesOf(fields);
  const body = parts.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(HEADER_BYTES + body + INTEGRITY_BYTES + FINGERPRINT_BYTES);
  putUint16(bytes, 0, fields.type);
  putUint16(bytes, 2, bytes.length - HEADER_BYTES);
  putUint32(bytes, 4, MAGIC);
  bytes.set(fields.transaction, 8);
  let at = HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  const signed = integrity(bytes.subarray(0, at), key);
  bytes.set(attributeOf(attribute.messageIntegrity, signed), at);
  at += INTEGRITY_BYTES;
  const check = new Uint8Array(4);
  putUint32(check, 0, (crc32(bytes.subarray(0, at)) ^ FINGERPRINT_XOR) >>> 0);
  bytes.set(attributeOf(attribute.fingerprint, check), at);
  return bytes;
}

function attributesOf(fields: StunFields): Uint8Array[] {
  const { username, priority, useCandidate = false, controlling, mapped, transaction } = fields;
  const parts: Uint8Array[] = [];
  if (username !== undefined) parts.push(attributeOf(attribute.username, utf8(username)));
  if (priority !== undefined) parts.push(attributeOf(attribute.priority, word(priority)));
  if (controlling !== undefined) parts.push(attributeOf(attribute.iceControlling, controlling));
  if (useCandidate) parts.push(attributeOf(attribute.useCandidate, new Uint8Array(0)));
  if (mapped !== undefined) parts.push(attributeOf(attribute.xorMappedAddress, xorAddress(mapped, transaction)));
  return parts;
}

function attributeOf(type: number, value: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + Math.ceil(value.length / 4) * 4);
  putUint16(bytes, 0, type);
  putUint16(bytes, 2, value.length);
  bytes.set(value, 4);
  return bytes;
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  putUint32(bytes, 0, value);
  return bytes;
}

/** For a peer over a link that has no address. */
const NO_ADDRESS = new Uint8Array(16);

/** §14.2: port and address XOR the magic cookie and the transaction. */
function xorAddress({ host, port }: Address, transaction: Uint8Array): Uint8Array {
  const address = shortest(parseIp(host) ?? NO_ADDRESS);
  const mask = new Uint8Array(16);
  putUint32(mask, 0, MAGIC);
  mask.set(transaction, 4);
  const bytes = new Uint8Array(4 + address.length);
  bytes[1] = address.length === 4 ? 1 : 2;
  putUint16(bytes, 2, port ^ (MAGIC >>> 16));
  for (let i = 0; i < address.length; i++) bytes[4 + i] = (address[i] as number) ^ (mask[i] as number);
  return bytes;
}
