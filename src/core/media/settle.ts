// Holds a new publication back until its tracks are known, so that headers which list them are right.
import { fromMs, type Micros } from '../base/time.ts';
import type { MediaEvent } from './demuxer.ts';
import type { Frame } from './frame.ts';
import type { MediaSink } from './sink.ts';
import type { Publication } from './stream.ts';
import type { Track, TrackKind } from './track.ts';

/**
 * RTMP and FLV do not say beforehand which tracks will come; metadata may, and may lie. The first frames wait until
 * sound and picture are both there, or all kinds that metadata promised, or `WAIT` of media time or `MAX_FRAMES` have
 * passed. After that everything goes straight through.
 */
export class Settler implements MediaSink {
  readonly #publication: Pick<Publication, 'retrack' | 'write'>;
  #promised: readonly TrackKind[] = ['video', 'audio'];
  #tracks: readonly Track[] = [];
  #held: Frame[] = [];
  #first: Micros | undefined;
  #settled = false;

  constructor(publication: Pick<Publication, 'retrack' | 'write'>) {
    this.#publication = publication;
  }

  /** Metadata says which kinds will come; an empty list is no promise. */
  promise(kinds: readonly TrackKind[]): void {
    if (kinds.length > 0) this.#promised = kinds;
  }

  on(event: MediaEvent): void {
    if (event.type === 'tracks') this.#retrack(event.tracks);
    else this.#write(event.frame);
  }

  /** The input is over or must not wait longer. */
  settle(): void {
    if (this.#settled) return;
    this.#settled = true;
    if (this.#tracks.length > 0) this.#publication.retrack(this.#tracks);
    for (const frame of this.#held) this.#publication.write(frame);
    this.#held = [];
  }

  #retrack(tracks: readonly Track[]): void {
    this.#tracks = tracks;
    if (this.#settled) this.#publication.retrack(tracks);
    else if (this.#held.length > 0 && this.#complete()) this.settle();
  }

  #write(frame: Frame): void {
    if (this.#settled) {
      this.#publication.write(frame);
      return;
    }
    this.#held.push(frame);
    this.#first ??= frame.dts;
    if (this.#complete() || frame.dts - this.#first >= WAIT || this.#held.length >= MAX_FRAMES) this.settle();
  }

  #complete(): boolean {
    return this.#promised.every((kind) => this.#tracks.some((track) => track.kind === kind));
  }
}

/** Chosen: encoders send both sequence headers within the first frames; a lone track must not wait noticeably. */
const WAIT = fromMs(500);
const MAX_FRAMES = 100;
