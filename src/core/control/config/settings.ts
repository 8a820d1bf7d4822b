// The configuration in force: what every part reads its settings from, and how a part hears of a reload.
import type { Closer } from '../../base/link.ts';
import { type Config, FALLBACK_VHOST, type Section } from './config.ts';
import { loadConfig } from './load.ts';

/**
 * Settings as a part of the server sees them. A part asks when it starts something (a session, a recording), not for
 * each frame: a lookup costs some microseconds. What a part does with a value that changes while it runs is its own
 * affair: it listens with `onChange`, or lets the next session have the new value.
 */
export interface Settings {
  /** Directives outside of vhosts: `root.get('http_api.listen')`. */
  readonly root: Section;
  /** All vhosts as written, in that order. */
  readonly vhosts: readonly Section[];
  /** The vhost that serves a host name: its own, else the fallback vhost; undefined when there is neither. */
  find(name: string): Section | undefined;
  /** The same, with all defaults for a name that nothing serves; for names that were admitted. */
  vhost(name: string): Section;
  /** Calls `on` after each accepted reload. */
  onChange(on: (change: SettingsChange) => void): Closer;
}

/** A reload: compare values by `before.vhost(x).get(path)` and `after.vhost(x).get(path)`. */
export interface SettingsChange {
  readonly before: Settings;
  readonly after: Settings;
}

/** One configuration, with its vhosts found once. */
class Snapshot implements Settings {
  readonly root: Section;
  readonly vhosts: readonly Section[];
  readonly #byName: ReadonlyMap<string, Section>;
  readonly #implied: Section;
  readonly #onChange: Settings['onChange'];

  constructor(config: Config, onChange: Settings['onChange']) {
    this.root = config.root;
    this.vhosts = config.vhosts();
    // The first of two vhosts of one name wins, as in SRS.
    this.#byName = new Map(this.vhosts.toReversed().map((vhost) => [vhost.name, vhost]));
    this.#implied = config.root.implied('vhost', FALLBACK_VHOST);
    this.#onChange = onChange;
  }

  find(name: string): Section | undefined {
    return this.#byName.get(name) ?? this.#byName.get(FALLBACK_VHOST);
  }

  vhost(name: string): Section {
    return this.find(name) ?? this.#implied;
  }

  onChange(on: (change: SettingsChange) => void): Closer {
    return this.#onChange(on);
  }
}

/** The settings of a running server; `replace` is the reload. */
export class LiveSettings implements Settings {
  #snapshot: Snapshot;
  #config: Config;
  readonly #listeners = new Set<(change: SettingsChange) => void>();

  constructor(config: Config) {
    this.#config = config;
    this.#snapshot = this.#take(config);
  }

  /** The whole configuration, for those who print it. */
  get config(): Config {
    return this.#config;
  }

  get root(): Section {
    return this.#snapshot.root;
  }

  get vhosts(): readonly Section[] {
    return this.#snapshot.vhosts;
  }

  find(name: string): Section | undefined {
    return this.#snapshot.find(name);
  }

  vhost(name: string): Section {
    return this.#snapshot.vhost(name);
  }

  onChange(on: (change: SettingsChange) => void): Closer {
    const listener = (change: SettingsChange): void => on(change);
    this.#listeners.add(listener);
    return { close: () => void this.#listeners.delete(listener) };
  }

  /** Puts another configuration in force and tells every part. */
  replace(config: Config): void {
    const before = this.#snapshot;
    this.#config = config;
    this.#snapshot = this.#take(config);
    for (const listener of [...this.#listeners]) listener({ before, after: this.#snapshot });
  }

  #take(config: Config): Snapshot {
    return new Snapshot(config, (on) => this.onChange(on));
  }
}

/** Settings from text in the language of the configuration; without any, all defaults on the fallback vhost. */
export function settingsOf(text = `vhost ${FALLBACK_VHOST} {}`): LiveSettings {
  return new LiveSettings(loadConfig({ text, file: 'srs.conf', read: () => '' }));
}
