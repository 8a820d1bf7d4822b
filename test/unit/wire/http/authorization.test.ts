// Authorization headers: what is read from them, and that garbage gives nothing.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseAuthorization, sameSecret } from '../../../../src/core/wire/http/authorization.ts';

const encode = (text: string): string => `Basic ${Buffer.from(text).toString('base64')}`;

it('reads what was written', () => {
  const user = fc.string({ maxLength: 60, unit: 'grapheme' }).filter((text) => !text.includes(':'));
  fc.assert(
    fc.property(user, fc.string({ maxLength: 60, unit: 'grapheme' }), (name, password) => {
      expect(parseAuthorization(encode(`${name}:${password}`))).toEqual({ scheme: 'basic', user: name, password });
    }),
  );
  expect(parseAuthorization('Bearer abc.def-_~+/=')).toEqual({ scheme: 'bearer', token: 'abc.def-_~+/=' });
});

it('gives nothing for garbage, and never throws', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
      const found = parseAuthorization(text);
      expect(found === undefined || found.scheme === 'basic' || found.scheme === 'bearer').toBe(true);
    }),
  );
  for (const text of [undefined, '', 'Basic', 'Basic =', encode('nocolon'), 'Bearer', 'Bearer a b', 'x'.repeat(5000)]) {
    expect(parseAuthorization(text), text).toBeUndefined();
  }
});

it('compares whole secrets', () => {
  expect(sameSecret('abc', 'abc')).toBe(true);
  expect(sameSecret('abc', 'abd')).toBe(false);
  expect(sameSecret('abc', 'abcd')).toBe(false);
  expect(sameSecret('', '')).toBe(true);
});
