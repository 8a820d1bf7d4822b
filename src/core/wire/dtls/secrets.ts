// From the shared secret to keys: the pseudo-random function of TLS 1.2 and what is made with it (RFC 5246 §5, §6.3, §8.1).
import { createHash, createHmac } from 'node:crypto';
import { concat, utf8 } from '../../base/bytes.ts';
import { type MasterKey, masterSizes, type SrtpProfile } from '../srtp/index.ts';
import type { WriteKeys } from './record.ts';

const MASTER_BYTES = 48;
const VERIFY_BYTES = 12;
const KEY_BYTES = 16;
const IV_BYTES = 4;

export const sha256 = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

const hmac = (secret: Uint8Array, bytes: Uint8Array): Uint8Array => createHmac('sha256', secret).update(bytes).digest();

/** P_SHA256 with a label. */
function prf(secret: Uint8Array, label: string, seed: Uint8Array, size: number): Uint8Array {
  const labelled = concat([utf8(label), seed]);
  const out = new Uint8Array(size);
  let a = labelled;
  for (let at = 0; at < size; at += 32) {
    a = hmac(secret, a);
    out.set(hmac(secret, concat([a, labelled])).subarray(0, size - at), at);
  }
  return out;
}

/** Both random values, 32 bytes each. */
interface Randoms {
  readonly client: Uint8Array;
  readonly server: Uint8Array;
}

export const masterSecret = (shared: Uint8Array, { client, server }: Randoms): Uint8Array =>
  prf(shared, 'master secret', concat([client, server]), MASTER_BYTES);

/** RFC 7627 §4: bound to the transcript up to the client's key. */
export const extendedMasterSecret = (shared: Uint8Array, transcript: Uint8Array): Uint8Array =>
  prf(shared, 'extended master secret', sha256(transcript), MASTER_BYTES);

/** What the Finished of one side must say. */
export const verifyData = (master: Uint8Array, side: 'client' | 'server', transcript: Uint8Array): Uint8Array =>
  prf(master, `${side} finished`, sha256(transcript), VERIFY_BYTES);

/** Keys of records in both directions; AEAD has no MAC keys. */
export function recordKeys(master: Uint8Array, { client, server }: Randoms): Record<keyof Randoms, WriteKeys> {
  const block = prf(master, 'key expansion', concat([server, client]), 2 * (KEY_BYTES + IV_BYTES));
  const ivs = 2 * KEY_BYTES;
  return {
    client: { key: block.subarray(0, KEY_BYTES), iv: block.subarray(ivs, ivs + IV_BYTES) },
    server: { key: block.subarray(KEY_BYTES, ivs), iv: block.subarray(ivs + IV_BYTES) },
  };
}

/** Master keys of SRTP in both directions (RFC 5764 §4.2). */
export function srtpKeys(
  master: Uint8Array,
  { client, server }: Randoms,
  profile: SrtpProfile,
): Record<keyof Randoms, MasterKey> {
  const { key, salt } = masterSizes(profile);
  const block = prf(master, 'EXTRACTOR-dtls_srtp', concat([client, server]), 2 * (key + salt));
  const salts = 2 * key;
  return {
    client: { key: block.slice(0, key), salt: block.slice(salts, salts + salt) },
    server: { key: block.slice(key, salts), salt: block.slice(salts + salt) },
  };
}
