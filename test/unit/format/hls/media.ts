// Streams through segmenters into stores, as the server does it.
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import {
  CmafSegmenter,
  type CmafSegmenterOptions,
  type MediaPlaylist,
  parsePlaylist,
  type Segment,
  type SegmentEvent,
  SegmentStore,
  TrackSegmenter,
  TsSegmenter,
  type TsSegmenterOptions,
  targetDuration,
  writeClassic,
  writeLowLatency,
} from '../../../../src/core/format/hls/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { aacTrack, audio, h264Track, video } from '../../../tools/builders.ts';

export const both: readonly Track[] = [h264Track, aacTrack];
export const WALL = 1_700_000_000_000_000;

export const tsOptions: TsSegmenterOptions = {
  fragment: fromSeconds(10),
  ratio: 1,
  overflowRatio: 2.1,
  waitKey: true,
  sound: 'overflow',
  segmentBytes: 64 * 1024 * 1024,
};

export const cmafOptions: CmafSegmenterOptions = {
  ...tsOptions,
  fragment: fromSeconds(2),
  sound: 'fragment',
  partTime: fromMs(200),
  limits: defaultLimits,
};

export const storeLimits = { window: fromSeconds(60), bytes: 256 * 1024 * 1024, segments: 1000 };

export interface Segmenter {
  retrack(tracks: readonly Track[]): SegmentEvent[];
  write(frame: Frame, wall: number): SegmentEvent[];
  end(): SegmentEvent[];
}

/** All that a segmenter gives for a stream whose frames come when they are due. */
export function run(segmenter: Segmenter, tracks: readonly Track[], frames: readonly Frame[]): SegmentEvent[] {
  const events = segmenter.retrack(tracks);
  for (const frame of frames) events.push(...segmenter.write(frame, WALL + frame.dts));
  return events;
}

export const segmentsOf = (events: readonly SegmentEvent[]): Segment[] =>
  events.flatMap((event) => (event.type === 'segment' ? [event.segment] : []));

/** Durations in milliseconds. */
export const lengths = (events: readonly SegmentEvent[]): number[] =>
  segmentsOf(events).map(({ duration }) => Math.round(duration / 1000));

export const partLengths = (events: readonly SegmentEvent[]): number[] =>
  events.flatMap((event) => (event.type === 'part' ? [Math.round(event.part.duration / 1000)] : []));

/** A stream of `fps` frames a second whose times are whole milliseconds, as RTMP's. */
export function stream({ seconds, fps = 25, gop = 50, sound = true }: StreamShape): Frame[] {
  const frames: Frame[] = [];
  for (let i = 0; i < seconds * fps; i++) frames.push(video({ at: Math.round((i * 1000) / fps), key: i % gop === 0 }));
  if (sound) for (let i = 0; i < seconds * 43; i++) frames.push(audio({ at: Math.round((i * 1024 * 1000) / 44100) }));
  return frames.sort((a, b) => a.dts - b.dts || a.track.id - b.track.id);
}

export interface StreamShape {
  readonly seconds: number;
  readonly fps?: number;
  readonly gop?: number;
  readonly sound?: boolean;
}

export function filled(events: readonly SegmentEvent[], limits = storeLimits): SegmentStore {
  const store = new SegmentStore(limits);
  for (const event of events) store.add(event);
  return store;
}

export const classicText = (store: SegmentStore, target = fromSeconds(10)): string =>
  writeClassic({
    ...{ targetDuration: targetDuration(store, target), mediaSequence: store.mediaSequence },
    discontinuitySequence: store.discontinuitySequence,
    segments: store.listed.map((segment) => ({
      ...segment,
      key: undefined,
      wall: undefined,
      uri: `a-${segment.sequence}.ts`,
    })),
  });

export const lowText = (
  store: SegmentStore,
  more: { partTarget?: number; skip?: boolean; live?: boolean } = {},
): string =>
  writeLowLatency(store, {
    target: fromSeconds(2),
    partTarget: fromMs(203),
    segmentUri: (sequence) => `a-${sequence}.m4s`,
    partUri: (sequence, index) => `a-${sequence}.${index}.m4s`,
    initUri: (init) => `i${init.length}.mp4`,
    live: true,
    ...more,
  });

export function parsedMedia(text: string): MediaPlaylist {
  const playlist = parsePlaylist(text);
  if (playlist.kind !== 'media') throw new Error('not a media playlist');
  return playlist;
}

export { CmafSegmenter, TrackSegmenter, TsSegmenter };
