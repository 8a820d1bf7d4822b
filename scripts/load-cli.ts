// The commands as they are in src, without a build or a manifest: for tests and generated papers.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Config } from '@oclif/core';
import { root } from './run.ts';

type LoadOptions = Exclude<Parameters<typeof Config.load>[0], string | Config | undefined>;

/** What makes oclif run src by type stripping. */
export function sourceOptions(): LoadOptions {
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  pjson.oclif = { ...pjson.oclif, commands: './src/commands', helpClass: './src/cli/help' };
  return { root, pjson, isRoot: true, ignoreManifest: true };
}

/** The configuration with all commands of src. */
export const loadConfig = (): Promise<Config> => Config.load(sourceOptions());
