// Pictures and sound from two playlists as one source.
import type { MediaEvent } from '../../../media/demuxer.ts';
import type { MediaSink } from '../../../media/sink.ts';
import type { Track } from '../../../media/track.ts';

/** A sink for each playlist; `to` hears of the tracks of both. */
export class Merge {
  readonly #to: MediaSink;
  readonly #tracks: (readonly Track[])[] = [];

  constructor(to: MediaSink) {
    this.#to = to;
  }

  /** @param kinds whose tracks and frames are taken: variants repeat the sound that renditions have too. */
  input(kinds: readonly Track['kind'][]): MediaSink {
    const at = this.#tracks.push([]) - 1;
    return { on: (event) => this.#on(event, at, kinds) };
  }

  #on(event: MediaEvent, at: number, kinds: readonly Track['kind'][]): void {
    if (event.type === 'frame') {
      if (kinds.includes(event.frame.track.kind)) this.#to.on(event);
      return;
    }
    this.#tracks[at] = event.tracks.filter(({ kind }) => kinds.includes(kind));
    this.#to.on({ type: 'tracks', tracks: this.#tracks.flat() });
  }
}
