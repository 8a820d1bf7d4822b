// How a directive is declared: type, default, environment variable, one sentence, and what srsx does with it.
import type { Directive } from './directive.ts';

/** What srsx does with a directive; docs/config.md prints it. */
export type Status =
  | { readonly kind: 'supported' }
  /** Read and checked, but changes nothing: `why`. */
  | { readonly kind: 'accepted'; readonly why: string }
  /** Read and checked; the part that uses it is not there. */
  | { readonly kind: 'not yet' };

/** How the words behind a directive become a value. */
export type Kind =
  | 'on only for on'
  | 'off only for off'
  | 'int'
  | 'float'
  | 'text'
  | 'list'
  | 'endpoints'
  | 'rules'
  | 'block';

/** Reads the value of another directive in the same scope or the root, for defaults that depend on it. */
export type Peek = (path: string) => unknown;

/** One directive as it is declared. */
export interface Setting<Value = unknown> {
  readonly kind: Kind;
  readonly default: Value;
  /** The default in words, where a value does not tell it. */
  readonly defaultText?: string;
  /** As the operator reads it: `int ms`, `path`, `full/zero/off`. */
  readonly type: string;
  /** One sentence on what it does. */
  readonly says: string;
  readonly status: Status;
  /** Environment variables that set it, the first one first; filled in by `block` where none are named. */
  readonly env?: readonly string[];
  /** The directive whose value is the default, if any. */
  readonly follows?: (peek: Peek) => string | undefined;
  /** srsx's own: SRS does not know it. */
  readonly own?: boolean;
  /** A value `$NAME` is read from that variable, and is `*` when it is not set. */
  readonly indirect?: boolean;
}

/** Parts of a declaration that most settings do not need. */
export type Extras = Partial<Pick<Setting, 'defaultText' | 'env' | 'follows' | 'indirect' | 'type'>>;

const make = <Value>(kind: Kind, type: string, value: Value, says: string, extras: Extras = {}): Setting<Value> => ({
  kind,
  type,
  default: value,
  says,
  status: { kind: 'not yet' },
  ...extras,
});

/** A switch. Whether other words than on and off mean on or off follows from its default, as in SRS. */
export const toggle = (value: boolean, says: string, extras?: Extras & { readonly kind?: Kind }): Setting<boolean> =>
  make(value ? 'off only for off' : 'on only for on', 'switch', value, says, extras);

/** A whole number; `unit` is what the operator writes it in. */
export const int = (value: number, unit: string, says: string, extras?: Extras): Setting<number> =>
  make('int', `int ${unit}`.trim(), value, says, extras);

/** A number with a fraction. */
export const float = (value: number, unit: string, says: string, extras?: Extras): Setting<number> =>
  make('float', `float ${unit}`.trim(), value, says, extras);

/** One word: `type` says of what form. */
export const text = (value: string, type: string, says: string, extras?: Extras): Setting<string> =>
  make('text', type, value, says, extras);

/** All words behind the directive. */
export const list = (
  value: readonly string[],
  type: string,
  says: string,
  extras?: Extras,
): Setting<readonly string[]> => make('list', type, value, says, extras);

/** Where to listen: `port`, `ip:port` or `[ipv6]:port`, several allowed; each is checked. */
export const endpoints = (value: readonly string[], says: string, extras?: Extras): Setting<readonly string[]> =>
  make('endpoints', 'endpoint list', value, says, extras);

/** A directive that may be repeated; the value has the words of each. */
export const rules = (type: string, says: string, extras?: Extras): Setting<readonly (readonly string[])[]> =>
  make('rules', type, [], says, extras);

/** A block whose content is not made of directives, or which may be repeated; the value has each. */
export const blocks = (type: string, says: string, extras?: Extras): Setting<readonly Directive[]> =>
  make('block', type, [], says, extras);

/** The same setting, used by srsx. */
export const supported = <Value>(setting: Setting<Value>): Setting<Value> => ({
  ...setting,
  status: { kind: 'supported' },
});

/** A directive that SRS does not have, used by srsx. */
export const own = <Value>(setting: Setting<Value>): Setting<Value> => ({ ...supported(setting), own: true });

/** The same setting, read without effect. */
export const accepted = <Value>(why: string, setting: Setting<Value>): Setting<Value> => ({
  ...setting,
  status: { kind: 'accepted', why },
});

/** The settings of a block by their paths. */
export type Paths<Path extends string, Settings> = {
  readonly [Name in keyof Settings & string as Path extends '' ? Name : `${Path}.${Name}`]: Settings[Name];
};

/**
 * Puts the settings of a block under its path, and gives each the variable that SRS's rule names: the path in upper
 * case with _ for the dots, behind SRS_. `env: false` for blocks that have no variables.
 */
export function block<const Path extends string, Settings extends Readonly<Record<string, Setting>>>(
  path: Path,
  settings: Settings,
  { env = true }: { env?: boolean } = {},
): Paths<Path, Settings> {
  const entries = Object.entries(settings).map(([name, setting]) => {
    const full = path === '' ? name : `${path}.${name}`;
    return [full, { ...setting, env: setting.env ?? (env ? [envName(full)] : []) }];
  });
  return Object.fromEntries(entries) as Paths<Path, Settings>;
}

/** `vhost.hls.hls_window` is set by `SRS_VHOST_HLS_HLS_WINDOW`. */
export const envName = (path: string): string => `SRS_${path.toUpperCase().replaceAll('.', '_')}`;

/** A default as text, in the form of the file. */
export function showValue(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (Array.isArray(value)) return value.map((item) => (Array.isArray(item) ? item.join(' ') : String(item))).join(' ');
  return String(value);
}
