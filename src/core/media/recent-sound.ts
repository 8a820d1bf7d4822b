// The sound of the last seconds, for players of sound alone: with it they begin with a full buffer (SRS: fast_cache).
import type { Micros } from '../base/time.ts';
import type { Frame } from './frame.ts';

/** Frames of 2.5 ms, the shortest of Opus, for half a minute. */
const MOST_FRAMES = 12_000;

/** Frames of all tracks of sound, in the order in which they came. */
export class RecentSound {
  readonly span: Micros;
  #frames: Frame[] = [];

  /** @param span 0: nothing is kept. */
  constructor(span: Micros) {
    this.span = span;
  }

  get frames(): readonly Frame[] {
    return this.#frames;
  }

  push(frame: Frame): void {
    if (this.span <= 0) return;
    this.#frames.push(frame);
    const old = this.#frames.findIndex(({ dts }) => frame.dts - dts <= this.span);
    const drop = Math.max(old, this.#frames.length - MOST_FRAMES);
    // Cutting costs the length: it waits until the dead part is worth it.
    if (drop >= 64) this.#frames = this.#frames.slice(drop);
  }

  clear(): void {
    this.#frames = [];
  }
}
