// The digests of the complex handshake: where they lie in C1 and S1, and how they are made.
//
// A 1536-byte block has 4 bytes of time, 4 of version, then two halves of 764 bytes, one for a Diffie-Hellman key and
// one for the digest. Which comes first is the schema. Each half names, by the sum of four bytes, the offset at which
// its content lies.
import { createHmac } from 'node:crypto';
import { equalBytes, fromHex, utf8 } from '../../base/bytes.ts';

export const BLOCK_SIZE = 1536;
const DIGEST_SIZE = 32;

/** Bytes that both sides append to their sentence to make the second kind of key. */
const KEY_TAIL = fromHex('f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae');

function keys(sentence: string): { readonly short: Uint8Array; readonly long: Uint8Array } {
  const short = utf8(sentence);
  const long = new Uint8Array(short.length + KEY_TAIL.length);
  long.set(short);
  long.set(KEY_TAIL, short.length);
  return { short, long };
}

/** The short key signs the own block (C1, S1), the long one the answer to the other's (C2, S2). */
export const clientKeys = keys('Genuine Adobe Flash Player 001');
export const serverKeys = keys('Genuine Adobe Flash Media Server 001');

/** Where the digest's half begins: 772 in schema 0 (key first), 8 in schema 1 (digest first). */
export type Schema = 0 | 1;
const halfAt = { 0: 772, 1: 8 } as const;
export const schemas: readonly Schema[] = [1, 0];

function digestAt(block: Uint8Array, schema: Schema): number {
  const half = halfAt[schema];
  let sum = 0;
  for (let i = 0; i < 4; i++) sum += block[half + i] as number;
  // 764 bytes less the offset itself and the digest leave 728 places.
  return half + 4 + (sum % 728);
}

function blockDigest(block: Uint8Array, at: number, key: Uint8Array): Uint8Array {
  return createHmac('sha256', key)
    .update(block.subarray(0, at))
    .update(block.subarray(at + DIGEST_SIZE))
    .digest();
}

/** The digest in a block that the owner of `key` signed in this schema; undefined when it is not there. */
export function findDigest(block: Uint8Array, schema: Schema, key: Uint8Array): Uint8Array | undefined {
  const at = digestAt(block, schema);
  const found = block.subarray(at, at + DIGEST_SIZE);
  return equalBytes(found, blockDigest(block, at, key)) ? found.slice() : undefined;
}

/** Writes the digest into a block otherwise complete. */
export function signBlock(block: Uint8Array, schema: Schema, key: Uint8Array): void {
  const at = digestAt(block, schema);
  block.set(blockDigest(block, at, key), at);
}

/** Signs an answer (C2, S2): its last 32 bytes prove that the other's digest was read. */
export function signAnswer(answer: Uint8Array, otherDigest: Uint8Array, key: Uint8Array): void {
  answer.set(answerDigest(answer, otherDigest, key), BLOCK_SIZE - DIGEST_SIZE);
}

/** Whether an answer was signed by the owner of `key` for our digest. */
export function answerIsSigned(answer: Uint8Array, ownDigest: Uint8Array, key: Uint8Array): boolean {
  return equalBytes(answer.subarray(BLOCK_SIZE - DIGEST_SIZE), answerDigest(answer, ownDigest, key));
}

function answerDigest(answer: Uint8Array, digest: Uint8Array, key: Uint8Array): Uint8Array {
  const secret = createHmac('sha256', key).update(digest).digest();
  return createHmac('sha256', secret)
    .update(answer.subarray(0, BLOCK_SIZE - DIGEST_SIZE))
    .digest();
}
