import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cliPapers } from '../../scripts/gen/cli.ts';
import { root } from '../../scripts/run.ts';

describe('papers about commands', () => {
  it('are what the commands say, so that a lost flag is seen (npm run gen writes them)', async () => {
    for (const [path, text] of await cliPapers()) expect(readFileSync(join(root, path), 'utf8'), path).toBe(text);
  });
});
