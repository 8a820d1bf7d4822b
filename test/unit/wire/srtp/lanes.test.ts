// HMAC-SHA1 in the lanes of vectors, against node:crypto.
import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lanes, MOST_JOBS, PADDING_BYTES, sharedLanes } from '../../../../src/core/wire/srtp/lanes.ts';

const DIGEST_BYTES = 20;

/** The digests of messages with their roll-over counters, behind a key stream of zeros. */
function signed(lanes: Lanes, key: Uint8Array, messages: readonly (readonly [bytes: Uint8Array, rollOver: number])[]) {
  const hmac = lanes.keyOf(key);
  lanes.stream.fill(0);
  let at = 0;
  for (const [bytes, rollOver] of messages) {
    lanes.batch.set(bytes, at);
    lanes.add(at, at, at + bytes.length, 0, rollOver);
    at += bytes.length + PADDING_BYTES;
  }
  lanes.sign(hmac);
  return messages.map((_, job) => {
    const digest = new Uint8Array(DIGEST_BYTES);
    lanes.take(job, DIGEST_BYTES, digest, 0);
    return Buffer.from(digest).toString('hex');
  });
}

function wanted(key: Uint8Array, bytes: Uint8Array, rollOver: number): string {
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32BE(rollOver);
  return createHmac('sha1', key).update(bytes).update(trailer).digest('hex');
}

describe('lanes', () => {
  const lanes = new Lanes();

  it('are there on this machine', () => {
    expect(sharedLanes()).toBeDefined();
  });

  it('sign any number of messages of any sizes as node:crypto does', () => {
    const message = fc.tuple(
      fc.nat(1600).map((size) => Uint8Array.from({ length: size }, (_, i) => i * size)),
      fc.nat(0xffffffff),
    );
    const key = fc.uint8Array({ minLength: 20, maxLength: 20 });
    fc.assert(
      fc.property(key, fc.array(message, { maxLength: MOST_JOBS, size: 'max' }), (key, messages) => {
        expect(signed(lanes, key, messages)).toEqual(messages.map(([bytes, rollOver]) => wanted(key, bytes, rollOver)));
      }),
      { numRuns: 40 },
    );
  });

  it('sign messages of each size within three blocks, whose padding differs', () => {
    const key = new Uint8Array(20).fill(3);
    for (let size = 0; size < 192; size++) {
      const bytes = new Uint8Array(size).fill(size);

      expect(signed(lanes, key, [[bytes, size]])).toEqual([wanted(key, bytes, size)]);
    }
  });

  it('encrypt the payload, leave the header, and write behind a packet no more than they say', () => {
    const key = lanes.keyOf(new Uint8Array(20));
    lanes.batch.fill(0xff, 0, 400);
    lanes.stream.fill(0x0f, 0, 112);

    lanes.add(16, 28, 128, 0, 0);
    lanes.sign(key);

    const bytes = [...lanes.batch.subarray(0, 400)];
    expect(bytes.slice(0, 28)).toEqual(new Array(28).fill(0xff));
    expect(bytes.slice(28, 128)).toEqual(new Array(100).fill(0xf0));
    expect(bytes.slice(128 + PADDING_BYTES)).toEqual(new Array(400 - 128 - PADDING_BYTES).fill(0xff));
  });
});
