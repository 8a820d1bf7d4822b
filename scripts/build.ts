// Compiles src to dist and writes the list of commands that oclif reads at the start. Runs in `prepare`.
import { existsSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.ts';

/** A package from a registry comes built and without sources; an install without development packages cannot build. */
function reasonToSkip(): string | undefined {
  if (!existsSync(join(root, 'src'))) return 'there are no sources here';
  if (!existsSync(join(root, 'node_modules/typescript'))) return 'the development packages are not installed';
  return undefined;
}

function build(): number {
  // Files of modules that are gone would stay commands for ever.
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  rmSync(join(root, 'oclif.manifest.json'), { force: true });
  return run('tsc', ['-p', 'tsconfig.build.json']) || run('oclif', ['manifest']);
}

/**
 * Lets `npx srsx` find the checkout's own program at once. Without it npx installs the checkout into a cache of its
 * own, which builds a second time, and stays broken for ever when that build fails once.
 */
function linkProgram(): void {
  if (process.platform === 'win32') return;
  const link = join(root, 'node_modules/.bin/srsx');
  rmSync(link, { force: true });
  symlinkSync('../../bin/run.js', link);
}

const skip = reasonToSkip();
if (skip === undefined) {
  process.exitCode = build();
  linkProgram();
} else process.stderr.write(`build: nothing done, since ${skip}.\n`);
