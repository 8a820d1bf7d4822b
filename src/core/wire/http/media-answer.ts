// Heads of answers with playlists and segments, and for how long caches may keep what.
import { corsHeaders, noCors } from './cors.ts';
import type { HttpExchange, HttpHeaders } from './exchange.ts';
import type { FailureAnswer } from './failure.ts';

/** What changes all the time: caches ask each time. */
export const NO_CACHE = 'no-cache';

/** @param maxAge whole seconds; 0: ask each time. */
export function cacheFor(maxAge: number): string {
  if (maxAge <= 0) return NO_CACHE;
  const known = lives.get(maxAge);
  if (known !== undefined) return known;
  const made = `max-age=${Math.floor(maxAge)}`;
  if (lives.size < MAX_KEPT) lives.set(maxAge, made);
  return made;
}

/** Types and lives in caches are few; what somebody may make more of them is made anew. */
const MAX_KEPT = 100;
const lives = new Map<number, string>();
type Kept = Map<string, Map<string, HttpHeaders>>;
/** By type, and by life. */
const forOwn: Kept = new Map();
const forOthers: Kept = new Map();

/** Type and life in caches of a body that pages of other origins may read. Frozen: see `sharedHead` in core/net. */
export function mediaHeads({ request }: HttpExchange, type: string, cache: string): HttpHeaders {
  const cors = corsHeaders(request);
  const kept = cors === noCors ? forOwn : forOthers;
  const found = kept.get(type)?.get(cache);
  if (found !== undefined) return found;
  const made = Object.freeze({ 'Content-Type': type, 'Cache-Control': cache, ...cors });
  const ofType = kept.get(type) ?? new Map<string, HttpHeaders>();
  if (kept.size < MAX_KEPT) kept.set(type, ofType);
  if (ofType.size < MAX_KEPT) ofType.set(cache, made);
  return made;
}

/** A refusal that no cache keeps: what is not there yet may be there the next time. */
export function refuseMedia(exchange: HttpExchange, { status, headers, body }: FailureAnswer): void {
  exchange.reply(status, { ...headers, 'Cache-Control': 'no-store', ...corsHeaders(exchange.request) }, body);
}
