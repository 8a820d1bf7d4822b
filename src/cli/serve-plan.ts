// `serve` by a configuration: what -c, -e and -t make of the flags.
import { Flags, type Interfaces } from '@oclif/core';
import { type Log, planServe, type ServePlan } from '../core/index.ts';
import { type ConfigChoice, chooseConfig, configFlags, noticeText, readConfig } from './read-config.ts';
import { serveFlags } from './serve-flags.ts';
import { usage } from './units.ts';

/** SRS's flags of a server that has a configuration. */
export const planFlags = {
  ...configFlags,
  test: Flags.boolean({ char: 't', summary: 'Only check the configuration, and end.' }),
};

/** Flags that a configuration does not speak of. */
const beside = ['demo', 'hls-low-latency'];

/**
 * What the configuration says that the flags name; undefined when they name none. Remarks on it go to the log. A flag
 * that could contradict the configuration is a usage error.
 */
export function planFromFlags(
  flags: ConfigChoice & { readonly test: boolean },
  argv: readonly string[],
  log: Log,
): ServePlan | undefined {
  if (chooseConfig(flags) === undefined && !flags.test) return undefined;
  const clash = Object.entries(serveFlags)
    .filter(([name]) => !beside.includes(name))
    .flatMap(([name, { aliases = [] }]) => [name, `no-${name}`, ...aliases.map(String)])
    .find((name) => argv.some((arg) => arg === `--${name}` || arg.startsWith(`--${name}=`)));
  if (clash !== undefined) throw usage(`--${clash} does not go with a configuration: write it into the configuration.`);
  const config = readConfig(flags);
  const plan = planServe(config);
  for (const notice of [...config.notices, ...plan.notices]) log.warn('config', noticeText(notice));
  return plan;
}

/**
 * The flags of a server: beside a configuration, without the variables of the environment, which the configuration
 * reads itself by its own rules.
 */
export function flagsBeside(argv: readonly string[], flags: Interfaces.FlagInput): Interfaces.FlagInput {
  const named = argv.some((arg) => /^(-[cet]|--config(=|$)|--env-only$|--test$)/.test(arg));
  if (!named && chooseConfig({}) === undefined) return flags;
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => {
      const { env: _, ...rest } = flag;
      return [name, rest as typeof flag];
    }),
  );
}
