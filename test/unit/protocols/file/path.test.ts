import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extensionOf, filePath, fileUrl } from '../../../../src/core/protocols/file/path.ts';

test('any path survives the way into a URL and back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', minLength: 1 }), (path) => {
      expect(filePath(fileUrl(path))).toBe(path.toWellFormed());
    }),
  );
});

test.each(['-', 'a.flv', './a.flv', '../a b/c#d?.flv', '/tmp/a.flv', '/a/../b.flv', '/x/100%.flv', 'C:\\a.flv'])(
  '%s survives',
  (path) => {
    const url = fileUrl(path);

    expect(url.protocol).toBe('file:');
    expect(filePath(url)).toBe(path);
  },
);

test('a URL that somebody typed is read with its percent encoding, a stray percent sign is itself', () => {
  expect(filePath(new URL('file:///tmp/a%20b.flv'))).toBe('/tmp/a b.flv');
  expect(filePath(new URL('file:///tmp/100%.flv'))).toBe('/tmp/100%.flv');
});

test.each([
  ['/a/b.FLV', 'flv'],
  ['a.b/c', ''],
  ['.hidden', ''],
  ['-', ''],
])('the ending of %s is %j', (path, extension) => {
  expect(extensionOf(path)).toBe(extension);
});
