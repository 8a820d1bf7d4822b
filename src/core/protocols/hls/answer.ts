// Heads of the answers: types as SRS has them, and for how long caches may keep what.
import type { SrsxError } from '../../base/errors.ts';
import { corsHeaders } from '../../wire/http/cors.ts';
import type { HttpExchange, HttpHeaders } from '../../wire/http/exchange.ts';
import { answerTo } from './errors.ts';

export const MediaType = {
  playlist: 'application/vnd.apple.mpegurl',
  ts: 'video/MP2T',
  fmp4: 'video/mp4',
  key: 'application/octet-stream',
} as const;

/** Playlists change all the time, but a blocked one is what everybody asked for (RFC 8216bis B.1). */
export const NO_CACHE = 'no-cache';

/** @param maxAge whole seconds; 0: ask each time. */
export const cacheFor = (maxAge: number): string => (maxAge > 0 ? `max-age=${Math.floor(maxAge)}` : NO_CACHE);

export const heads = (exchange: HttpExchange, type: string, cache: string): HttpHeaders => ({
  'Content-Type': type,
  'Cache-Control': cache,
  ...corsHeaders(exchange.request),
});

export function refuse(exchange: HttpExchange, error: SrsxError): void {
  const { status, headers, body } = answerTo(error);
  // A cache must not remember that something is not there yet.
  exchange.reply(status, { ...headers, 'Cache-Control': 'no-store', ...corsHeaders(exchange.request) }, body);
}
