// The frame around each merged write of an HTTP/1.1 player.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, utf8 } from '../../../../src/core/base/bytes.ts';
import { chunkEnvelope, lastChunk } from '../../../../src/core/wire/http/chunk.ts';

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

describe('chunkEnvelope', () => {
  it.each([
    [1, '1\r\n'],
    [10, 'a\r\n'],
    [255, 'ff\r\n'],
    [65_536, '10000\r\n'],
  ])('writes the size %i in hex', (size, head) => {
    const envelope = chunkEnvelope(size);

    expect(text(envelope.head)).toBe(head);
    expect(text(envelope.tail)).toBe('\r\n');
  });

  it('frames any run of bodies so that a reader of the RFC gets them back', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 20 }), (bodies) => {
        const wire = bodies.flatMap((body) => {
          const { head, tail } = chunkEnvelope(body.length);
          return [head, body, tail];
        });

        expect(readChunked(concat([...wire, lastChunk]))).toEqual(concat([...bodies, new Uint8Array(0)]));
      }),
    );
  });
});

/** A reader made from RFC 9112 §7.1 alone. */
function readChunked(bytes: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [new Uint8Array(0)];
  let at = 0;
  for (;;) {
    let end = at;
    while (bytes[end] !== 13) end++;
    const size = Number.parseInt(text(bytes.subarray(at, end)), 16);
    at = end + 2;
    if (size === 0) break;
    parts.push(bytes.slice(at, at + size));
    expect(text(bytes.subarray(at + size, at + size + 2))).toBe('\r\n');
    at += size + 2;
  }
  expect(text(bytes.subarray(at))).toBe('\r\n');
  return concat([...parts, utf8('')]);
}
