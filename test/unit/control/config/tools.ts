// Configurations from text, with includes from a map.
import { ConfigError } from '../../../../src/core/base/errors.ts';
import type { Config, Environment } from '../../../../src/core/control/config/config.ts';
import type { Directive } from '../../../../src/core/control/config/directive.ts';
import { type ConfigSource, loadConfig } from '../../../../src/core/control/config/load.ts';
import { parseConfig } from '../../../../src/core/control/config/parse.ts';

export type Files = Readonly<Record<string, string>>;

export const readFrom = (files: Files) => (path: string) => {
  const text = files[path];
  if (text === undefined) throw Object.assign(new Error('no such file'), { code: 'ENOENT' });
  return text;
};

export const parse = (text: string, files: Files = {}): Directive[] => parseConfig(text, 'a.conf', readFrom(files));

export const load = (text: string, environment: Environment = {}, more: Partial<ConfigSource> = {}): Config =>
  loadConfig({ file: 'a.conf', text, environment, read: readFrom({}), ...more });

/** The tree as nested arrays: `['vhost', 'a', [['hls', []]]]`. */
export const plain = (tree: readonly Directive[]): unknown[] =>
  tree.map(({ name, args, children }) => [name, ...args, ...(children === undefined ? [] : [plain(children)])]);

/** The ConfigError that `run` throws, as code and sentence. */
export function fault(run: () => unknown): { code: string; text: string; advice: string } {
  try {
    run();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return { code: error.code, text: error.message, advice: error.advice };
  }
  throw new Error('nothing was thrown');
}
