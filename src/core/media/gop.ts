// The frames since the last key frame, so that a new player starts at once.
import type { Limits } from '../base/limits.ts';
import type { Frame } from './frame.ts';
import { primaryVideo, type Track } from './track.ts';

/**
 * Begins at a key frame of the primary video track and keeps the frames of all tracks until the next one. Without
 * video it keeps nothing: every audio frame is a start. Above its limits it is emptied and waits for a key frame,
 * because half a group of pictures helps nobody.
 */
export class GopCache {
  readonly #maxFrames: number;
  readonly #maxBytes: number;
  #video: number | undefined;
  #frames: Frame[] = [];
  #bytes = 0;

  constructor(limits: Pick<Limits, 'gopFrames' | 'gopBytes'>) {
    this.#maxFrames = limits.gopFrames;
    this.#maxBytes = limits.gopBytes;
  }

  get frames(): readonly Frame[] {
    return this.#frames;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Parameters changed: frames of the old ones are of no use to a player that gets the new header. */
  retrack(tracks: readonly Track[]): void {
    this.#video = primaryVideo(tracks)?.id;
    this.clear();
  }

  push(frame: Frame): void {
    if (this.#maxFrames <= 0 || this.#video === undefined) return;
    if (frame.key && frame.track.id === this.#video) this.clear();
    else if (this.#frames.length === 0) return;
    this.#frames.push(frame);
    this.#bytes += frame.data.length;
    if (this.#frames.length > this.#maxFrames || this.#bytes > this.#maxBytes) this.clear();
  }

  clear(): void {
    this.#frames = [];
    this.#bytes = 0;
  }
}
