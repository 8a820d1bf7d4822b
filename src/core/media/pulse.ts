// What the frames of a stream say about its health. A few additions for each frame, no clock: the stream tells the time.
import type { Micros } from '../base/time.ts';
import type { Frame } from './frame.ts';

/** Numbers of the publication that is under way, or of the last one. */
export class Pulse {
  /** From `publish` to the first frame; undefined before it. */
  firstFrame: Micros | undefined;
  /** Frames and media time of the last group of pictures that is complete; 0 before. */
  gopFrames = 0;
  gopTime: Micros = 0;
  /** How far the picture is ahead of the sound (below 0: behind), smoothed; 0 when one of them is missing. */
  offset: Micros = 0;
  #began: Micros = 0;
  #keyFrames = 0;
  #lastKey: Micros | undefined;
  #audio: Micros | undefined;
  #offsetKnown = false;

  /** A publisher comes. */
  restart(now: Micros): void {
    this.#began = now;
    this.firstFrame = undefined;
    this.gopFrames = 0;
    this.gopTime = 0;
    this.offset = 0;
    this.#keyFrames = 0;
    this.#lastKey = undefined;
    this.#audio = undefined;
    this.#offsetKnown = false;
  }

  /** The first frame is there. */
  start(now: Micros): void {
    this.firstFrame = now - this.#began;
  }

  /** A frame with its repaired times. */
  note({ track, dts, key }: Frame): void {
    if (track.kind === 'audio') {
      this.#audio = dts;
      return;
    }
    if (track.kind !== 'video') return;
    if (key) this.#endGop(dts);
    this.#keyFrames++;
    if (this.#audio === undefined) return;
    const now = dts - this.#audio;
    this.offset = this.#offsetKnown ? this.offset + (now - this.offset) / SMOOTHING : now;
    this.#offsetKnown = true;
  }

  #endGop(dts: Micros): void {
    if (this.#lastKey !== undefined) {
      this.gopFrames = this.#keyFrames;
      this.gopTime = dts - this.#lastKey;
    }
    this.#lastKey = dts;
    this.#keyFrames = 0;
  }
}

/** Chosen: sound and picture come in turns, so one distance says little; 16 frames are about half a second. */
const SMOOTHING = 16;
