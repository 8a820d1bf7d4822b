// The chunked transfer coding of HTTP/1.1 on the way out (RFC 9112 §7.1).
import { utf8 } from '../../base/bytes.ts';

const CRLF = utf8('\r\n');

/** The frame of one chunk around `size` bytes: for `Format.envelope`, made once for all players. */
export function chunkEnvelope(size: number): { readonly head: Uint8Array; readonly tail: Uint8Array } {
  return { head: utf8(`${size.toString(16)}\r\n`), tail: CRLF };
}

/** The last chunk without trailers: the peer sees a clean end. */
export const lastChunk = utf8('0\r\n\r\n');
