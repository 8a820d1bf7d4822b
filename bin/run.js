#!/usr/bin/env node
// The installed entry point. It must parse on any Node that knows modules, so that an old one gets a sentence and not
// a stack trace: everything that needs a newer Node is imported only after the check.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import module from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import v8 from 'node:v8';

const NEEDED = [22, 12];
/** Set for the second start, so that a bundled Node that is too old as well cannot start itself for ever. */
const RESTARTED = 'SRSX_RESTARTED';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

function newEnough() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

/** A Node that came with the package, as in a checkout, or beside it, as in a project that depends on both. */
function bundledNode() {
  if (process.env[RESTARTED] !== undefined) return undefined;
  const name = process.platform === 'win32' ? 'node.exe' : 'node';
  return [join(root, 'node_modules/node/bin', name), join(root, '../node/bin', name)].find((path) => existsSync(path));
}

/** Hands over to another Node: same arguments, same terminal, signals passed on, same end. */
function restart(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit', env: { ...process.env, [RESTARTED]: '1' } });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1']) {
    // A terminal sends ctrl-C and ctrl-\ to the whole group, the child included: passing them on would count as the second.
    const typed = process.stdin.isTTY && ['SIGINT', 'SIGQUIT'].includes(signal);
    process.on(signal, () => (typed ? undefined : child.kill(signal)));
  }
  child.on('error', (error) => refuse(`${node} does not start: ${error.message}.`));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGKILL' ? 137 : 1);
  });
}

function refuse(why) {
  const needed = NEEDED.join('.');
  fail(
    `srsx needs Node.js ${needed} or newer. ${why} Get one from https://nodejs.org, or run \`npm install node@24\` here.`,
  );
}

function fail(sentence) {
  process.stderr.write(`${sentence}\n`);
  process.exitCode = 1;
}

async function start() {
  if (!existsSync(join(root, 'dist'))) return fail('srsx is not built yet: run `npm run build`.');
  // The heap of the young stays small: letting it grow costs a server 20 KiB of memory for each HTTP player that ever
  // came, and saves nothing, because the hot path makes little garbage (docs/performance.md).
  v8.setFlagsFromString('--semi-space-growth-factor=1');
  module.enableCompileCache?.();
  // A link named srs takes SRS's own command line.
  const args = basename(process.argv[1]) === 'srs' ? ['serve', ...srsArgs(process.argv.slice(2))] : undefined;
  const { execute } = await import('@oclif/core');
  await execute({ dir: import.meta.url, ...(args && { args }) });
}

/** SRS reads only the first letter of --version, and shows its help when it is told nothing. */
function srsArgs(args) {
  if (args.length === 0) return ['--help'];
  return args.map((arg) => (arg === '--version' ? '-v' : arg === '-?' ? '--help' : arg));
}

const bundled = newEnough() ? undefined : bundledNode();
if (newEnough()) await start();
else if (bundled !== undefined) restart(bundled);
else refuse(`This is ${process.version} (${process.execPath}).`);
