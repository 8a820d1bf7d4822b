// Puts a delta update and the playlist before it together (RFC 8216bis §6.2.5.1).
import type { MediaPlaylist } from './playlist.ts';

/**
 * The whole playlist: what `delta` skips is taken from `before`. Undefined when `before` does not have all of it, or has
 * only a delta itself; the player must load the whole one then.
 */
export function applyDelta(before: MediaPlaylist, delta: MediaPlaylist): MediaPlaylist | undefined {
  if (delta.skipped === 0) return delta;
  if (before.skipped > 0) return undefined;
  const from = delta.mediaSequence - before.mediaSequence;
  const kept = from < 0 ? [] : before.segments.slice(from, from + delta.skipped);
  if (kept.length < delta.skipped) return undefined;
  const last = kept[kept.length - 1];
  // Discontinuities and the init segment go on behind what was skipped.
  const base = (last?.discontinuitySequence ?? 0) - delta.discontinuitySequence;
  const rest = delta.segments.map((segment) => ({
    ...segment,
    map: segment.map ?? last?.map,
    key: segment.key ?? last?.key,
    discontinuitySequence: segment.discontinuitySequence + base,
  }));
  const [openMap, openKey] = [delta.openMap ?? last?.map, delta.openKey ?? last?.key];
  return { ...delta, skipped: 0, segments: [...kept, ...rest], openMap, openKey };
}
