// The seam to a codec library: frames of sound in one codec go in, frames in another come out.
import type { Frame } from '../../media/frame.ts';
import type { StreamName } from '../../media/stream-name.ts';
import type { Codec, Track } from '../../media/track.ts';

/** What sound can be made into. */
export type SoundCodec = 'opus' | 'aac';

/** What can be read: every codec that the containers in front of FFmpeg carry. */
export const readableSound: ReadonlySet<Codec> = new Set<Codec>([
  ...(['aac', 'mp3', 'opus', 'ac3', 'eac3'] as const),
  ...(['pcma', 'pcmu'] as const),
]);

/** What becomes of the sound. */
export interface TranscoderEvents {
  /** In order, with the times of what went in; the track is the one that was asked for. */
  readonly frame: (frame: Frame) => void;
  /** It ended by itself; nothing more comes. Not called after `close`, nor during `start`. */
  readonly failed: (why: string) => void;
}

/** Of one track. Never throws. */
export interface SoundTranscoder {
  write(frame: Frame): void;
  /** Idempotent. */
  close(): void;
}

/** Where transcoders come from. */
export interface Transcoders {
  /** Whether there is something to transcode with. */
  ready(): boolean;
  /** Starts to transcode a track of a stream to another. */
  start(from: Track, to: Track, events: TranscoderEvents, name: StreamName): SoundTranscoder;
}
