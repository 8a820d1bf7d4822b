// Fields of transport stream packets.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { crc32 } from '../../../../src/core/format/ts/crc.ts';
import {
  readAdaptation,
  readPcr,
  readTimestamp,
  TIME_RANGE,
  tickDistance,
  wrapTicks,
  writePcr,
  writeTimestamp,
} from '../../../../src/core/format/ts/wire.ts';

const ticks = fc.oneof(
  fc.integer({ min: 0, max: TIME_RANGE - 1 }),
  fc.constantFrom(0, 2 ** 30 - 1, 2 ** 32, 2 ** 33 - 1),
);

describe('times on the wire', () => {
  it('come back from a PES header for all 33 bits, with their marker bits', () => {
    fc.assert(
      fc.property(ticks, fc.constantFrom(1, 2, 3), (time, prefix) => {
        const bytes = new Uint8Array(5);
        writeTimestamp(bytes, 0, prefix, time);

        expect(readTimestamp(bytes, 0)).toBe(time);
        expect((bytes[0] as number) >> 4).toBe(prefix);
        expect([bytes[0], bytes[2], bytes[4]].map((byte) => (byte as number) & 1)).toEqual([1, 1, 1]);
      }),
    );
  });

  it('come back from a PCR in units of 27 MHz', () => {
    fc.assert(
      fc.property(ticks, (time) => {
        const bytes = new Uint8Array(6);
        writePcr(bytes, 0, time);

        expect(readPcr(bytes, 0)).toBe(time * 300);
      }),
    );
  });

  it('wrap below zero and above 33 bits', () => {
    expect(wrapTicks(-1)).toBe(TIME_RANGE - 1);
    expect(wrapTicks(TIME_RANGE + 5)).toBe(5);
    expect(tickDistance(3, TIME_RANGE - 2)).toBe(5);
    expect(tickDistance(TIME_RANGE - 2, 3)).toBe(-5);
  });
});

describe('adaptation field', () => {
  const read = (hex: string) => {
    const packet = new Uint8Array(188);
    packet.set(fromHex(hex));
    return readAdaptation(packet, 0, { payload: 0, discontinuity: true, randomAccess: true, pcr: 5 });
  };

  it.each([
    { name: 'none', hex: '47010010', payload: 4, pcr: -1, flags: [false, false] },
    { name: 'of length 0', hex: '4701003000', payload: 5, pcr: -1, flags: [false, false] },
    { name: 'of length 1 with both flags', hex: '4701003001c0', payload: 6, pcr: -1, flags: [true, true] },
    { name: 'with a PCR', hex: '47010030071000000001fe00', payload: 12, pcr: 900, flags: [false, false] },
    { name: 'too short for its PCR', hex: '47010030021000', payload: 7, pcr: -1, flags: [false, false] },
    { name: 'of 182 bytes before a payload', hex: '47010030b600', payload: 187, pcr: -1, flags: [false, false] },
    { name: 'of 183 bytes alone', hex: '47010020b700', payload: 188, pcr: -1, flags: [false, false] },
    { name: 'of 183 bytes before a payload', hex: '47010030b700', payload: -1, pcr: -1, flags: [false, false] },
    { name: 'of 184 bytes', hex: '47010020b800', payload: -1, pcr: -1, flags: [false, false] },
    { name: 'of 255 bytes', hex: '47010030ff00', payload: -1, pcr: -1, flags: [false, false] },
  ])('$name is read', ({ hex, payload, pcr, flags }) => {
    const field = read(hex);

    expect(field.payload).toBe(payload);
    expect(field.pcr).toBe(pcr);
    expect([field.discontinuity, field.randomAccess]).toEqual(flags);
  });
});

describe('crc32', () => {
  it('is that of MPEG-2', () => {
    expect(crc32(utf8('123456789'))).toBe(0x0376e6e7);
  });
});
