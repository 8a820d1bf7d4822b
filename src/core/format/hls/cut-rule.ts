// When a segment ends and the next one begins.
import { fromMs, type Micros } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import { primaryVideo, type Track } from '../../media/track.ts';

/** The rules of SRS by which segments end. */
export interface CutSettings {
  /** Wanted length of a segment (SRS: hls_fragment). */
  readonly fragment: Micros;
  /** A segment may end from this part of `fragment` on (SRS: hls_td_ratio). */
  readonly ratio: number;
  /** From this multiple of `fragment` on it ends at any frame (SRS: hls_aof_ratio). */
  readonly overflowRatio: number;
  /** Segments begin with a key frame (SRS: hls_wait_keyframe). */
  readonly waitKey: boolean;
  /** When sound without picture is cut: SRS waits for the overflow. */
  readonly sound: 'fragment' | 'overflow';
  /** Added to the length that is waited for: SRS corrects a deviation from the wall's time so (hls_ts_floor). */
  readonly correction?: () => Micros;
}

/** SRS: a segment is never shorter. */
const SHORTEST: Micros = fromMs(200);

/** The track that decides where segments begin: the first picture, else the first sound. */
export function leadOf(tracks: readonly Track[]): Track | undefined {
  const video = primaryVideo(tracks);
  if (video !== undefined) return video;
  const sounds = tracks.filter(({ kind }) => kind === 'audio');
  return sounds.sort((a, b) => a.id - b.id)[0];
}

/** Whether a new segment begins with `frame`, `elapsed` after the open one began. */
export function cutsBefore(frame: Frame, lead: Track, elapsed: Micros, settings: CutSettings): boolean {
  const { fragment, ratio, overflowRatio, waitKey, sound } = settings;
  if (elapsed < SHORTEST) return false;
  // A GOP without end must not become a segment without end.
  if (elapsed >= fragment * overflowRatio) return true;
  if (frame.track.id !== lead.id || elapsed < fragment * ratio + (settings.correction?.() ?? 0)) return false;
  return lead.kind === 'audio' ? sound === 'fragment' : frame.key || !waitKey;
}
