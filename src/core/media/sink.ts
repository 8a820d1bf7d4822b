// Where a source puts what it reads: a settler in front of a publication, a probe, a test.
import type { MediaEvent } from './demuxer.ts';
import type { TrackKind } from './track.ts';

export interface MediaSink {
  on(event: MediaEvent): void;
  /** Metadata says which kinds of tracks will come. */
  promise?(kinds: readonly TrackKind[]): void;
}
