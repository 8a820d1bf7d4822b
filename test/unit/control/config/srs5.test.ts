// How much of SRS 5's language is there: the figure may only rise, and the list of later directives is SRS's.
import { existsSync, readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { afterSrs5, countSrs5 } from '../../../../scripts/gen/srs5.ts';
import { schema, settingAt } from '../../../../src/core/control/config/schema/index.ts';

it('most of the directives of SRS 5 are supported, and each of the others has its reason', () => {
  const { all, supported, empty, alone, share, missing } = countSrs5();

  expect(all).toBe(314);
  expect(supported + empty + alone + missing.length).toBe(all);
  expect(supported).toBeGreaterThanOrEqual(283);
  expect(share).toBeGreaterThan(0.98);
  for (const [path, { status }] of missing) if ('why' in status) expect(status.why, path).toMatch(/\w+ \w+/);
});

const paper = new URL('../../../../../shared/srs/02-config.md', import.meta.url);

it.skipIf(!existsSync(paper))('directives count as later ones that the papers of SRS date so', () => {
  const rows = readFileSync(paper, 'utf8')
    .split('\n')
    .map((line) => line.replaceAll('\\|', '/').split(' | '))
    .filter(([name = '']) => /^\| `[a-z]/.test(name));
  const later = rows
    .filter((cells) => Number.parseFloat(cells[4] ?? '') > 5.999)
    .map(([name = '']) => name.replace(/[| `]/g, ''))
    .filter((path) => settingAt(path) !== undefined);

  const srs = Object.keys(schema).filter((path) => settingAt(path)?.own !== true);
  const counted = srs.filter((path) =>
    afterSrs5.some((name) => (name.endsWith('.') ? path.startsWith(name) : path === name)),
  );

  expect(later.toSorted()).toEqual(counted.toSorted());
});
