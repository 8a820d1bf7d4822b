// Effective values in words, each with its origin: what `config show` and `config explain` print.
import type { Config, Origin, Section } from './config.ts';
import { configErrors } from './errors.ts';
import { findPath } from './names.ts';
import { type Path, schema } from './schema/index.ts';
import { type Setting, type Status, showValue } from './setting.ts';

/** A directive with its effective value. */
export interface ShownValue {
  readonly directive: Path;
  /** The vhost of the value; empty outside of vhosts. */
  readonly vhost: string;
  /** In the form of the file. */
  readonly value: string;
  /** Where it comes from, as a sentence part: `srs.conf:12`, `SRS_LISTEN`, `default`. */
  readonly from: string;
}

/** The same with its declaration. */
export interface ExplainedValue extends ShownValue {
  readonly type: string;
  readonly default: string;
  readonly variables: readonly string[];
  readonly says: string;
  readonly status: string;
}

/** Values that are set, or with `all` every value; the blocks that may repeat within a vhost are left out. */
export function listValues(config: Config, { all = false } = {}): ShownValue[] {
  const paths = Object.keys(schema) as Path[];
  const globals = paths.filter((path) => !/^(vhost|stream_caster)\.|^include$/.test(path));
  const ofVhosts = paths.filter((path) => /^vhost\.(?!ingest\.|transcode\.)/.test(path));
  const set = ({ from }: ShownValue): boolean => from !== 'default' && !from.startsWith('same as ');
  return [
    ...globals.map((path) => shown(config.root, path)),
    ...config.vhosts().flatMap((vhost) => ofVhosts.map((path) => shown(vhost, path))),
  ].filter((value) => all || set(value));
}

/**
 * All about one directive, whose last words suffice (`hls_fragment`); of a vhost's one, in the vhost that serves
 * `vhost`.
 *
 * Errors: CONFIG_ASK for what is not a directive, or has no single value.
 */
export function explainValue(config: Config, asked: string, vhost: string): ExplainedValue {
  const directive = findPath(asked);
  if (/^(stream_caster|vhost\.ingest|vhost\.transcode)\./.test(directive)) {
    const nearest = 'It is in a block that may stand several times, so that it has no single value. ';
    throw configErrors.config('ASK', { directive, nearest });
  }
  const setting: Setting = schema[directive];
  const ofVhost = config.vhost(vhost) ?? config.root.implied('vhost', vhost);
  const scope = directive.startsWith('vhost.') ? ofVhost : config.root;
  const { type, says, env: variables = [] } = setting;
  const known = { directive, type, says, variables, default: showDefault(setting), status: showStatus(setting.status) };
  return { ...known, ...shown(scope, directive) };
}

function shown(scope: Section, directive: Path): ShownValue {
  const { value, origin } = scope.look(directive);
  return { directive, vhost: scope.name, value: showValue(value), from: showOrigin(origin) };
}

/** An origin in words. */
export function showOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'file':
      return origin.line > 0 ? `${origin.file}:${origin.line}` : '-e';
    case 'environment':
      return origin.name;
    case 'same':
      return `same as ${origin.path} (${showOrigin(origin.of)})`;
    case 'default':
      return 'default';
  }
}

/** The default in words; empty for no value. */
export const showDefault = ({ default: value, defaultText }: Setting): string => defaultText ?? showValue(value);

/** A status in words. */
export function showStatus(status: Status): string {
  switch (status.kind) {
    case 'supported':
    case 'not yet':
      return status.kind;
    case 'accepted':
      return `accepted without effect: ${status.why}`;
  }
}
