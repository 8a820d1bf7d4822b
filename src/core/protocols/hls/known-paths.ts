// Paths that were asked for lately: all players of a stream ask for the same ones, and each part for a moment only.
import { decodedPath } from '../../control/storage/shelf.ts';
import { parseResource, type Resource } from './names.ts';

/** What a path names, read once. */
export interface KnownPath<Place> {
  readonly resource: Resource;
  /** The playlist that it names, or belongs to, without percent-encoding. */
  readonly playlist: string;
  /** Where the newest request for it found that. */
  place: Place | undefined;
}

/** Chosen: what fifty streams have in their newest two segments. */
const MAX_PATHS = 2000;

/** At most MAX_PATHS. */
export class KnownPaths<Place> {
  readonly #paths = new Map<string, KnownPath<Place>>();

  /** Undefined: it is nothing of ours. Throws HTTP_PATH. */
  find(path: string): KnownPath<Place> | undefined {
    const known = this.#paths.get(path);
    if (known !== undefined) return known;
    const resource = parseResource(path);
    if (resource === undefined) return undefined;
    const made = { resource, playlist: playlistOf(path, resource), place: undefined };
    if (this.#paths.size >= MAX_PATHS) this.#paths.clear();
    this.#paths.set(path, made);
    return made;
  }
}

/** Low-latency segments are named after their playlist; where the others are, templates say. */
function playlistOf(path: string, { kind }: Resource): string {
  if (kind === 'playlist' || kind === 'ts') return decodedPath(path);
  return decodedPath(`${path.slice(0, path.lastIndexOf('.ll-'))}.ll.m3u8`);
}
