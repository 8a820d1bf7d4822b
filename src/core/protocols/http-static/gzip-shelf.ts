// Compressed texts, made once for each version of a file.
import type { HttpRequest } from '../../wire/http/exchange.ts';

/** Below, the head of the answer is what costs; above, a text is a log that somebody downloads once. */
const LEAST_BYTES = 1024;
/** The largest text that is compressed. */
export const MOST_BYTES = 1024 * 1024;
/** Chosen: all pages of a player site, and its playlists. */
const SHELF_BYTES = 16 * 1024 * 1024;

/** Whether a text of that size is compressed. */
export const isWorthIt = (size: number): boolean => size >= LEAST_BYTES && size <= MOST_BYTES;

/** RFC 9110 §12.5.3: named with a weight above 0, or meant by `*`. */
export function takesGzip({ header }: Pick<HttpRequest, 'header'>): boolean {
  const codings = (header('accept-encoding') ?? '').split(',').map((one) => one.trim().toLowerCase());
  const find = (name: string): string | undefined => codings.find((one) => one.split(';')[0]?.trim() === name);
  const found = find('gzip') ?? find('x-gzip') ?? find('*');
  return found !== undefined && !/;\s*q\s*=\s*0(\.0*)?\s*$/.test(found);
}

/** The least recently used goes first. */
export class GzipShelf {
  readonly #entries = new Map<string, Uint8Array>();
  #bytes = 0;

  get(key: string): Uint8Array | undefined {
    const found = this.#entries.get(key);
    if (found !== undefined) {
      this.#entries.delete(key);
      this.#entries.set(key, found);
    }
    return found;
  }

  put(key: string, bytes: Uint8Array): void {
    this.#drop(key);
    this.#entries.set(key, bytes);
    this.#bytes += bytes.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#bytes <= SHELF_BYTES) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#bytes -= this.#entries.get(key)?.length ?? 0;
    this.#entries.delete(key);
  }
}
