import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { repeatedBlocks, type Section } from '../../../../src/core/control/config/config.ts';
import { showDefault } from '../../../../src/core/control/config/explain.ts';
import { type Path, schema, settingAt } from '../../../../src/core/control/config/schema/index.ts';
import { otherVariables } from '../../../../src/core/control/config/variables.ts';
import { load } from './tools.ts';

const paths = Object.keys(schema) as Path[];

/** A file that has just this directive, within its blocks. */
function written(path: string, word: string): string {
  const steps = path.split('.');
  const name = steps.pop() ?? '';
  const open = steps.map((step) => `${step} x { `).join('');
  const block = settingAt(path)?.kind === 'block';
  return `${open}${name} ${block ? '{ }' : `${word};`}${' }'.repeat(steps.length)}`;
}

/** The innermost scope of a path in the file of `written`. */
function scopeOf(root: Section, path: string): Section {
  const blocks = repeatedBlocks.filter((block) => path.startsWith(`${block}.`));
  return blocks.reduce((scope, block) => scope.sections(block)[0]!, root);
}

const moved = ['listen', 'chunk_size', 'vhost.rtc.bframe', 'vhost.rtc.aac'];
const single = paths.filter((path) => path !== 'include' && path !== 'is_full' && !moved.includes(path));

describe('every directive', () => {
  it.each(single)('%s is read from its place', (path) => {
    const word = /ice_servers/.test(path) ? 'stun:3' : /listen|network/.test(path) ? '1' : '3';

    const config = load(written(path, word));
    const found = scopeOf(config.root, path).look(path);

    expect(found.origin).toEqual({ kind: 'file', file: 'a.conf', line: 1 });
    const { kind } = settingAt(path)!;
    if (kind === 'int' || kind === 'float') expect(found.value).toBe(Number(word));
    if (kind === 'text') expect(found.value).toBe(word);
    if (kind === 'list' || kind === 'endpoints') expect(found.value).toEqual([word]);
    if (kind === 'rules') expect(found.value).toEqual([[word]]);
  });

  it('has a sentence', () => {
    for (const path of paths) expect(settingAt(path)?.says, path).toMatch(/^[A-Z$`\-0-9].+\.$|^-\S+\.$|^-.+\.$/);
  });

  it('has variables of its own', () => {
    const shared = ['SRS_LISTEN', 'SRS_CHUNK_SIZE', 'SRS_VHOST_CHUNK_SIZE'];
    const all = paths.flatMap((path) => settingAt(path)?.env ?? []).filter((name) => !shared.includes(name));

    expect(all.length).toBe(new Set(all).size);
  });
});

/** SRS's own table, where this machine has it. */
const table = new URL('../../../../../shared/srs/config-defaults.tsv', import.meta.url);
const rows = existsSync(table)
  ? readFileSync(table, 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t'))
  : [];

describe.skipIf(rows.length === 0)("SRS's table of directives", () => {
  const directives = rows.filter(([name = '']) => !name.includes('(env only)'));

  it('has the same names', () => {
    const shared = paths.filter((path) => settingAt(path)?.own !== true);

    expect(shared.toSorted()).toEqual(directives.map(([name]) => name).toSorted());
  });

  it.each(directives.map(([name = '', type = '', text = '', env = '']) => ({ name, type, text, env })))(
    '$name has the same default and variables',
    ({ name, text, env }) => {
      const setting = settingAt(name)!;
      const plain = text.replace(/ \((comment says|hard-wired).*\)$/, '');
      const expected = plain === '(none)' || plain === '(empty)' ? '' : plain;
      const shown = showDefault(setting);

      const numeric = /^-?[\d.]+$/.test(expected) && setting.kind !== 'text';
      expect(numeric ? Number(shown) : shown).toEqual(numeric ? Number(expected) : expected);
      for (const variable of env.match(/SRS_[A-Z0-9_]+/g) ?? []) expect(setting.env).toContain(variable);
      if (env === '') expect(setting.env).toEqual([]);
    },
  );

  it('has the same variables without a directive', () => {
    const names = rows.filter(([name = '']) => name.includes('(env only)')).map(([, , , env]) => env);

    expect(Object.keys(otherVariables)).toEqual(expect.arrayContaining(names));
  });
});
