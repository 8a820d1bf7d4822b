// Where the classic form of a stream is: paths by templates, and URIs as its playlist says them.
import { type Micros, toSeconds } from '../../base/time.ts';
import { checkedPath, fillTemplate, relativePath, type TemplateValues } from '../../control/storage/template.ts';
import type { StreamName } from '../../media/stream-name.ts';
import { encodeLevels } from '../../wire/http/stream-path.ts';
import type { NameTemplates } from './config.ts';

/** Paths are below the base directory and below the HTTP server alike. Every method may throw STORAGE_PATH. */
export class Paths {
  readonly playlist: string;
  readonly #name: StreamName;
  readonly #templates: NameTemplates;
  readonly #floor: FloorCounter | undefined;

  /** @param fragment the unit of `[timestamp]` with `floor`. */
  constructor(name: StreamName, templates: NameTemplates, fragment: Micros) {
    this.#name = name;
    this.#templates = templates;
    this.#floor = templates.floor ? new FloorCounter(fragment) : undefined;
    this.playlist = this.#fill(templates.playlist, { wall: 0 });
    // A template that cannot be is told when the stream begins, not with its first segment.
    for (const template of [templates.segment, templates.init, templates.key]) {
      this.#fill(template, { wall: 0, sequence: Number.MAX_SAFE_INTEGER, duration: 0 });
    }
  }

  /** How much longer the next segment should be, so that names keep to the wall's time. */
  readonly correction = (): Micros => this.#floor?.correction ?? 0;

  /** Counts when `[timestamp]` counts fragments: to be called once for each segment, in order. */
  segment(sequence: number, { wall, duration }: { wall: Micros; duration: Micros }): string {
    const timestamp = this.#floor?.next(wall);
    return this.#fill(this.#templates.segment, {
      ...{ wall, sequence, duration },
      ...(timestamp !== undefined && { timestamp }),
    });
  }

  /** What segment `sequence` of an earlier run was called; undefined when its number alone does not say that. */
  byNumber(sequence: number): string | undefined {
    const { segment } = this.#templates;
    const words = [...segment.matchAll(/\[(\w+)\]/g)].map(([, word = '']) => word);
    const fixed = words.every((word) => ['vhost', 'app', 'stream', 'seq'].includes(word)) && words.includes('seq');
    return fixed ? this.#fill(segment, { wall: 0, sequence }) : undefined;
  }

  /** @param sequence of the first segment that needs it: a later one must not replace what older segments need. */
  init(sequence: number, wall: Micros): string {
    const path = this.#fill(this.#templates.init, { wall, sequence });
    return sequence === 0 || this.#templates.init.includes('[seq]') ? path : numbered(path, sequence);
  }

  key(sequence: number, wall: Micros): string {
    return this.#fill(this.#templates.key, { wall, sequence });
  }

  /** A file as the playlist names it, from its own directory. */
  uri(path: string): string {
    return encodeLevels(relativePath(this.playlist, path));
  }

  /** The same for a segment, behind hls_entry_prefix: with its whole path, or without when the prefix ends in a slash. */
  segmentUri(path: string): string {
    const { prefix } = this.#templates;
    if (prefix === '') return this.uri(path);
    return prefix.endsWith('/') ? prefix + this.uri(path) : `${prefix}/${encodeLevels(path)}`;
  }

  /** The path that a URI of an own playlist names; undefined when it is somebody else's. Throws STORAGE_PATH. */
  pathOf(uri: string): string | undefined {
    const { prefix } = this.#templates;
    const [plain = ''] = uri.split('?', 1);
    const here = this.playlist.slice(0, this.playlist.lastIndexOf('/') + 1);
    const ours = prefix !== '' && plain.startsWith(prefix);
    if (!ours && /^([a-z][a-z0-9+.-]*:|\/)/i.test(plain)) return undefined;
    const rest = ours ? plain.slice(prefix.length) : plain;
    const words = decodeLevels(ours && !prefix.endsWith('/') ? rest.replace(/^\//, '') : here + rest);
    return words === undefined ? undefined : checkedPath(resolveUps(words));
  }

  #fill(template: string, values: Omit<TemplateValues, 'name' | 'utc'>): string {
    return checkedPath(fillTemplate(template, { ...values, name: this.#name, utc: this.#templates.utc }));
  }
}

/** Counts the fragments of the wall's time as SRS does: one more for each segment, and a jump when that goes astray. */
class FloorCounter {
  readonly #fragment: Micros;
  #count = 0;
  #deviation = 0;

  constructor(fragment: Micros) {
    this.#fragment = fragment;
  }

  next(wall: Micros): number {
    const now = Math.floor(toSeconds(wall) / toSeconds(this.#fragment));
    this.#count = this.#count === 0 || Math.abs(this.#count + 1 - now) > JUMP ? now : this.#count + 1;
    this.#deviation = this.#count - now;
    return this.#count;
  }

  /** Names that are ahead of the wall make segments longer, those that are behind shorter. */
  get correction(): Micros {
    const part = Math.max(-CORRECTION, Math.min(CORRECTION, this.#deviation * CORRECTION));
    return Math.round(part * this.#fragment);
  }
}

/** SRS: 30 % of a fragment, and 20 fragments. */
const CORRECTION = 0.3;
const JUMP = 20;

function decodeLevels(path: string): string | undefined {
  try {
    return decodeURIComponent(path);
  } catch {
    // A playlist that somebody damaged: its entries are not ours.
    return undefined;
  }
}

/** `a/b/../c` to `a/c`; steps above the top stay, and are refused as any `..`. */
function resolveUps(path: string): string {
  const levels: string[] = [];
  for (const level of path.split('/')) {
    if (level === '..' && levels.length > 0 && levels.at(-1) !== '..') levels.pop();
    else levels.push(level);
  }
  return levels.join('/');
}

function numbered(path: string, number: number): string {
  const dot = path.lastIndexOf('.');
  return dot <= path.lastIndexOf('/') ? `${path}-${number}` : `${path.slice(0, dot)}-${number}${path.slice(dot)}`;
}
