// The unit that flows: one access unit of one track.
import type { Micros } from '../base/time.ts';
import type { Track } from './track.ts';

/** One access unit, in decode order. Nobody writes to `data` after it was published. */
export interface Frame {
  readonly track: Track;
  /** Decode time on the stream's own timeline. */
  readonly dts: Micros;
  /** pts - dts. */
  readonly cts: Micros;
  /** A decoder may start here. True for every audio frame. */
  readonly key: boolean;
  /** The canonical bytes of docs/codecs.md. */
  readonly data: Uint8Array;
}
