// A track as an MP4 file describes it: id, clock and sample entry.
import type { Track } from '../../media/track.ts';

/** Made by `describeTrack`; what writers need of a track. */
export interface Mp4Track {
  /** track_ID: the stream's id and 1, because 0 is not allowed (ISO 14496-12 §8.3.2.3). The same in every epoch. */
  readonly id: number;
  readonly source: Track;
  /** Ticks for each second: 90000 for video, the sample rate for audio, so that its frames are whole ticks. */
  readonly timescale: number;
  /** Pixels; 0 for audio, and where the parameters do not say. */
  readonly width: number;
  readonly height: number;
  /** The whole sample entry box (§8.5.2). */
  readonly entry: Uint8Array;
  /** Length of a frame in ticks where its codec says it: audio; undefined for video. */
  readonly frameTicks: (data: Uint8Array) => number | undefined;
}

/** track_ID of a stream's track id. */
export const mp4TrackId = (trackId: number): number => trackId + 1;
