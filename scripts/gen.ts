// Writes the papers that follow from the code: `npm run gen`; with --check it only says which of them are old.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { apiPaper, openApiPaper } from './gen/api.ts';
import { cliPapers } from './gen/cli.ts';
import { configPaper } from './gen/config.ts';
import { errorPaper } from './gen/errors.ts';
import { root } from './run.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function read(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8');
  } catch {
    return undefined;
  }
}

const papers = new Map([
  ['docs/errors.md', await errorPaper()],
  ['docs/config.md', configPaper()],
  ['docs/api.md', apiPaper()],
  ['docs/openapi.json', openApiPaper()],
  ...(await cliPapers()),
]);
const old = [...papers].filter(([path, text]) => read(path) !== text).map(([path]) => path);
// A page of a command that is gone.
const stray = readdirSync(join(root, 'docs/cli'))
  .map((file) => `docs/cli/${file}`)
  .filter((path) => !papers.has(path));

if (process.argv.includes('--check')) {
  for (const path of [...old, ...stray]) say(`${path} is not what the code says: npm run gen`);
  say(`gen: ${papers.size} papers, ${old.length + stray.length} out of date.`);
  process.exitCode = old.length + stray.length > 0 ? 1 : 0;
} else {
  for (const path of old) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), papers.get(path) ?? '');
    say(`wrote ${path}`);
  }
  for (const path of stray) say(`${path} belongs to no command: delete it`);
}
