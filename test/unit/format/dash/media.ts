// Streams through the segmenter into a store, as the server does it.
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { type DashLimits, type DashManifest, DashStore, writeMpd } from '../../../../src/core/format/dash/index.ts';
import { TrackSegmenter } from '../../../../src/core/format/hls/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { both, run, segmentsOf, tsOptions, WALL } from '../hls/media.ts';

export const segmenter = (): TrackSegmenter =>
  new TrackSegmenter({ ...tsOptions, fragment: fromSeconds(2), sound: 'fragment', limits: defaultLimits });

/** The segments of a whole publication. */
export function cut(frames: readonly Frame[], tracks: readonly Track[] = both, made = segmenter()) {
  return segmentsOf([...run(made, tracks, frames), ...made.end()]);
}

export function stored(frames: readonly Frame[], limits: Partial<DashLimits> = {}, tracks: readonly Track[] = both) {
  const store = new DashStore({ segments: 5, window: 0, bytes: 1e9, ...limits });
  for (const segment of cut(frames, tracks)) store.add(segment);
  return store;
}

export const manifestOf = (store: DashStore, more: Partial<DashManifest> = {}): DashManifest => ({
  ...{ availabilityStart: store.availabilityStart ?? 0, publishTime: WALL, updatePeriod: fromSeconds(2) },
  ...{ timeShift: store.span, segmentDuration: store.longest, baseUrl: 'a/', periods: store.periods, now: WALL },
  ...more,
});

export const mpd = (store: DashStore): string => writeMpd(manifestOf(store));
