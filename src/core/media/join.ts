// Which frames are join points: the one rule for all muxers.
import type { Frame } from './frame.ts';
import { primaryVideo, type Track } from './track.ts';

/**
 * A player may start at a key frame of the primary video track; without video at any frame of sound. Sound that comes
 * before the first key frame is a join point too, so that whoever waits for a stream loses nothing of its beginning.
 */
export class JoinPoints {
  #video: Track | undefined;
  #keySeen = false;

  /** The list of tracks from here on; a list with the same picture changes nothing. */
  retrack(tracks: readonly Track[]): void {
    const video = primaryVideo(tracks);
    if (video === this.#video) return;
    this.#video = video;
    this.#keySeen = false;
  }

  /** To be asked once for each frame, in order. */
  kind(frame: Frame): 'join' | 'more' {
    if (frame.track.kind === 'video') {
      if (!frame.key || frame.track.id !== this.#video?.id) return 'more';
      this.#keySeen = true;
      return 'join';
    }
    return frame.track.kind === 'audio' && !this.#keySeen ? 'join' : 'more';
  }
}
