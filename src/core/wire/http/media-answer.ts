// Heads of answers with playlists and segments, and for how long caches may keep what.
import { corsHeaders } from './cors.ts';
import type { HttpExchange, HttpHeaders } from './exchange.ts';
import type { FailureAnswer } from './failure.ts';

/** What changes all the time: caches ask each time. */
export const NO_CACHE = 'no-cache';

/** @param maxAge whole seconds; 0: ask each time. */
export const cacheFor = (maxAge: number): string => (maxAge > 0 ? `max-age=${Math.floor(maxAge)}` : NO_CACHE);

/** Type and life in caches of a body that pages of other origins may read. */
export const mediaHeads = (exchange: HttpExchange, type: string, cache: string): HttpHeaders => ({
  'Content-Type': type,
  'Cache-Control': cache,
  ...corsHeaders(exchange.request),
});

/** A refusal that no cache keeps: what is not there yet may be there the next time. */
export function refuseMedia(exchange: HttpExchange, { status, headers, body }: FailureAnswer): void {
  exchange.reply(status, { ...headers, 'Cache-Control': 'no-store', ...corsHeaders(exchange.request) }, body);
}
