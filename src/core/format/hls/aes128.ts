// Whole segments by AES-128 in CBC mode with PKCS7 padding (RFC 8216 §4.3.2.4).
import { createCipheriv, createDecipheriv } from 'node:crypto';
import { concat } from '../../base/bytes.ts';
import { playlistErrors } from './errors.ts';

const CIPHER = 'aes-128-cbc';

/** @param key and iv: 16 bytes each. */
export function encryptAes128(bytes: Uint8Array, { key, iv }: { key: Uint8Array; iv: Uint8Array }): Uint8Array {
  const cipher = createCipheriv(CIPHER, key, iv);
  return concat([cipher.update(bytes), cipher.final()]);
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
