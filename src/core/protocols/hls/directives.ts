// Delivery directives (RFC 8216bis §6.2.5): which playlist a player waits for, and how much of it.
import type { SegmentStore } from '../../format/hls/index.ts';
import type { Query } from '../../wire/http/query.ts';
import { hlsErrors } from './errors.ts';

/** What a request for a playlist waits for. */
export interface Directives {
  /** Undefined: the playlist as it is. */
  readonly msn: number | undefined;
  readonly part: number | undefined;
  readonly skip: boolean;
}

/** Throws HLS_DIRECTIVE. Values of `_HLS_skip` that we do not know give the whole playlist. */
export function parseDirectives(query: Query): Directives {
  const msn = whole(query, '_HLS_msn');
  const part = whole(query, '_HLS_part');
  if (part !== undefined && msn === undefined) {
    throw hlsErrors.protocol('DIRECTIVE', { name: '_HLS_part', why: 'it comes without _HLS_msn' });
  }
  const skip = query.get('_HLS_skip');
  return { msn, part, skip: skip === 'YES' || skip === 'v2' };
}

function whole(query: Query, name: string): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw hlsErrors.protocol('DIRECTIVE', { name, why: 'not a whole number' });
  return Number(text);
}

/** What is more than this many segments ahead of the newest cannot be waited for (§6.2.5.2). */
const MOST_AHEAD = 2;

/**
 * Refuses to wait for what is far away (§6.2.5.2): HLS_DIRECTIVE.
 *
 * @param partTarget seconds.
 */
export function checkAhead({ msn, part }: Directives, store: SegmentStore, partTarget: number): void {
  if (msn === undefined) return;
  if (msn > store.nextSequence - 1 + MOST_AHEAD) {
    throw hlsErrors.protocol('DIRECTIVE', { name: '_HLS_msn', why: `${store.nextSequence} is made now` });
  }
  const most = partTarget < 1 ? Math.ceil(3 / partTarget) : 3;
  if (part !== undefined && msn === store.nextSequence && part > store.openParts - 1 + most) {
    throw hlsErrors.protocol('DIRECTIVE', { name: '_HLS_part', why: `${store.openParts} is made now` });
  }
}

/** Whether the playlist has what the player waits for. */
export function satisfied({ msn, part }: Directives, store: SegmentStore): boolean {
  if (msn === undefined) return true;
  const next = store.nextSequence;
  if (part === undefined) return msn < next;
  if (msn === next) return part < store.openParts;
  if (msn > next) return false;
  // A part behind the last of its segment means the first one of the next segment (§6.2.5.2).
  const count = store.find(msn)?.parts.length ?? Number.POSITIVE_INFINITY;
  return part < count || msn + 1 < next || store.openParts > 0;
}
