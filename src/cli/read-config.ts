// The configuration that a command is told of: a file (-c), or the environment alone (-e), on this machine.
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { resolve } from 'node:path';
import { Flags } from '@oclif/core';
import { type Config, type ConfigNotice, loadConfig } from '../core/index.ts';

/** The flags that name a configuration, as SRS has them. SRS_CONFIG_FILE and SRS_ENV_ONLY stand above both. */
export const configFlags = {
  config: Flags.string({ char: 'c', summary: "Configuration in SRS's language.", helpValue: 'FILE' }),
  'env-only': Flags.boolean({ char: 'e', summary: 'Read no file, only the SRS_ variables of the environment.' }),
};

/** Parsed `configFlags`. */
export interface ConfigChoice {
  readonly config?: string | undefined;
  readonly 'env-only'?: boolean | undefined;
}

/** Where the configuration is; undefined: nobody said, and a server has its flags. */
export function chooseConfig(flags: ConfigChoice): { readonly file?: string; readonly envOnly: boolean } | undefined {
  if (flags['env-only'] === true || process.env['SRS_ENV_ONLY']) return { envOnly: true };
  const file = process.env['SRS_CONFIG_FILE'] || flags.config;
  return file === undefined ? undefined : { file, envOnly: false };
}

/** Where the process was started: what the command line names is relative to it, whatever work_dir says. */
const startedIn = process.cwd();

/** The path of the configuration as the command line names it, from anywhere. */
export const noticeFile = (file: string): string => resolve(startedIn, file);

/** Loads what the flags name; the environment alone when they name nothing. Throws ConfigError. */
export function readConfig(
  flags: ConfigChoice,
  environment: NodeJS.ProcessEnv = process.env,
  overlay?: string,
): Config {
  const { file, envOnly } = chooseConfig(flags) ?? { envOnly: true };
  return loadConfig({
    ...(file !== undefined && { file: process.cwd() === startedIn ? file : noticeFile(file) }),
    read: (path) => readFileSync(path, 'utf8'),
    environment,
    environmentOnly: envOnly,
    machine: readMachine(),
    ...(overlay !== undefined && { overlay }),
  });
}

/** `srs.conf:12: daemon has no effect: ...`. */
export const noticeText = ({ file, line, directive, text }: ConfigNotice): string =>
  line > 0 ? `${file}:${line}: ${directive} ${text}` : `${directive} ${text}`;

/** What the checks ask; a machine that has only loopback, or no /proc, is not asked. */
function readMachine(): { addresses?: number; openFiles?: number } {
  const external = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal }) => !internal).length;
  const openFiles = readOpenFiles();
  return { ...(external > 0 && { addresses: external }), ...(openFiles !== undefined && { openFiles }) };
}

function readOpenFiles(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    // Only Linux has this file.
    return undefined;
  }
}
