// What is served from memory by its path: the files that templates name.
import { DEFAULT_VHOST, type StreamName } from '../../media/stream-name.ts';
import type { HttpRequest } from '../../wire/http/exchange.ts';
import { requestedVhost } from '../../wire/http/stream-path.ts';
import type { Settings } from '../config/settings.ts';

/** Whose a file is; its vhost is a part of the place. */
export interface ShelfEntry {
  readonly owner: { readonly name: StreamName };
}

/** Bounded by what its owners put there. Two that templates give one path: the newer one is served. */
export class Shelf<Entry extends ShelfEntry> {
  readonly #entries = new Map<string, Entry>();

  get size(): number {
    return this.#entries.size;
  }

  put(path: string, entry: Entry): void {
    this.#entries.set(keyOf(entry.owner.name.vhost, path), entry);
  }

  /** Takes it away when it is still this owner's. */
  drop(path: string, owner: Entry['owner']): void {
    const key = keyOf(owner.name.vhost, path);
    if (this.#entries.get(key)?.owner === owner) this.#entries.delete(key);
  }

  /**
   * What a request names: in the vhost that it asks for, the one that serves that name, or the default one.
   *
   * @param session the vhost of the session that it names: URIs in playlists do not repeat `?vhost=`.
   */
  find(request: HttpRequest, settings: Pick<Settings, 'find'>, session?: string): Entry | undefined {
    const path = decodedPath(request.path);
    const vhost = requestedVhost(request);
    for (const one of [vhost, settings.find(vhost)?.name, session, DEFAULT_VHOST]) {
      const found = one === undefined ? undefined : this.#entries.get(keyOf(one, path));
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
