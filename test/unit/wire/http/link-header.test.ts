// Links of HTTP: written and read, damaged ones left out.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseLinks, writeLink } from '../../../../src/core/wire/http/link-header.ts';

const read = (header: string): unknown[] =>
  parseLinks(header).map(({ target, attributes }) => [target, Object.fromEntries(attributes)]);

describe('Link (RFC 8288 §3)', () => {
  it('has a target and quoted attributes', () => {
    expect(writeLink('turn:h?transport=udp', { rel: 'ice-server', username: 'u', credential: 'a"b\\c' })).toBe(
      '<turn:h?transport=udp>; rel="ice-server"; username="u"; credential="a\\"b\\\\c"',
    );
  });

  it.each<[string, unknown[]]>([
    ['', []],
    ['<a>', [['a', {}]]],
    ['<a>; rel=x', [['a', { rel: 'x' }]]],
    ['<a>;REL="x" ; b', [['a', { rel: 'x', b: '' }]]],
    ['<a>; rel="x"; rel="y"', [['a', { rel: 'x' }]]],
    [
      '<a>; rel="x, <b>; rel=y", <c>; rel = z',
      [
        ['a', { rel: 'x, <b>; rel=y' }],
        ['c', { rel: 'z' }],
      ],
    ],
    [
      '<a>; p="\\"q\\\\", <b>',
      [
        ['a', { p: '"q\\' }],
        ['b', {}],
      ],
    ],
    ['nothing, <a>; rel=x, <b', [['a', { rel: 'x' }]]],
    ['<a>; rel="open', [['a', { rel: '' }]]],
    [';;;,,,<a>', [['a', {}]]],
  ])('%s', (header, links) => {
    expect(read(header)).toEqual(links);
  });

  it('is read as it was written, several joined by commas', () => {
    const ascii = fc.string({ unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)) });
    const links = fc.array(fc.record({ target: ascii.map((text) => text.replace(/[<>]/g, '')), a: ascii, b: ascii }));
    fc.assert(
      fc.property(links, (all) => {
        const header = all.map(({ target, a, b }) => writeLink(target, { a, b })).join(', ');
        expect(read(header)).toEqual(all.map(({ target, a, b }) => [target, { a, b }]));
      }),
    );
  });

  it.each(['<', '<a>;', '<a>; a="', ' ', '<a>;a= ', ',', '<a>'])('ends soon with %j a million times', (part) => {
    const begin = performance.now();
    parseLinks(part.repeat(1_000_000));
    expect(performance.now() - begin).toBeLessThan(1000);
  });
});
