import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../src/core/base/bytes.ts';
import {
  annexBToLengthPrefixed,
  escapeNal,
  findStartCode,
  joinAnnexB,
  joinLengthPrefixed,
  lengthPrefixedToAnnexB,
  maxUnits,
  splitAnnexB,
  splitLengthPrefixed,
  unescapeNal,
  widenLengths,
} from '../../../src/core/codec/index.ts';
import { bytes, codeOf, survives } from './tools.ts';

/** A unit as an encoder makes it: escaped, not ending in zero. */
const nal = fc
  .tuple(bytes(40), fc.integer({ min: 1, max: 255 }))
  .map(([body, last]) => escapeNal(concat([body, Uint8Array.of(last)])).slice());
const nals = fc.array(nal, { maxLength: 12, size: 'max' });

describe('length-prefixed units', () => {
  it('gives views of units with lengths of 1, 2 and 4 bytes', () => {
    const one = splitLengthPrefixed(fromHex('02 6501 01 41'), 1);
    const two = splitLengthPrefixed(fromHex('0002 6501 0001 41'), 2);
    const four = splitLengthPrefixed(fromHex('00000002 6501 00000001 41'));

    for (const units of [one, two, four]) expect(units.map(toHex)).toEqual(['6501', '41']);
  });

  it('leaves out units of size 0', () => {
    expect(splitLengthPrefixed(fromHex('00000000 00000001 41')).map(toHex)).toEqual(['41']);
  });

  it('refuses a length beyond the end, a cut length and too many units', () => {
    expect(codeOf(() => splitLengthPrefixed(fromHex('00000003 6501')))).toBe('CODEC_UNIT');
    expect(codeOf(() => splitLengthPrefixed(fromHex('000000')))).toBe('CODEC_UNIT');
    expect(codeOf(() => splitLengthPrefixed(fromHex('ffffffff 65')))).toBe('CODEC_UNIT');
    const many = new Uint8Array((maxUnits + 1) * 2).map((_, i) => (i % 2 === 0 ? 1 : 0x41));
    expect(codeOf(() => splitLengthPrefixed(many, 1))).toBe('CODEC_UNIT');
    expect(splitLengthPrefixed(many.subarray(2), 1)).toHaveLength(maxUnits);
  });

  it('widens lengths of 1 and 2 bytes to 4, and returns data that has them itself', () => {
    const data = fromHex('00000002 6501');

    expect(toHex(widenLengths(fromHex('0002 6501'), 2))).toBe('000000026501');
    expect(toHex(widenLengths(fromHex('02 6501'), 1))).toBe('000000026501');
    expect(widenLengths(data, 4)).toBe(data);
  });
});

describe('Annex B', () => {
  it('finds units behind start codes of 3 and 4 bytes and drops the zeros behind them', () => {
    const units = splitAnnexB(fromHex('00000001 6742 000001 68 0000 00000001 650000030100 000001'));

    expect(units.map(toHex)).toEqual(['6742', '68', '6500000301']);
  });

  it('refuses data without a start code or with something in front of it', () => {
    expect(codeOf(() => splitAnnexB(fromHex('6742')))).toBe('CODEC_UNIT');
    expect(codeOf(() => splitAnnexB(fromHex('67 000001 68')))).toBe('CODEC_UNIT');
    expect(codeOf(() => splitAnnexB(new Uint8Array(0)))).toBe('CODEC_UNIT');
    expect(codeOf(() => splitAnnexB(fromHex('00000000')))).toBe('CODEC_UNIT');
  });

  it('finds the start code at every offset', () => {
    for (let at = 0; at < 12; at++) {
      const data = new Uint8Array(16).fill(7);
      data.set([0, 0, 1], at);

      expect(findStartCode(data, 0)).toBe(at);
      expect(findStartCode(data, at)).toBe(at);
      expect(findStartCode(data, at + 1)).toBe(16);
    }
  });

  it('agrees with a plain search for start codes', () => {
    fc.assert(
      fc.property(bytes(60), fc.nat(10), (data, from) => {
        let plain = from;
        while (plain + 2 < data.length && !(data[plain] === 0 && data[plain + 1] === 0 && data[plain + 2] === 1))
          plain++;

        expect(findStartCode(data, from)).toBe(plain + 2 < data.length ? plain : data.length);
      }),
      { numRuns: 2000 },
    );
  });

  it('is the same units as the length-prefixed form, there and back', () => {
    fc.assert(
      fc.property(nals, (units) => {
        fc.pre(units.length > 0);
        const prefixed = joinLengthPrefixed(units);
        const stream = joinAnnexB(units);

        expect(lengthPrefixedToAnnexB(prefixed)).toEqual(stream);
        expect(annexBToLengthPrefixed(stream)).toEqual(prefixed);
        expect(splitLengthPrefixed(prefixed).map(toHex)).toEqual(units.map(toHex));
      }),
    );
  });
});

describe('emulation prevention', () => {
  it('removes the 03 behind two zeros and nothing else', () => {
    expect(toHex(unescapeNal(fromHex('67 0003 000003 01 000003 03')))).toBe('670003000001000003');
    expect(toHex(unescapeNal(fromHex('00000300000300000301')))).toBe('00000000000001');
    expect(toHex(unescapeNal(fromHex('000003')))).toBe('0000');
  });

  it('returns a unit without emulation bytes itself', () => {
    const unit = fromHex('6742000401');

    expect(unescapeNal(unit)).toBe(unit);
  });

  it('inserts 03 so that no start code remains, and removes it again', () => {
    fc.assert(
      fc.property(bytes(80), (rbsp) => {
        const escaped = escapeNal(rbsp);

        expect(toHex(escaped)).not.toMatch(/^(..)*?00000[0-2]/);
        expect(unescapeNal(escaped)).toEqual(rbsp);
      }),
      { numRuns: 2000 },
    );
  });
});

it('random and damaged units give ProtocolError and nothing else', () => {
  const seeds = [fromHex('00000002 6501 00000001 41'), fromHex('00000001 6742 000001 68 000001 6500000301')];
  survives((input) => splitLengthPrefixed(input), seeds);
  survives((input) => splitLengthPrefixed(input, 2), seeds);
  survives(splitAnnexB, seeds);
});
