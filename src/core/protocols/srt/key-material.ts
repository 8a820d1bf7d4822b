// The Key Material message (draft-sharabayko-srt-01 §3.2.2): which cipher, its salt, and the wrapped keys.
import { readU32, writeU32 } from '../../base/bytes.ts';
import { errors } from './errors.ts';

/** Version 1, type 2 (KM), and the signature of Haivision. */
const HEAD = 0x12202900;
const HEAD_MASK = 0xffffff00;
const FIXED_BYTES = 16;
const SALT_BYTES = 16;
/** Stream encapsulation: SRT. */
const ENCAPSULATION = 2;

/** Of the KM message. */
export const CipherId = { none: 0, ctr: 2, gcm: 4 } as const;
/** Which keys a message has. */
export const KeyFlag = { even: 1, odd: 2, both: 3 } as const;

/** A KM message. */
export interface KeyMaterial {
  readonly keys: number;
  /** `CipherId.ctr` or `CipherId.gcm`. */
  readonly cipher: number;
  readonly salt: Uint8Array;
  /** Bytes of each key: 16, 24 or 32. */
  readonly keyBytes: number;
  /** RFC 3394: 8 bytes more than the keys, even before odd. */
  readonly wrapped: Uint8Array;
}

/** States of a KMRSP that is no echo. */
export const KeyState = { unsecured: 0, securing: 1, secured: 2, noSecret: 3, badSecret: 4, badCipher: 5 } as const;

/**
 * Throws SRT_KEY_MATERIAL; every size is compared before it is used. The longest message there is has 104 bytes, whatever the packet
 * could hold (CVE-2026-55869, CVE-2026-55868 in libsrt).
 */
export function parseKeyMaterial(bytes: Uint8Array): KeyMaterial {
  if (bytes.length < FIXED_BYTES) fail(`${bytes.length} bytes`);
  const head = readU32(bytes, 0);
  if ((head & HEAD_MASK) >>> 0 !== HEAD) fail('no KM signature');
  const keys = head & 3;
  if (keys === 0) fail('no key');
  const cipher = bytes[8] as number;
  if (cipher !== CipherId.ctr && cipher !== CipherId.gcm) fail(`cipher ${cipher}`);
  const saltBytes = (bytes[14] as number) * 4;
  const keyBytes = (bytes[15] as number) * 4;
  if (saltBytes !== SALT_BYTES) fail(`a salt of ${saltBytes} bytes`);
  if (keyBytes !== 16 && keyBytes !== 24 && keyBytes !== 32) fail(`keys of ${keyBytes} bytes`);
  const size = FIXED_BYTES + saltBytes + 8 + keyBytes * (keys === KeyFlag.both ? 2 : 1);
  if (bytes.length !== size) fail(`${bytes.length} bytes where ${size} are needed`);
  const wrappedAt = FIXED_BYTES + saltBytes;
  // Copies: the bytes are a datagram's, and Buffer's own slice would share them.
  const salt = new Uint8Array(bytes.subarray(FIXED_BYTES, wrappedAt));
  const wrapped = new Uint8Array(bytes.subarray(wrappedAt));
  return { keys, cipher, salt, keyBytes, wrapped };
}

/** Up to 104 bytes. */
export function writeKeyMaterial({ keys, cipher, salt, keyBytes, wrapped }: KeyMaterial): Uint8Array {
  const bytes = new Uint8Array(FIXED_BYTES + salt.length + wrapped.length);
  writeU32(bytes, 0, (HEAD | keys) >>> 0);
  bytes[8] = cipher;
  bytes[9] = cipher === CipherId.gcm ? 1 : 0;
  bytes[10] = ENCAPSULATION;
  bytes[14] = salt.length / 4;
  bytes[15] = keyBytes / 4;
  bytes.set(salt, FIXED_BYTES);
  bytes.set(wrapped, FIXED_BYTES + salt.length);
  return bytes;
}

/** The state in a KMRSP of one word; undefined when it is an echo. QUIRK(libsrt): the word is little-endian. */
export function parseKeyState(bytes: Uint8Array): number | undefined {
  if (bytes.length !== 4) return undefined;
  const big = readU32(bytes, 0);
  return big > 0xff ? (bytes[0] as number) : big;
}

/** A KMRSP that is no echo. */
export const writeKeyState = (state: number): Uint8Array => Uint8Array.of(state, 0, 0, 0);

function fail(why: string): never {
  throw errors.protocol('KEY_MATERIAL', { why });
}
