// RTP headers and their extensions: both ways, and what is damaged.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RtpPacket as TheirPacket } from 'werift';
import { fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import {
  type Element,
  extensionBytes,
  findElement,
  kindOf,
  parsePacket,
  parseSourceText,
  writeExtension,
  writeHeader,
} from '../../../../src/core/wire/rtp/index.ts';

const fields = { payloadType: 111, marker: true, sequence: 0xfffe, timestamp: 0xdeadbeef, ssrc: 0xcafebabe };

/** A packet with these elements. */
function packetOf(elements: readonly Element[], payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + extensionBytes(elements) + payload.length);
  writeHeader(bytes, 0, { ...fields, extended: elements.length > 0 });
  const at = elements.length > 0 ? writeExtension(bytes, 12, elements) : 12;
  bytes.set(payload, at);
  return bytes;
}

const refused: readonly [string, string][] = [
  ['an empty one', ''],
  ['a header that is cut', '80600001000000000000'],
  ['another version', '4060000100000000000000000a'],
  ['more CSRCs than there is room for', '8f600001000000000000000001020304'],
  ['an extension without its length', '90600001000000000000000001be'],
  ['an extension that is longer than the packet', '906000010000000000000000bede00ff01020304'],
  ['padding longer than the payload', 'a06000010000000000000000ff'],
  ['padding that eats the extension', 'b06000010000000000000000bede00010102030d'],
];

describe('an RTP packet', () => {
  it.each(refused)('is refused: %s', (_, hex) => {
    expect(() => parsePacket(fromHex(hex))).toThrow(expect.objectContaining({ code: 'RTP_PACKET' }));
  });

  it('may have no payload, CSRCs, and padding', () => {
    expect(parsePacket(fromHex('806000010000000000000000')).payload).toHaveLength(0);
    const packet = parsePacket(fromHex('a2600001000000000000000011111111222222220a0b0c000002'));
    expect(toHex(packet.payload)).toBe('0a0b0c00');
    expect(packet.headerBytes).toBe(20);
    expect(parsePacket(fromHex('a0600001000000000000000001')).payload).toHaveLength(0);
  });

  it('comes back as it was written, and werift reads the same', () => {
    fc.assert(
      fc.property(
        fc.record({
          payloadType: fc.nat(127),
          marker: fc.boolean(),
          sequence: fc.nat(0xffff),
          timestamp: fc.nat(0xffffffff),
          ssrc: fc.nat(0xffffffff),
        }),
        fc.uint8Array({ maxLength: 20 }),
        (header, payload) => {
          const bytes = new Uint8Array(12 + payload.length);
          writeHeader(bytes, 0, { ...header, extended: false });
          bytes.set(payload, 12);

          expect(parsePacket(bytes)).toMatchObject({ ...header, extension: undefined });
          const theirs = TheirPacket.deSerialize(Buffer.from(bytes)).header;
          const { sequence, ...others } = header;
          expect(theirs).toMatchObject({ ...others, sequenceNumber: sequence });
        },
      ),
    );
  });

  it('is told from RTCP and everything else by its first bytes', () => {
    const kinds = ['80e0', '8060', '80c8', '80df', '80c0', '0001', '1603', '4000', 'c000'].map((head) =>
      kindOf(fromHex(`${head}000000000000`)),
    );

    expect(kinds).toEqual(['rtp', 'rtp', 'rtcp', 'rtcp', 'rtcp', 'other', 'other', 'other', 'other']);
    expect(kindOf(new Uint8Array(4).fill(0x80))).toBe('other');
  });
});

const elements = fc.uniqueArray(
  fc.record({ id: fc.integer({ min: 1, max: 14 }), data: fc.uint8Array({ minLength: 1, maxLength: 16 }) }),
  { selector: ({ id }) => id, minLength: 1, maxLength: 6 },
);
const longElements = fc.uniqueArray(
  fc.record({ id: fc.integer({ min: 1, max: 255 }), data: fc.uint8Array({ minLength: 0, maxLength: 40 }) }),
  { selector: ({ id }) => id, minLength: 1, maxLength: 6 },
);

describe('header extensions', () => {
  it.each([
    ['one-byte', elements],
    ['two-byte', longElements],
  ])('of the %s form come back, whatever is in them', (_, arbitrary) => {
    fc.assert(
      fc.property(arbitrary, fc.uint8Array({ maxLength: 30 }), (some, payload) => {
        const bytes = packetOf(some, payload);
        const packet = parsePacket(bytes);

        expect(toHex(packet.payload)).toBe(toHex(payload));
        for (const { id, data } of some) {
          const found = findElement(bytes, packet.extension, id)!;
          expect(toHex(bytes.subarray(found.at, found.at + found.length))).toBe(toHex(data));
        }
        expect(findElement(bytes, packet.extension, 0)).toBeUndefined();
      }),
    );
  });

  it('are the one-byte form when that can say it', () => {
    const short = packetOf([{ id: 14, data: new Uint8Array(16) }], new Uint8Array(0));
    const long = packetOf([{ id: 15, data: new Uint8Array(1) }], new Uint8Array(0));

    expect([toHex(short.subarray(12, 14)), toHex(long.subarray(12, 14))]).toEqual(['bede', '1000']);
  });

  it('end at id 15 of the one-byte form, pass over padding, and do not leave their place', () => {
    const read = (hex: string, id: number) => {
      const bytes = fromHex(`906000010000000000000000${hex}`);
      return findElement(bytes, parsePacket(bytes).extension, id);
    };

    expect(read('bede000100002199', 2)).toBeUndefined();
    expect(read('bede000200002199aa000000', 2)).toEqual({ at: 19, length: 2 });
    expect(read('bede0002f02199aa00000000', 2)).toBeUndefined();
    expect(read('bede00012fffffff', 2)).toBeUndefined();
    expect(read('1000000102ffffff', 2)).toBeUndefined();
    expect(read('123400012000000000', 2)).toBeUndefined();
  });

  it('are found or not in any damage, without leaving the packet', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 12, maxLength: 64 }), fc.nat(255), (bytes, id) => {
        bytes[0] = 0x90;
        try {
          const found = findElement(bytes, parsePacket(bytes).extension, id);
          if (found !== undefined) expect(found.at + found.length).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('what elements say', () => {
  it('MID and RID are tokens', () => {
    const text = (value: string) => parseSourceText(new TextEncoder().encode(value));

    expect(['0', 'hi-res_1', 'q'].map(text)).toEqual(['0', 'hi-res_1', 'q']);
    expect(['', 'a b', '<script>', 'x'.repeat(33), '\u0000', 'é'].map(text)).toEqual(Array(6).fill(undefined));
  });
});
