// Samples of a movie's tracks as frames, in the canonical form.
import { ProtocolError } from '../../base/errors.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';
import { discovered } from './canonical.ts';
import type { MovieTrack } from './moov.ts';
import type { Coming } from './weave.ts';

/** One for each movie; a file that changes its movie begins another. */
export class Framer {
  readonly #movie: readonly MovieTrack[];
  #tracks: readonly Track[];
  /** Samples that were no frames of their codec and were left out. */
  dropped = 0;

  constructor(movie: readonly MovieTrack[]) {
    this.#movie = movie;
    this.#tracks = movie.map(({ track }) => track);
  }

  /** Those of the newest frames: a key frame of avc3 and hev1 may bring new parameters. */
  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  /**
   * Keeps `bytes`. Undefined for what is no frame of the codec: one bad frame is no reason to lose the others.
   */
  frame({ index, dts, cts, key }: Coming, bytes: Uint8Array): Frame | undefined {
    const form = this.#movie[index]?.form;
    const before = this.#tracks[index];
    if (form === undefined || before === undefined) return undefined;
    try {
      const data = form.frame(bytes);
      const track = key ? discovered(before, form, data) : before;
      if (track !== before) this.#tracks = this.#tracks.map((old) => (old === before ? track : old));
      if (data.length > 0) return { track, dts, cts, key, data };
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
    this.dropped++;
    return undefined;
  }
}
