// Effective values: environment before file before default, and where each comes from.
import { assert } from '../../base/errors.ts';
import { childrenOf, type Directive, type Notice, type Place } from './directive.ts';
import { type Path, settingAt, type ValueOf } from './schema/index.ts';
import type { Setting } from './setting.ts';
import { toFloat, toInt, toSwitch, toWords } from './value.ts';

/** Variables of the environment; read on every lookup, empty ones count as not set. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a value comes from. `path` of `same` is the directive that it follows, whose own origin is `of`. */
export type Origin =
  | ({ readonly kind: 'file' } & Place)
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'same'; readonly path: string; readonly of: Origin }
  | { readonly kind: 'default' };

/** A value with its origin. */
export interface Found<Value = unknown> {
  readonly value: Value;
  readonly origin: Origin;
}

/** The vhost that serves names without a vhost of their own. */
export const FALLBACK_VHOST = '__defaultVhost__';

/** One array for all, since the index of children is kept by it. */
const nothing: readonly Directive[] = [];

/** Paths of the blocks that may stand several times, each with values of its own. */
export const repeatedBlocks = [
  'vhost',
  'stream_caster',
  'vhost.ingest',
  'vhost.ingest.engine',
  'vhost.transcode',
  'vhost.transcode.engine',
] as const;

/** Paths outside of vhosts and stream casters. */
export type GlobalPath = Exclude<Path, `vhost.${string}` | `stream_caster.${string}`>;

/** A scope for lookups: the root, a vhost, an ingest ... */
export class Section {
  /** Empty for the root. */
  readonly path: string;
  /** The first word behind the block's name. */
  readonly name: string;
  /** Where the block was written. */
  readonly place: Place;
  readonly #children: readonly Directive[];
  readonly #environment: Environment;
  readonly #root: Section;

  constructor(path: string, directive: Directive, environment: Environment, root?: Section) {
    this.path = path;
    this.name = directive.args[0] ?? '';
    this.place = { file: directive.file, line: directive.line };
    this.#children = directive.children ?? nothing;
    this.#environment = environment;
    this.#root = root ?? this;
  }

  /** The effective value of a directive of this scope, by its whole path. */
  get<P extends Path>(path: P): ValueOf<P> {
    return this.look(path).value;
  }

  /** The same with its origin. */
  look<P extends Path>(path: P): Found<ValueOf<P>> {
    return this.#look(path) as Found<ValueOf<P>>;
  }

  /** The value when somebody wrote it, in the file or the environment: what srsx does by itself may be better than SRS's default. */
  written<P extends Path>(path: P): ValueOf<P> | undefined {
    const { value, origin } = this.look(path);
    return origin.kind === 'default' ? undefined : value;
  }

  /** The blocks of a repeated kind, such as `vhost.ingest`, in the order of writing. */
  sections(path: (typeof repeatedBlocks)[number]): Section[] {
    const steps = this.#stepsTo(path);
    const name = steps.pop() ?? '';
    return childrenOf(this.#descend(steps), name)
      .filter((child) => child.children !== undefined)
      .map((child) => new Section(path, child, this.#environment, this.#root));
  }

  /** A block that nobody wrote: the environment and the defaults say all of it. */
  implied(path: (typeof repeatedBlocks)[number], name: string): Section {
    const directive = { ...this.place, name: path, args: [name], children: nothing };
    return new Section(path, directive, this.#environment, this.#root);
  }

  /** How often a directive stands directly in this scope. */
  count(name: string): number {
    return childrenOf(this.#children, name).length;
  }

  #look(path: string): Found {
    const setting = settingAt(path);
    assert(setting !== undefined, `${path} is in the schema`);
    return this.#fromEnvironment(setting) ?? this.#fromFile(path, setting) ?? this.#fromDefault(setting);
  }

  #fromEnvironment(setting: Setting): Found | undefined {
    for (const name of setting.env ?? []) {
      const text = this.#environment[name];
      if (text === undefined || text === '') continue;
      const words = setting.kind === 'list' || setting.kind === 'endpoints' ? toWords(text) : [text];
      return { value: this.#toValue(setting, words), origin: { kind: 'environment', name } };
    }
    return undefined;
  }

  #fromFile(path: string, setting: Setting): Found | undefined {
    const steps = this.#stepsTo(path);
    const name = steps.pop() ?? '';
    const all = childrenOf(this.#descend(steps), name);
    const first = all[0];
    if (first === undefined) return undefined;
    const origin: Origin = { kind: 'file', file: first.file, line: first.line };
    if (setting.kind === 'block') return { value: all, origin };
    if (setting.kind === 'rules') return { value: all.map(({ args }) => args), origin };
    // As in SRS: a directive without a word counts as not written.
    if (first.args.length === 0) return undefined;
    return { value: this.#toValue(setting, first.args), origin };
  }

  #fromDefault(setting: Setting): Found {
    const followed = setting.follows?.((path) => this.#lookFromHere(path).value);
    if (followed === undefined) return { value: setting.default, origin: { kind: 'default' } };
    const { value, origin } = this.#lookFromHere(followed);
    return { value, origin: { kind: 'same', path: followed, of: origin } };
  }

  #lookFromHere(path: string): Found {
    return path.startsWith(`${this.path}.`) ? this.#look(path) : this.#root.#look(path);
  }

  #toValue(setting: Setting, words: readonly string[]): unknown {
    const first = this.#resolve(setting, words[0] ?? '');
    switch (setting.kind) {
      case 'on only for on':
      case 'off only for off':
        return toSwitch(first, setting.kind);
      case 'int':
        return toInt(first);
      case 'float':
        return toFloat(first);
      case 'text':
        return first;
      case 'list':
      case 'endpoints':
        return words.map((word) => this.#resolve(setting, word));
      case 'rules':
        return [words];
      case 'block':
        return [];
    }
  }

  /** `$NAME` stands for that variable; `*`, every address, when it is not set. */
  #resolve({ indirect }: Setting, word: string): string {
    if (indirect !== true || !word.startsWith('$')) return word;
    return this.#environment[word.slice(1)] || '*';
  }

  #descend(steps: readonly string[]): readonly Directive[] {
    let here = this.#children;
    for (const step of steps) here = childrenOf(here, step)[0]?.children ?? nothing;
    return here;
  }

  #stepsTo(path: string): string[] {
    const inside = this.path === '' || path.startsWith(`${this.path}.`);
    assert(inside, `${path} is within ${this.path}`);
    return (this.path === '' ? path : path.slice(this.path.length + 1)).split('.');
  }
}

/** A whole configuration that passed the checks. */
export class Config {
  readonly root: Section;
  /** What the operator should know: dropped, unused and doubtful directives. */
  readonly notices: readonly Notice[];

  constructor(root: Section, notices: readonly Notice[]) {
    this.root = root;
    this.notices = notices;
  }

  /** The effective value of a directive outside of vhosts. */
  global<P extends GlobalPath>(path: P): ValueOf<P> {
    return this.root.get(path);
  }

  /** All vhosts, in the order of writing. */
  vhosts(): Section[] {
    return this.root.sections('vhost');
  }

  /**
   * The vhost of exactly this name, else the fallback vhost, else undefined. Nothing is inherited: what a vhost does
   * not say has the default of the schema.
   */
  vhost(name: string): Section | undefined {
    const all = this.vhosts();
    return all.find((vhost) => vhost.name === name) ?? all.find((vhost) => vhost.name === FALLBACK_VHOST);
  }

  /** The inputs of other protocols. */
  streamCasters(): Section[] {
    return this.root.sections('stream_caster');
  }
}
