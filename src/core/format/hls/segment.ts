// What segmenters give and stores keep: segments, their parts and init segments, without names and numbers.

import type { Micros } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';
import type { Mp4Track } from '../fmp4/index.ts';

/** A piece of a segment that players may fetch while the rest is still being made (RFC 8216bis §4.4.4.9). */
export interface SegmentPart {
  readonly bytes: Uint8Array;
  readonly duration: Micros;
  /** A decoder may start somewhere in it. */
  readonly independent: boolean;
}

/** What is known of a segment when it begins. */
export interface SegmentHead {
  /** Wall time of its first frame. */
  readonly wall: Micros;
  /** What follows has other parameters or another timeline than what came before (§4.4.4.3). */
  readonly discontinuity: boolean;
  /** Its init segment (§4.4.4.5); undefined where each segment has everything, as in MPEG-TS. */
  readonly init: Uint8Array | undefined;
  /** A decoder may start at its first frame. */
  readonly independent: boolean;
}

/** A whole segment. */
export interface Segment extends SegmentHead {
  readonly bytes: Uint8Array;
  /** Distance to the segment that follows: durations add up to the stream's. */
  readonly duration: Micros;
  /** What it has of each track, where the tracks are apart: views of `bytes`. */
  readonly fragments?: readonly TrackFragment[];
  /** Where it is in the tree of files and URLs, where a template says so. */
  readonly path?: string;
  /** What its bytes are encrypted with. */
  readonly key?: SegmentKey;
}

/** The samples of one track in a segment: what a representation of DASH serves. */
export interface TrackFragment {
  readonly track: Mp4Track;
  /** The init segment of this track alone. */
  readonly init: Uint8Array;
  readonly bytes: Uint8Array;
  /** Decode time of the first sample, on the track's clock. */
  readonly startTicks: number;
  readonly durationTicks: number;
}

/** A key of AES-128 (RFC 8216 §4.3.2.4), shared by the segments that it encrypts. */
export interface SegmentKey {
  /** Of the key file. */
  readonly path: string;
  /** 16 bytes each. */
  readonly bytes: Uint8Array;
  readonly iv: Uint8Array;
}

/** What a segmenter gives, in order: the parts of a segment, then the segment; those without parts give segments only. */
export type SegmentEvent =
  | { readonly type: 'part'; readonly head: SegmentHead; readonly part: SegmentPart }
  | { readonly type: 'segment'; readonly segment: Segment };

/** Frames in, segments and parts out. */
export interface Segmenter {
  retrack(tracks: readonly Track[]): SegmentEvent[];
  /** @param wall the time at which the frame came. */
  write(frame: Frame, wall: Micros): SegmentEvent[];
  end(): SegmentEvent[];
}
