// What metadata says of a track, from its parameters.
import type { Track } from '../../media/track.ts';

export interface Description {
  readonly width?: number;
  readonly height?: number;
  readonly fps?: number;
  readonly sampleRate?: number;
  readonly channels?: number;
}

export const describeTrack = (_track: Track): Description => ({});
