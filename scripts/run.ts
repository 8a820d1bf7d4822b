// Runs a program for the other scripts, with its output on the terminal.
import { spawnSync } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';

/** The root of the checkout. */
export const root = dirname(import.meta.dirname);

/** The environment in which installed programs are found first, and the pinned Node with them. */
export const toolEnv = (): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: `${join(root, 'node_modules/.bin')}${delimiter}${process.env['PATH'] ?? ''}`,
});

/** The exit code of a program that was run to its end; 127 when it could not be started, 128 when it was killed. */
export function run(command: string, args: readonly string[], env: NodeJS.ProcessEnv = toolEnv()): number {
  const { status, error } = spawnSync(command, args, { cwd: root, env, stdio: 'inherit' });
  if (error !== undefined) return 127;
  return status ?? 128;
}
