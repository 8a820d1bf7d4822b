// What the two forms of HLS have in common for a rendition: frames to segments, and segments to a playlist.
import type { Micros } from '../../base/time.ts';
import type { Segment, SegmentEvent, Segmenter, SegmentStore } from '../../format/hls/index.ts';

/** Where the session goes into the text of a playlist; no URI has it. */
export const MARK = '\0';

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
