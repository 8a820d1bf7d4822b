// `serve` by a configuration: what -c, -e and -t make of the flags.
import { Flags, type Interfaces } from '@oclif/core';
import type { Config, Log } from '../core/index.ts';
import { type ConfigChoice, chooseConfig, configFlags, noticeText, readConfig } from './read-config.ts';
import { serveFlags } from './serve-flags.ts';
import { usage } from './units.ts';

/** SRS's flags of a server that has a configuration. */
export const planFlags = {
  ...configFlags,
  test: Flags.boolean({ char: 't', summary: 'Only check the configuration, and end.' }),
  'srs-version': Flags.boolean({
    char: 'v',
    charAliases: ['V'],
    summary: 'Print the release of SRS whose configuration and API these are, and end.',
  }),
  signature: Flags.boolean({ char: 'g', charAliases: ['G'], summary: 'Print the signature of the server, and end.' }),
};

/** Flags that a configuration does not speak of. */
const beside = ['demo', 'hls-low-latency'];

/** Flags that stand above a configuration, by setting their variable; and the variable that turns on what they address. */
const above: Readonly<Record<string, { readonly enable?: string }>> = {
  'rtmp-listen': {},
  'http-listen': { enable: 'SRS_HTTP_SERVER_ENABLED' },
  'api-listen': { enable: 'SRS_HTTP_API_ENABLED' },
};

type ServeFlag = keyof typeof serveFlags;
const serveFlagNames = Object.keys(serveFlags) as ServeFlag[];

/** How the command line names a flag, if it does: `--rtmp-listen`, `--no-hls`, `-p`. */
function spelled(name: ServeFlag, argv: readonly string[]): string | undefined {
  const { aliases = [], char }: Interfaces.FlagInput[string] = serveFlags[name];
  const long = [name, `no-${name}`, ...aliases].map((one) => `--${one}`);
  const found = long.find((one) => argv.some((arg) => arg === one || arg.startsWith(`${one}=`)));
  return found ?? (char !== undefined && argv.some((arg) => arg.startsWith(`-${char}`)) ? `-${char}` : undefined);
}

/** A configuration, and how to read it again. */
export interface ConfigPlan {
  readonly config: Config;
  /** Throws ConfigError. Remarks go to the log. */
  readonly read: (log: Log, overlay?: string) => Config;
}

/**
 * What the flags name; undefined when they name none. A flag that could contradict the configuration is a usage error.
 */
export function planFromFlags(
  flags: ConfigChoice & { readonly test: boolean },
  argv: readonly string[],
  log: Log,
): ConfigPlan | undefined {
  if (chooseConfig(flags) === undefined && !flags.test) return undefined;
  const [clash] = serveFlagNames
    .filter((name) => !beside.includes(name) && above[name] === undefined)
    .flatMap((name) => spelled(name, argv) ?? []);
  if (clash !== undefined) throw usage(`${clash} does not go with a configuration: write it into the configuration.`);
  const variables = variablesOf(flags, argv);
  const read = (to: Log, overlay?: string): Config => {
    const config = readConfig(flags, { ...process.env, ...variables }, overlay);
    for (const notice of config.notices) to.warn('config', noticeText(notice));
    return config;
  };
  return { config: read(log), read };
}

/** The addresses that the command line names. */
function variablesOf(flags: object, argv: readonly string[]): Record<string, string> {
  const given = serveFlagNames.filter((name) => above[name] !== undefined && spelled(name, argv) !== undefined);
  return Object.fromEntries(
    given.flatMap((name): [string, string][] => {
      const words = (flags as Record<string, unknown>)[name];
      const value = Array.isArray(words) ? words.join(' ') : String(words);
      const variables = [serveFlags[name].env, above[name]?.enable].filter((variable) => variable !== undefined);
      return variables.map((variable, index) => [variable, index === 0 ? value : 'on']);
    }),
  );
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
