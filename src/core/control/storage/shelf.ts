// What is served from memory by its path: the files that templates name.
import type { StreamName } from '../../media/stream-name.ts';

/** Whose a file is; its vhost is a part of the place. */
export interface ShelfEntry {
  readonly owner: { readonly name: StreamName };
}

/** Bounded by what its owners put there. Two that templates give one path: the newer one is served. */
export class Shelf<Entry extends ShelfEntry> {
  /** By vhost and by path with its first slash: no key is made for a request. */
  readonly #vhosts = new Map<string, Map<string, Entry>>();

  put(path: string, entry: Entry): void {
    const { vhost } = entry.owner.name;
    const entries = this.#vhosts.get(vhost) ?? new Map<string, Entry>();
    this.#vhosts.set(vhost, entries.set(`/${path}`, entry));
  }

  /** Takes it away when it is still this owner's. */
  drop(path: string, owner: Entry['owner']): void {
    const { vhost } = owner.name;
    const entries = this.#vhosts.get(vhost);
    if (entries?.get(`/${path}`)?.owner !== owner) return;
    entries.delete(`/${path}`);
    if (entries.size === 0) this.#vhosts.delete(vhost);
  }

  /**
   * What a path as received names, in the first of the vhosts that has it.
   *
   * @param vhosts of the request: `vhostsOf`.
   */
  find(path: string, vhosts: readonly string[]): Entry | undefined {
    const place = isPlain(path) ? path : `/${decodedPath(path)}`;
    for (const vhost of vhosts) {
      const found = this.#vhosts.get(vhost)?.get(place);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

const SLASH = 0x2f;

/** Nearly all names are, and this is asked for every segment of every player. */
const isPlain = (path: string): boolean => path.charCodeAt(0) === SLASH && !path.includes('%');

/** A path as received, without its first slash and its percent-encoding; as it is when that is damaged. */
export function decodedPath(path: string): string {
  if (isPlain(path)) return path.slice(1);
  try {
    return decodeURIComponent(path).replace(/^\//, '');
  } catch {
    // Nothing has a name like that: whoever parses paths refuses it in its own words.
    return path.slice(1);
  }
}
