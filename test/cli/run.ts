// Runs commands for the tests: in this process from src, or as the built program.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { runCommand } from '@oclif/test';
import { sourceOptions } from '../../scripts/load-cli.ts';
import { root } from '../../scripts/run.ts';

export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command from src in this process, with the code it would exit with. */
export async function srsx(...args: string[]): Promise<Outcome> {
  process.exitCode = undefined;
  // Quoted, because oclif splits at blanks.
  const quoted = args.map((arg) => (/\s/.test(arg) ? `"${arg}"` : arg));
  const { error, stdout, stderr } = await runCommand(quoted, sourceOptions());
  const code = error?.oclif?.exit ?? (error === undefined ? Number(process.exitCode ?? 0) : 1);
  // The test runner must not end with it.
  process.exitCode = undefined;
  return { code, stdout, stderr };
}

export interface Running {
  /** The first line on stdout, or everything there when it ended without one. */
  readonly firstLine: Promise<string>;
  readonly ended: Promise<Outcome>;
  signal(name: NodeJS.Signals): void;
}

/** The built program, as a user starts it. */
export function start(
  args: readonly string[],
  { nodeArgs = [], env = {}, program = join(root, 'bin/run.js'), cwd }: StartOptions = {},
): Running {
  const child = spawn(process.execPath, [...nodeArgs, program, ...args], {
    env: { ...process.env, NO_COLOR: '1', ...env },
    ...(cwd !== undefined && { cwd }),
  });
  let stdout = '';
  let stderr = '';
  const line = Promise.withResolvers<string>();
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    if (stdout.includes('\n')) line.resolve(stdout.slice(0, stdout.indexOf('\n')));
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = new Promise<Outcome>((resolve) => {
    child.on('close', (code) => {
      line.resolve(stdout);
      resolve({ code: code ?? -1, stdout, stderr });
    });
  });
  return { firstLine: line.promise, ended, signal: (name) => child.kill(name) };
}

export interface StartOptions {
  readonly nodeArgs?: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Another path of the program, such as a link. */
  readonly program?: string;
  /** Its working directory. */
  readonly cwd?: string;
}
