// AMF0: the table both ways, properties, and what is refused.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader, concat, fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import {
  type AmfValue,
  amfEcmaArray,
  amfGet,
  amfNumber,
  amfObject,
  amfText,
  parseAmf0,
  readAmf0,
  writeAmf0,
} from '../../../../src/core/wire/amf0/index.ts';
import { damage } from '../../../tools/chop.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { amfCases, badAmf } from './amf0.cases.ts';

const parse = (bytes: Uint8Array, limits: Partial<typeof defaultLimits> = {}) =>
  parseAmf0(bytes, { ...defaultLimits, ...limits });

const codeOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
    return (error as ProtocolError).code;
  }
  return 'nothing thrown';
};

describe('AMF0', () => {
  it.each(amfCases)('parses $name', ({ bytes, values }) => {
    expect(parse(bytes)).toEqual(values);
  });

  it.each(amfCases.filter((one) => !one.parseOnly))('writes $name', ({ bytes, values }) => {
    expect(toHex(writeAmf0(values))).toBe(toHex(bytes));
  });

  it.each(badAmf)('refuses $name with $code', ({ bytes, code }) => {
    expect(codeOf(() => parse(bytes))).toBe(code);
  });

  it('writes texts above 65,535 bytes as long strings', () => {
    const text = 'é'.repeat(40_000);

    const bytes = writeAmf0([text]);

    expect(bytes[0]).toBe(0x0c);
    expect(parse(bytes)).toEqual([text]);
  });

  it('refuses 1,000 nested objects and arrays', () => {
    const objects = concat(Array.from({ length: 1000 }, () => fromHex('03 000161')));
    const arrays = concat(Array.from({ length: 1000 }, () => fromHex('0a 00000001')));

    expect(codeOf(() => parse(objects))).toBe('AMF0_DEPTH');
    expect(codeOf(() => parse(arrays))).toBe('AMF0_DEPTH');
  });

  it('takes as many levels and values as the limits say and not one more', () => {
    const nested = writeAmf0([amfObject({ a: amfObject({ b: [1] }) })]);

    expect(parse(nested, { amfDepth: 3, amfValues: 4 })).toHaveLength(1);
    expect(codeOf(() => parse(nested, { amfDepth: 2 }))).toBe('AMF0_DEPTH');
    expect(codeOf(() => parse(nested, { amfValues: 3 }))).toBe('AMF0_VALUES');
  });

  it('counts the values of a whole message', () => {
    expect(codeOf(() => parse(new Uint8Array(5000).fill(5)))).toBe('AMF0_VALUES');
  });

  it('reads one value and stands behind it', () => {
    const reader = new ByteReader(writeAmf0(['a', 1]));

    expect(readAmf0(reader, defaultLimits)).toBe('a');
    expect(reader.left).toBe(9);
  });

  it('leaves prototypes alone', () => {
    const [value] = parse(writeAmf0([new Map<string, AmfValue>([['__proto__', amfObject({ polluted: true })]])]));

    expect(amfGet(value, 'polluted')).toBeUndefined();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('looks properties up in objects, ECMA arrays and typed objects only', () => {
    const entries = new Map<string, AmfValue>([
      ['a', 'x'],
      ['n', 1],
    ]);

    for (const value of [
      entries,
      amfEcmaArray({ a: 'x', n: 1 }),
      { type: 'typed', className: 'C', entries } as const,
    ]) {
      expect(amfText(value, 'a')).toBe('x');
      expect(amfNumber(value, 'n')).toBe(1);
      expect(amfText(value, 'n')).toBeUndefined();
      expect(amfNumber(value, 'a')).toBeUndefined();
    }
    for (const value of ['a', 1, null, undefined, ['a'], { type: 'xml', text: 'a' } as const]) {
      expect(amfGet(value, 'a')).toBeUndefined();
      expect(amfGet(value, 'length')).toBeUndefined();
    }
  });

  it('gives back what was written, whatever it was', () => {
    fc.assert(
      fc.property(fc.array(arbitraryValue), (values) => {
        expect(parse(writeAmf0(values))).toEqual(values);
      }),
    );
  });

  it('throws ProtocolError and nothing else for garbage and damage', () => {
    const rng = new SeedRng(7);
    const seeds = amfCases.map((one) => one.bytes);
    for (let i = 0; i < 20_000; i++) {
      const bytes =
        i % 2 === 0
          ? rng.bytes(rng.below(40))
          : damage(concat([seeds[rng.below(seeds.length)]!, seeds[rng.below(seeds.length)]!]), rng);
      try {
        parse(bytes);
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }
  });

  it('refuses every cut of a message that ends in the middle of a value', () => {
    const bytes = writeAmf0([amfObject({ app: 'live', list: [1, true, 'x'], n: null })]);
    for (let size = 1; size < bytes.length; size++) {
      expect(codeOf(() => parse(bytes.subarray(0, size)))).toBe('AMF0_SHORT');
    }
  });
});

const text = fc.string({ unit: 'grapheme', maxLength: 40 });
const arbitraryValue = fc.letrec<{ value: AmfValue; entries: Map<string, AmfValue> }>((tie) => ({
  entries: fc.array(fc.tuple(text, tie('value')), { maxLength: 4 }).map((pairs) => new Map(pairs)),
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.double(),
    fc.boolean(),
    text,
    fc.constant(null),
    fc.constant(undefined),
    fc.record({
      type: fc.constant('date' as const),
      timeMs: fc.double(),
      zone: fc.integer({ min: -32_768, max: 32_767 }),
    }),
    fc.record({ type: fc.constant('xml' as const), text }),
    tie('entries'),
    fc.record({ type: fc.constant('ecma' as const), entries: tie('entries') }),
    fc.record({ type: fc.constant('typed' as const), className: text, entries: tie('entries') }),
    fc.array(tie('value'), { maxLength: 4 }),
  ),
})).value;
