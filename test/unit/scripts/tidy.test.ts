import { describe, expect, it } from 'vitest';
import { root } from '../../../scripts/run.ts';
import { folders, judge } from '../../../scripts/tidy/rules.ts';
import { parseSource, readTree } from '../../../scripts/tidy/source.ts';

/** A tree of files with heads, so that only the planted fault shows. */
const tree = (files: Record<string, string>) =>
  Object.entries(files).map(([path, text]) => parseSource(path, `// Head.\n${text}`));

/** What the rules say of a tree, as `rule path`. */
const faults = (files: Record<string, string>) => judge(tree(files)).faults.map(({ rule, path }) => `${rule} ${path}`);

describe('the tree', () => {
  it('keeps the rules of the house', () => {
    const { faults } = judge(readTree(root, folders));

    expect(faults).toEqual([]);
  });
});

describe('ranks', () => {
  const imports: [string, string, boolean][] = [
    ['src/core/media/a.ts', '../base/b.ts', true],
    ['src/core/base/a.ts', '../media/b.ts', false],
    ['src/core/media/a.ts', '../codec/b.ts', false],
    ['src/core/codec/h264/a.ts', '../../media/b.ts', false],
    ['src/core/format/flv/a.ts', '../ts/b.ts', true],
    ['src/core/format/flv/a.ts', '../../wire/amf0/b.ts', true],
    ['src/core/wire/amf0/a.ts', '../../format/flv/b.ts', false],
    ['src/core/protocols/rtmp/a.ts', './b.ts', true],
    ['src/core/protocols/rtmp/a.ts', '../hls/index.ts', false],
    ['src/core/protocols/rtmp/a.ts', '../../net/tcp.ts', false],
    ['src/core/net/a.ts', '../protocols/rtmp/index.ts', false],
    ['src/core/net/a.ts', '../control/host.ts', true],
    ['src/core/toolkit/a.ts', '../protocols.ts', true],
    ['src/core/toolkit/a.ts', '../engine.ts', false],
    ['src/core/engine.ts', './index.ts', false],
    ['src/core/index.ts', '../cli/a.ts', false],
    ['src/cli/a.ts', '../core/base/log.ts', true],
    ['src/cli/a.ts', '../commands/serve.ts', false],
    ['src/core/base/a.ts', '../../../test/tools/fakes.ts', false],
    ['src/core/base/a.ts', '@oclif/core', false],
    ['src/core/net/a.ts', 'chalk', false],
    ['src/cli/a.ts', '@oclif/core', true],
    ['src/elsewhere/a.ts', '../core/index.ts', false],
  ];

  it.each(imports)('%s imports %s: allowed %s', (path, specifier, allowed) => {
    expect(faults({ [path]: `import { x } from '${specifier}';` })).toEqual(allowed ? [] : [`rank ${path}`]);
  });

  it('see imports of types, re-exports, import() and types by import()', () => {
    const forms = [
      `import type { X } from '../media/b.ts';`,
      `export { X } from '../media/b.ts';`,
      `export * from '../media/b.ts';`,
      `const x = await import('../media/b.ts');`,
      `type X = import('../media/b.ts').X;`,
    ];

    for (const form of forms) expect(faults({ 'src/core/base/a.ts': form })).toEqual(['rank src/core/base/a.ts']);
  });

  it('let a command know core by its door only', () => {
    const command = (from: string) => judge(tree({ 'src/commands/a.ts': `import { x } from '${from}';` })).faults;

    expect(command('../core/engine.ts').map(({ rule }) => rule)).toContain('rank');
    expect(command('../core/index.ts').map(({ rule }) => rule)).not.toContain('rank');
  });
});

describe('cycles', () => {
  it('are found at any distance, through types too', () => {
    const files = {
      'src/core/base/a.ts': `import type { B } from './b.ts';`,
      'src/core/base/b.ts': `import { c } from './c.ts';`,
      'src/core/base/c.ts': `import { a } from './a.ts';`,
      'src/core/base/d.ts': `import { a } from './a.ts';`,
    };

    expect(faults(files)).toEqual(['cycle src/core/base/a.ts']);
  });

  it('are not seen where files only share a third', () => {
    const files = {
      'src/core/base/a.ts': `import { c } from './c.ts'; import { b } from './b.ts';`,
      'src/core/base/b.ts': `import { c } from './c.ts';`,
      'src/core/base/c.ts': '',
    };

    expect(faults(files)).toEqual([]);
  });

  it('include a file that imports itself', () => {
    expect(faults({ 'src/core/base/a.ts': `import './a.ts';` })).toEqual(['cycle src/core/base/a.ts']);
  });
});

describe('the real world', () => {
  const touches = [
    'Date.now();',
    'performance.now();',
    'new Date();',
    'Math.random();',
    'setTimeout(() => 1, 5);',
    'globalThis.setInterval(() => 1, 5);',
    'setImmediate(() => 1);',
    `import { createServer } from 'node:net';`,
    `import { readFile } from 'node:fs/promises';`,
    `import { readFileSync } from 'fs';`,
    `import { randomBytes } from 'node:crypto';`,
  ];

  it.each(touches)('core may not touch it: %s', (code) => {
    expect(faults({ 'src/core/wire/a.ts': code })).toEqual(['ambient src/core/wire/a.ts']);
  });

  it.each(touches)('the edge may: %s', (code) => {
    expect(faults({ 'src/core/net/a.ts': code, 'src/core/engine.ts': code, 'src/cli/a.ts': code })).toEqual([]);
  });

  it('leaves functions of their input alone', () => {
    const code = `import { createHmac } from 'node:crypto'; new Date(5); Math.max(1, 2); clock.now();`;

    expect(faults({ 'src/core/wire/a.ts': code })).toEqual([]);
  });

  it('is not waited for in unit tests and simulations', () => {
    const wait = 'await new Promise((done) => setTimeout(done, 5));';

    expect(faults({ 'test/unit/a.test.ts': wait, 'test/sim/b.test.ts': wait, 'test/e2e/c.test.ts': wait })).toEqual([
      'sleep test/unit/a.test.ts',
      'sleep test/sim/b.test.ts',
    ]);
  });
});

describe('form', () => {
  it('wants a head comment before anything else', () => {
    const bare = (text: string) => judge([parseSource('src/core/base/a.ts', text)]).faults.map(({ rule }) => rule);

    expect(bare('const a = 1; // Not a head.')).toEqual(['head']);
    expect(bare('/** Says what it is for. */\nexport const a = 1;')).toEqual([]);
    expect(bare('#!/usr/bin/env node\n// A program.\n')).toEqual([]);
  });

  it('refuses open questions without an issue', () => {
    const word = ['TO', 'DO'].join('');

    expect(faults({ 'src/core/base/a.ts': `// ${word}: later` })).toEqual(['open src/core/base/a.ts']);
    expect(faults({ 'src/core/base/a.ts': `// ${word}(#12): later` })).toEqual([]);
  });

  it('counts exports without a docstring', () => {
    const docs = (text: string) => judge(tree({ 'src/core/base/a.ts': text })).remarks.map(({ text }) => text);

    expect(docs('export const a = 1;')).toEqual(['a has no docstring']);
    expect(docs('/** One. */\nexport function a() {}\n/** Two. */\nexport class B {}')).toEqual([]);
  });

  it('wants commands with summary, description and two examples', () => {
    const command = `export default class A { static summary = ''; static examples = ['one']; }`;

    expect(judge(tree({ 'src/commands/a.ts': command })).faults.map(({ text }) => text)).toEqual([
      'has no description',
      'has 1 examples, two are wanted',
    ]);
  });

  it('refuses arithmetic that changes the unit of a time', () => {
    expect(faults({ 'src/core/media/a.ts': 'frame.dts / 1000;' })).toEqual(['unit src/core/media/a.ts']);
    expect(faults({ 'src/core/media/a.ts': 'bits / 1000;' })).toEqual([]);
  });

  it('remarks files that are too long, and does not forbid them', () => {
    const verdict = judge(tree({ 'src/core/base/a.ts': '\n'.repeat(501) }));

    expect(verdict.faults).toEqual([]);
    expect(verdict.remarks.map(({ rule }) => rule)).toEqual(['size']);
  });
});
