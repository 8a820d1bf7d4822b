// Waits until every track of a stream can be described, so that an init segment has all of them.
import { fromMs, type Micros } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';
import type { Mp4Track } from './mp4-track.ts';
import { describeTrack, isSupported } from './sample-entry.ts';

/** How long frames wait for a track that describes itself in its frames (MP3, AC-3, VP9) and has sent none. */
const WAIT: Micros = fromMs(1000);
/** Chosen: one second of any stream, with room; above it the wait is over. */
const MAX_HELD = 500;

/**
 * The tracks of one epoch of a stream. Those of codecs without a configuration need a frame to be described: frames
 * are held until it comes, for at most a second of media; a track that sends nothing by then is left out.
 */
export class Roster {
  readonly #wanted: readonly Track[];
  readonly #described = new Map<number, Mp4Track>();
  #held: Frame[] = [];
  #first: Micros | undefined;
  #ready = false;

  /** @param before the roster that this one replaces; what it knows of the same tracks is kept. */
  constructor(tracks: readonly Track[], before?: Roster) {
    this.#wanted = tracks.filter((track) => isSupported(track.codec));
    for (const track of this.#wanted) {
      const known = before?.tracks.find(({ source }) => source === track);
      if (known === undefined) this.#describe(track);
      else this.#described.set(track.id, known);
    }
    this.#held = before?.ready === false ? before.#held : [];
    this.#ready = this.complete && this.#held.length === 0;
  }

  /** Every track is described. */
  get complete(): boolean {
    return this.#described.size === this.#wanted.length;
  }

  /** Frames go through; from here on `tracks` does not change. */
  get ready(): boolean {
    return this.#ready;
  }

  /** The tracks that are described, video first. */
  get tracks(): readonly Mp4Track[] {
    return [...this.#described.values()].sort((a, b) => a.id - b.id);
  }

  /** The frames that may be written now: none while tracks are missing, then those held and this one. */
  push(frame: Frame): readonly Frame[] {
    const track = this.#wanted.find(({ id }) => id === frame.track.id);
    if (track === undefined) return [];
    if (this.#ready) return this.#described.has(track.id) ? [frame] : [];
    if (!this.#described.has(track.id)) this.#describe(track, frame.data);
    this.#held.push(frame);
    this.#first ??= frame.dts;
    const over = Math.abs(frame.dts - this.#first) >= WAIT || this.#held.length >= MAX_HELD;
    return this.complete || over ? this.settle() : [];
  }

  /** Ends the wait: the frames that were held. */
  settle(): readonly Frame[] {
    const held = this.#held.filter((frame) => this.#described.has(frame.track.id));
    this.#held = [];
    // With nothing described yet there is nothing to write: the next frame may be the one that describes itself.
    this.#ready = this.#described.size > 0;
    return held;
  }

  #describe(track: Track, sample?: Uint8Array): void {
    const described = describeTrack(track, sample);
    if (described !== undefined) this.#described.set(track.id, described);
  }
}
