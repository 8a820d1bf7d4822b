// What is served from memory by its path: the files that templates name.
import type { StreamName } from '../../media/stream-name.ts';

/** Whose a file is; its vhost is a part of the place. */
export interface ShelfEntry {
  readonly owner: { readonly name: StreamName };
}

/** Bounded by what its owners put there. Two that templates give one path: the newer one is served. */
export class Shelf<Entry extends ShelfEntry> {
  readonly #entries = new Map<string, Entry>();

  put(path: string, entry: Entry): void {
    this.#entries.set(keyOf(entry.owner.name.vhost, path), entry);
  }

  /** Takes it away when it is still this owner's. */
  drop(path: string, owner: Entry['owner']): void {
    const key = keyOf(owner.name.vhost, path);
    if (this.#entries.get(key)?.owner === owner) this.#entries.delete(key);
  }

  /**
   * What a path as received names, in the first of the vhosts that has it.
   *
   * @param vhosts of the request: `vhostsOf`.
   */
  find(path: string, vhosts: readonly string[]): Entry | undefined {
    const place = decodedPath(path);
    for (const vhost of vhosts) {
      const found = this.#entries.get(keyOf(vhost, place));
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

const SLASH = 0x2f;

const keyOf = (vhost: string, path: string): string => `${vhost}\n${path}`;

/** A path as received, without its first slash and its percent-encoding; as it is when that is damaged. */
export function decodedPath(path: string): string {
  // Nearly all names are plain, and this is asked for every segment of every player.
  if (path.charCodeAt(0) === SLASH && !path.includes('%')) return path.slice(1);
  try {
    return decodeURIComponent(path).replace(/^\//, '');
  } catch {
    // Nothing has a name like that: whoever parses paths refuses it in its own words.
    return path.slice(1);
  }
}
