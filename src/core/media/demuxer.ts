// The interface of formats on the way in: bytes in, tracks and frames out.
import type { Frame } from './frame.ts';
import type { Track } from './track.ts';

export type MediaEvent =
  /** The complete list of tracks from here on. */
  { readonly type: 'tracks'; readonly tracks: readonly Track[] } | { readonly type: 'frame'; readonly frame: Frame };

/** Any cut of the same bytes gives the same events; throws ProtocolError and nothing else. */
export interface Demuxer {
  push(bytes: Uint8Array): MediaEvent[];
  /** The input is over: what was held back. */
  end(): MediaEvent[];
}
