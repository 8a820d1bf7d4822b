// Compiles src to dist and writes the list of commands that oclif reads at the start. With --if-needed, as `prepare`
// has it, nothing is done when the build is newer than the sources.
import { existsSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './run.ts';

/** The last thing that a build writes. */
const manifest = join(root, 'oclif.manifest.json');

/** A package from a registry comes built and without sources; an install without development packages cannot build. */
function reasonToSkip(): string | undefined {
  if (!existsSync(join(root, 'src'))) return 'there are no sources here';
  if (!existsSync(join(root, 'node_modules/typescript'))) return 'the development packages are not installed';
  // `npx srsx` prepares the checkout once more: without this, it would take dist away from a server that runs.
  if (process.argv.includes('--if-needed') && isFresh()) return 'the build is newer than the sources';
  return undefined;
}

function isFresh(): boolean {
  if (!existsSync(manifest)) return false;
  // Folders are looked at too: a file that was deleted changes only them.
  const entries = readdirSync(join(root, 'src'), { recursive: true, withFileTypes: true });
  const paths = entries.map((entry) => join(entry.parentPath, entry.name));
  const sources = [...paths, join(root, 'src'), join(root, 'package.json'), join(root, 'tsconfig.json')];
  const built = statSync(manifest).mtimeMs;
  return sources.every((path) => statSync(path).mtimeMs <= built);
}

function build(): number {
  // Files of modules that are gone would stay commands for ever.
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  rmSync(manifest, { force: true });
  return run('tsc', ['-p', 'tsconfig.build.json']) || run('oclif', ['manifest']);
}

const skip = reasonToSkip();
if (skip === undefined) process.exitCode = build();
else process.stderr.write(`build: nothing done, since ${skip}.\n`);
