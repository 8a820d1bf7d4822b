// What the two forms of HLS have in common for a rendition: frames to segments, and segments to a playlist.
import type { Micros } from '../../base/time.ts';
import type { Segment, SegmentEvent, SegmentStore } from '../../format/hls/index.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';

/** Where the session goes into the text of a playlist; no URI has it. */
export const MARK = '\0';

/** Frames in, segments and parts out. */
export interface Segmenter {
  retrack(tracks: readonly Track[]): SegmentEvent[];
  write(frame: Frame, wall: Micros): SegmentEvent[];
  end(): SegmentEvent[];
}

/** What makes a rendition classic or low-latency. */
export interface Form {
  readonly lowLatency: boolean;
  readonly segmenter: Segmenter;
  /** The length of a segment that the playlist promises at least. */
  readonly target: Micros;
  /** Of a part, in seconds; 0 where there are none. */
  partTarget(store: SegmentStore): number;
  /** A segment before it goes into the store: named, encrypted. */
  place(segment: Segment, sequence: number): Segment;
  /** Looks at what is about to be added. */
  note(event: SegmentEvent, store: SegmentStore): void;
  /** The playlist with MARK behind each URI of media. */
  write(store: SegmentStore, state: { readonly live: boolean; readonly skip: boolean }): string;
}
