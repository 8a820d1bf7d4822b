// Paths as URLs and back: protocols are handed URLs, users type paths.
import { encodeLevels } from '../../wire/http/stream-path.ts';

/** Standard input or output. */
export const STDIO = '-';

/**
 * A URL for any path, relative ones and `-` included. A URL cannot say "relative to the working directory", so a path
 * that would not survive is carried in the query: `file:///?path=..%2Flive.flv`.
 */
export function fileUrl(path: string): URL {
  const plain = new URL('file:///');
  if (path.startsWith('/')) {
    plain.pathname = encodeLevels(path);
    if (filePath(plain) === path) return plain;
  }
  const url = new URL('file:///');
  url.searchParams.set('path', path);
  return url;
}

/** The path of a `file:` URL. */
export function filePath(url: URL): string {
  const carried = url.searchParams.get('path');
  if (carried !== null) return carried;
  try {
    return decodeURIComponent(url.pathname);
  } catch (error) {
    // A stray percent sign is a legal part of a file name.
    if (error instanceof URIError) return url.pathname;
    throw error;
  }
}

/** The lower-case ending of a path without its dot; empty when there is none. */
export function extensionOf(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1);
  const dot = name.lastIndexOf('.');
  return dot <= 0 ? '' : name.slice(dot + 1).toLowerCase();
}
