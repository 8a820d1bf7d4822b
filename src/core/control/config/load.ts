// The door: text and environment in, a checked configuration or a ConfigError out.
import { checkValues, type Machine } from './check.ts';
import { Config, type Environment, FALLBACK_VHOST, Section } from './config.ts';
import type { Directive, Notice } from './directive.ts';
import { configErrors } from './errors.ts';
import { checkNames } from './names.ts';
import { overlaid, overlayPath } from './overlay.ts';
import { parseConfig, type ReadFile } from './parse.ts';
import { rewriteOldForms } from './rewrite.ts';
import { settingAt } from './schema/index.ts';
import { strayVariables } from './variables.ts';

/** What a configuration is made of. */
export interface ConfigSource {
  /** Its name in messages, and its path when there is no `text`. */
  readonly file?: string;
  readonly text?: string;
  readonly read: ReadFile;
  readonly environment?: Environment;
  /** SRS's -e: no file is read, the process stays in the foreground and logs to the console. */
  readonly environmentOnly?: boolean;
  readonly machine?: Machine;
  /** The text of the overlay (http_api.overlay) to try; without it, its file is read. */
  readonly overlay?: string;
}

/** Stands for a file in messages about a configuration that has none. */
const NO_FILE = '(environment)';

/**
 * Reads, rewrites and checks a configuration.
 *
 * Errors: the ConfigErrors of table CONFIG, and nothing else.
 */
export function loadConfig(source: ConfigSource): Config {
  const { environment = {}, environmentOnly = false } = source;
  const file = environmentOnly ? NO_FILE : (source.file ?? 'srs.conf');
  const { tree: written, notices } = rewriteOldForms(environmentOnly ? withoutFile() : parse(source, file));
  const tree = withOverlay(written, file, source);
  if (tree.length === 0) throw configErrors.config('EMPTY', { file, line: 1 });
  const named = checkNames(tree);
  const root = new Section('', { name: '', args: [], file, line: 1, children: tree }, environment);
  const config = new Config(root, []);
  const doubtful = checkValues(config, source.machine);
  const unused = unusedDirectives(tree, '');
  return new Config(root, [...notices, ...named, ...doubtful, ...unused, ...strayVariables(environment)]);
}

function parse({ text, read }: ConfigSource, file: string): Directive[] {
  if (text !== undefined) return parseConfig(text, file, read);
  let content: string;
  try {
    content = read(file);
  } catch (error) {
    const why = `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw configErrors.config('READ', { file, why }, error);
  }
  return parseConfig(content, file, read);
}

/** What was set through the API lies over what is written, where a file for it is named. */
function withOverlay(tree: readonly Directive[], place: string, { environment = {}, overlay, read }: ConfigSource) {
  const file = overlayPath(new Section('', { name: '', args: [], file: place, line: 1, children: tree }, environment));
  if (file === '') return tree;
  return overlaid(tree, overlay ?? readIfThere(file, read), file);
}

function readIfThere(file: string, read: ReadFile): string {
  try {
    return read(file);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return '';
    const why = `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    throw configErrors.config('READ', { file, why }, error);
  }
}

/** SRS: -e means `daemon off`, the log on the console and one vhost for all, unless the environment says otherwise. */
function withoutFile(): Directive[] {
  const place = { file: NO_FILE, line: 0 };
  return [
    { ...place, name: 'daemon', args: ['off'] },
    { ...place, name: 'srs_log_tank', args: ['console'] },
    { ...place, name: 'vhost', args: [FALLBACK_VHOST], children: [] },
  ];
}

/** Directives that are written and change nothing here; each is told once, with the reason. */
function unusedDirectives(tree: readonly Directive[], block: string, told = new Set<string>()): Notice[] {
  return tree.flatMap((directive): Notice[] => {
    const { file, line, name, children } = directive;
    const path = block === '' ? name : `${block}.${name}`;
    const status = settingAt(path)?.status;
    const own: Notice[] = [];
    // What asks srsx not to do something that it does not do anyway is heard.
    const off = directive.args[0] === 'off' && (status?.kind === 'accepted' || name === 'enabled');
    if (status !== undefined && status.kind !== 'supported' && line > 0 && !off && !told.has(path)) {
      told.add(path);
      const why = status.kind === 'not yet' ? 'srsx does not use it yet' : `has no effect: ${status.why}`;
      own.push({ file, line, directive: path, text: why });
    }
    return [...own, ...unusedDirectives(children ?? [], path, told)];
  });
}
