// Whole segments by AES-128 in CBC mode with PKCS7 padding (RFC 8216 §4.3.2.4).
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concat } from '../../base/bytes.ts';
import { playlistErrors } from './errors.ts';

const CIPHER = 'aes-128-cbc';

/** Fits the caches: half of the time of a call for all (6 ms for 5 MiB). */
const SLICE_BYTES = 64 * 1024;
const BLOCK_BYTES = 16;

/** @param key and iv: 16 bytes each. */
export function encryptAes128(bytes: Uint8Array, { key, iv }: { key: Uint8Array; iv: Uint8Array }): Uint8Array {
  const cipher = createCipheriv(CIPHER, key, iv);
  const out = new Uint8Array(bytes.length + BLOCK_BYTES - (bytes.length % BLOCK_BYTES));
  let filled = 0;
  for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
    const part = cipher.update(bytes.subarray(at, at + SLICE_BYTES));
    out.set(part, filled);
    filled += part.length;
  }
  out.set(cipher.final(), filled);
  return out;
}

/** Throws PLAYLIST_DECRYPT when the key, the vector or the bytes are not right. */
export function decryptAes128(bytes: Uint8Array, { key, iv }: { key: Uint8Array; iv: Uint8Array }): Uint8Array {
  try {
    const decipher = createDecipheriv(CIPHER, key, iv);
    return concat([decipher.update(bytes), decipher.final()]);
  } catch (cause) {
    throw playlistErrors.protocol('DECRYPT', { bytes: bytes.length }, cause);
  }
}
