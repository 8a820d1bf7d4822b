import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../../../src/core/base/errors.ts';
import { parseLimits } from '../../../../src/core/control/config/parse.ts';
import { fault, parse, plain } from './tools.ts';

describe('statements', () => {
  it.each<[string, string, unknown[]]>([
    ['a statement', 'listen 1935;', [['listen', '1935']]],
    ['several arguments', 'listen 1935 [::]:1935;', [['listen', '1935', '[::]:1935']]],
    ['several statements on a line', 'a;b 1;\tc  2 ;', [['a'], ['b', '1'], ['c', '2']]],
    ['a block', 'vhost v {\n hls {\n enabled on;\n}\n}', [['vhost', 'v', [['hls', [['enabled', 'on']]]]]]],
    ['a block on one line', 'rtmp{listen 1;}', [['rtmp', [['listen', '1']]]]],
    ['an empty block', 'vhost __defaultVhost__ { }', [['vhost', '__defaultVhost__', []]]],
    [
      'carriage returns',
      'a 1;\r\nb {\r\n}\r\n',
      [
        ['a', '1'],
        ['b', []],
      ],
    ],
    ['a comment', '# x { ; "\na 1; # y\n#', [['a', '1']]],
    ['a # within a word', 'a b#c;', [['a', 'b#c']]],
    ['a } within a word', 'a b}c;', [['a', 'b}c']]],
    ['quotes of both kinds', `a "x y" 'p;{#q';`, [['a', 'x y', 'p;{#q']]],
    ['a quote within other quotes', `a "it's";`, [['a', "it's"]]],
    ['no escapes in quotes', 'a "x\\";', [['a', 'x\\']]],
    ['an empty quoted word', 'a "" b;', [['a', 'b']]],
    ['a quoted name', '"a" 1;', [['a', '1']]],
    [
      'an SRT stream id',
      `default_streamid "#!::r=live/livestream,m=publish";`,
      [['default_streamid', '#!::r=live/livestream,m=publish']],
    ],
    [
      'duplicates',
      'a 1; a 2;',
      [
        ['a', '1'],
        ['a', '2'],
      ],
    ],
    ['an empty file', '', []],
    ['a byte order mark', '\uFEFFa;', [['a']]],
  ])('%s', (_, text, tree) => {
    expect(plain(parse(text))).toEqual(tree);
  });

  it('remember the line of their name', () => {
    const [first, block] = parse('\n\na 1;\n# x\nb {\n  c 2;\n}\n');

    expect(first).toMatchObject({ file: 'a.conf', line: 3 });
    expect(block).toMatchObject({ line: 5, children: [{ name: 'c', line: 6 }] });
  });

  it.each<[string, string, string, string]>([
    [
      'a line end before ;',
      'a;\nlisten 1935\nb;',
      'CONFIG_LINE_END',
      'a.conf:2: the line ends before ; or {, behind "listen"',
    ],
    ['a comment before ;', 'listen 1935 # x', 'CONFIG_LINE_END', 'a.conf:1:'],
    ['{ on the next line', 'vhost v\n{\n}', 'CONFIG_LINE_END', 'a.conf:1:'],
    ['the end before ;', 'listen 1935', 'CONFIG_LINE_END', 'a.conf:1:'],
    ['; without a name', 'a;\n;', 'CONFIG_TOKEN', 'a.conf:2: a ; without a name'],
    ['an empty quoted name', '"";', 'CONFIG_TOKEN', 'a ; without a name'],
    ['{ without a name', '{ }', 'CONFIG_TOKEN', 'a { without a name'],
    ['a stray }', 'a;\n}', 'CONFIG_BRACE', 'a.conf:2: a } without its {'],
    ['a missing }', 'vhost v {\n a;\n', 'CONFIG_BRACE', 'the } of "vhost" from line 1 is missing'],
    ['} before ;', 'vhost v { a 1 }', 'CONFIG_BRACE', 'a } before the ; of "a"'],
    ['an open quote', 'a;\nb "x;\n', 'CONFIG_TOKEN', 'a.conf:2: a quoted word that begins with " has no end'],
    ['a quote over lines', 'b "x\ny";', 'CONFIG_TOKEN', 'has no end'],
    ['a word glued to a quote', 'a "x"y;', 'CONFIG_TOKEN', 'after "x" comes "y"'],
  ])('%s is refused', (_, text, code, sentence) => {
    const found = fault(() => parse(text));

    expect(found.code).toBe(code);
    expect(found.text).toContain(sentence);
  });
});

describe('include', () => {
  it('puts the statements of several files in its place, at any depth', () => {
    const files = { 'b.conf': 'b 1;', 'c.conf': 'include b.conf;\nc;' };

    const tree = parse('a;\nvhost v { include b.conf c.conf; }\nz;', files);

    expect(plain(tree)).toEqual([['a'], ['vhost', 'v', [['b', '1'], ['b', '1'], ['c']]], ['z']]);
    expect(tree[1]?.children?.[2]).toMatchObject({ file: 'c.conf', line: 2 });
  });

  it.each<[string, string, Record<string, string>, string, string]>([
    ['of nothing', 'include;', {}, 'CONFIG_INCLUDE', 'a.conf:1: include: no file is named'],
    ['with a block', 'include a { }', {}, 'CONFIG_INCLUDE', 'it has no block'],
    [
      'of a missing file',
      '\ninclude x.conf;',
      {},
      'CONFIG_INCLUDE',
      'a.conf:2: include: x.conf cannot be read: no such file',
    ],
    ['of itself', 'include b;', { b: 'include b;' }, 'CONFIG_INCLUDE', 'b:1: include: b includes itself'],
    ['of half a block', 'vhost v { include b;', { b: '}' }, 'CONFIG_BRACE', 'b:1: a } without its {'],
    ['of an unclosed block', 'include b; }', { b: 'vhost v {' }, 'CONFIG_BRACE', 'b:1: the } of "vhost"'],
  ])('%s is refused', (_, text, files, code, sentence) => {
    const found = fault(() => parse(text, files));

    expect(found.code).toBe(code);
    expect(found.text).toContain(sentence);
  });

  it('is bounded in depth and number', () => {
    const deep = Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`f${at}`, `include f${at + 1};`]));
    const wide = { b: `include ${'c '.repeat(100)};`, c: 'x;' };

    expect(fault(() => parse('include f0;', deep)).text).toContain(`deeper than ${parseLimits.includeDepth} levels`);
    expect(fault(() => parse('include b b b b b;', wide))).toMatchObject({ code: 'CONFIG_SIZE' });
  });
});

it('bounds the bytes of all files together', () => {
  const big = `#${' '.repeat(parseLimits.fileBytes - 10)}`;
  const count = Math.ceil(parseLimits.totalBytes / big.length);

  expect(parse(`include ${'b '.repeat(count - 1)};`, { b: big })).toEqual([]);
  expect(fault(() => parse(`include ${'b '.repeat(count + 1)};`, { b: big })).code).toBe('CONFIG_SIZE');
});

it('bounds blocks and bytes', () => {
  const levels = parseLimits.blockDepth;

  expect(parse(`${'a {'.repeat(levels)}${'}'.repeat(levels)}`)).toHaveLength(1);
  expect(fault(() => parse(`${'a {'.repeat(levels + 1)}${'}'.repeat(levels + 1)}`)).code).toBe('CONFIG_SIZE');
  expect(fault(() => parse(' '.repeat(parseLimits.fileBytes + 1))).code).toBe('CONFIG_SIZE');
});

describe('properties', () => {
  const word = fc
    .stringMatching(/^[a-z0-9_.:/[\]#-]{1,12}$/)
    .filter((text) => !text.startsWith('#') && text !== 'include');
  const quoted = fc.stringMatching(/^[a-z ;{}#]{1,12}$/);

  it('words and quoted words come back as they were', () => {
    fc.assert(
      fc.property(word, fc.array(fc.oneof(word, quoted), { maxLength: 6 }), (name, args) => {
        const text = `${name} ${args.map((arg) => `"${arg}"`).join('\t')};`;

        expect(plain(parse(text))).toEqual([[name, ...args]]);
      }),
    );
  });

  it('garbage gives ConfigError and nothing else', () => {
    const piece = fc.constantFrom(
      'a',
      'vhost',
      'include',
      ' ',
      '\n',
      ';',
      '{',
      '}',
      '"',
      "'",
      '#',
      '\r',
      '\0',
      '\\',
      'é',
    );
    fc.assert(
      fc.property(fc.array(piece, { size: 'max', maxLength: 60 }), (pieces) => {
        try {
          parse(pieces.join(''), { a: 'vhost { include a; }', vhost: 'b;' });
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
