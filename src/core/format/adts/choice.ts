// Which track a format carries that has room for one track of sound.
import { type Log, silentLog } from '../../base/log.ts';
import type { Frame } from '../../media/frame.ts';
import type { Codec, Track } from '../../media/track.ts';

export class AudioChoice {
  readonly #codec: Codec;
  readonly #log: Log;
  #id: number | undefined;
  #refused = false;
  /** Frames of sound that are not carried; picture and data are not counted. */
  droppedFrames = 0;

  constructor(codec: Codec, log: Log = silentLog) {
    this.#codec = codec;
    this.#log = log;
  }

  /** The track with the lowest id that has the codec. */
  choose(tracks: readonly Track[]): void {
    let found: number | undefined;
    for (const { id, codec } of tracks) {
      if (codec === this.#codec && (found === undefined || id < found)) found = id;
    }
    this.#id = found;
    if (found !== undefined || tracks.length === 0 || this.#refused) return;
    this.#refused = true;
    this.#log.warn('audio', `no ${this.#codec} track to carry`, { codecs: tracks.map(({ codec }) => codec) });
  }

  takes({ track }: Frame): boolean {
    if (this.#id === undefined && track.codec === this.#codec) this.#id = track.id;
    if (track.id === this.#id && track.codec === this.#codec) return true;
    if (track.kind === 'audio') this.droppedFrames++;
    return false;
  }
}
