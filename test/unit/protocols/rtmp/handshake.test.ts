// The handshake of both sides, against each other and against peers that do it in their own way.
import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import {
  answerIsSigned,
  BLOCK_SIZE,
  clientKeys,
  findDigest,
  type Schema,
  serverKeys,
  signBlock,
} from '../../../../src/core/protocols/rtmp/digest.ts';
import { ClientHandshake, type Handshake, ServerHandshake } from '../../../../src/core/protocols/rtmp/handshake.ts';
import { chop } from '../../../tools/chop.ts';
import { SeedRng } from '../../../tools/fakes.ts';

const server = () => new ServerHandshake(new SeedRng(1));
const client = () => new ClientHandshake(new SeedRng(2));
const split = (reply: Uint8Array) => [reply.subarray(1, 1 + BLOCK_SIZE), reply.subarray(1 + BLOCK_SIZE)] as const;

/** Everything the handshake answers when it gets `bytes` in pieces. */
function feed(handshake: Handshake, bytes: Uint8Array, size = bytes.length) {
  const replies: Uint8Array[] = [];
  let used = 0;
  let done = false;
  for (const piece of chop(bytes, size)) {
    const step = handshake.push(piece);
    replies.push(...step.reply);
    used += step.used;
    done = step.done;
    if (done) break;
  }
  return { reply: replies.length === 0 ? new Uint8Array(0) : concat(replies), used, done };
}

const c0c1 = (c1: Uint8Array) => concat([Uint8Array.of(3), c1]);

describe('the server handshake', () => {
  it('answers a plain C1 with an S2 that repeats it', () => {
    const c1 = new SeedRng(3).bytes(BLOCK_SIZE).fill(0, 4, 8);

    const { reply } = feed(server(), c0c1(c1));

    expect(reply.length).toBe(1 + 2 * BLOCK_SIZE);
    expect(reply[0]).toBe(3);
    expect(split(reply)[1]).toEqual(c1);
  });

  it.each([0, 1] as Schema[])('signs S1 and S2 for a C1 with a digest in schema %i', (schema) => {
    const c1 = new SeedRng(3).bytes(BLOCK_SIZE);
    signBlock(c1, schema, clientKeys.short);
    const digest = findDigest(c1, schema, clientKeys.short) as Uint8Array;

    const [s1, s2] = split(feed(server(), c0c1(c1)).reply);

    expect(findDigest(s1, schema, serverKeys.short)).toBeDefined();
    expect(answerIsSigned(s2, digest, serverKeys.long)).toBe(true);
  });

  it.each([1, 7, 1536, 1537, 3073])('gives the same answer for pieces of %i bytes', (size) => {
    const bytes = new Uint8Array(1 + 2 * BLOCK_SIZE).fill(9);
    bytes[0] = 3;

    const whole = feed(server(), bytes);
    const cut = feed(server(), bytes, size);

    expect(cut).toEqual(whole);
    expect(cut.done).toBe(true);
  });

  it('leaves the bytes behind C2 to the chunk stream', () => {
    const bytes = new Uint8Array(1 + 2 * BLOCK_SIZE + 5);
    bytes[0] = 3;

    expect(server().push(bytes).used).toBe(1 + 2 * BLOCK_SIZE);
  });

  it.each([
    [6, 'RTMP_ENCRYPTED'],
    [0x47, 'RTMP_VERSION'],
    [0x16, 'RTMP_VERSION'],
    [0, 'RTMP_VERSION'],
  ])('refuses version %i with %s', (version, code) => {
    expect(() => server().push(Uint8Array.of(version))).toThrow(expect.objectContaining({ code }));
  });
});

describe('the client handshake', () => {
  it('begins with a C1 that a digest server finds', () => {
    const [version, c1] = client().begin();

    expect(version).toEqual(Uint8Array.of(3));
    expect(findDigest(c1 as Uint8Array, 1, clientKeys.short)).toBeDefined();
  });

  it('signs C2 for a server with digests', () => {
    const handshake = client();
    const { reply } = feed(server(), concat(handshake.begin() as Uint8Array[]));
    const digest = findDigest(split(reply)[0], 1, serverKeys.short) as Uint8Array;

    const step = feed(handshake, reply);

    expect(step.done).toBe(true);
    expect(answerIsSigned(step.reply, digest, clientKeys.long)).toBe(true);
  });

  it('repeats S1 to a plain server, and accepts an S2 that does not repeat C1', () => {
    const s1 = new SeedRng(5).bytes(BLOCK_SIZE);

    const step = feed(client(), concat([Uint8Array.of(3), s1, new Uint8Array(BLOCK_SIZE)]));

    expect(step.done).toBe(true);
    expect(step.reply).toEqual(s1);
  });

  it('refuses a server that speaks something else', () => {
    expect(() => client().push(Uint8Array.of(72))).toThrow(expect.objectContaining({ code: 'RTMP_VERSION' }));
  });
});

it('a client and a server finish with each other in any cut', () => {
  const a = client();
  const b = server();
  const toServer = concat(a.begin() as Uint8Array[]);

  const first = feed(b, toServer, 100);
  const second = feed(a, first.reply, 33);
  const third = feed(b, second.reply, 1);

  expect(second.done && third.done).toBe(true);
});
