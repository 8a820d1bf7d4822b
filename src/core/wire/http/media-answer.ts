// Heads of answers with playlists and segments, and for how long caches may keep what.
import { corsHeaders, noCors } from './cors.ts';
import type { HttpExchange, HttpHeaders } from './exchange.ts';
import type { FailureAnswer } from './failure.ts';

/** What changes all the time: caches ask each time. */
export const NO_CACHE = 'no-cache';

/** @param maxAge whole seconds; 0: ask each time. */
export const cacheFor = (maxAge: number): string => (maxAge > 0 ? `max-age=${Math.floor(maxAge)}` : NO_CACHE);

/** Types and lives in caches are few; what somebody may make more of them is made anew. */
const MAX_KEPT = 100;
const forOwn = new Map<string, HttpHeaders>();
const forOthers = new Map<string, HttpHeaders>();

/** Type and life in caches of a body that pages of other origins may read. Frozen: see `sharedHead` in core/net. */
export function mediaHeads({ request }: HttpExchange, type: string, cache: string): HttpHeaders {
  const cors = corsHeaders(request);
  const kept = cors === noCors ? forOwn : forOthers;
  const key = `${type}\n${cache}`;
  const found = kept.get(key);
  if (found !== undefined) return found;
  const made = Object.freeze({ 'Content-Type': type, 'Cache-Control': cache, ...cors });
  if (kept.size < MAX_KEPT) kept.set(key, made);
  return made;
}

/** A refusal that no cache keeps: what is not there yet may be there the next time. */
export function refuseMedia(exchange: HttpExchange, { status, headers, body }: FailureAnswer): void {
  exchange.reply(status, { ...headers, 'Cache-Control': 'no-store', ...corsHeaders(exchange.request) }, body);
}
