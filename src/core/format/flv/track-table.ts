// The tracks that a publisher has announced, by kind and number.
import { equalBytes } from '../../base/bytes.ts';
import { type Codec, firstTrackId, type Track, type TrackKind } from '../../media/track.ts';

const NONE = new Uint8Array(0);

export class TrackTable {
  readonly #limit: number;
  /** Index is the track id; sparse, below 768. */
  readonly #tracks: (Track | undefined)[] = [];
  /** Bytes of a NAL unit's length in the frames of a track, by id. */
  readonly #lengthSizes: number[] = [];
  #count = 0;

  /** @param limit how many tracks there may be. */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** @param number 0 to 255, as E-RTMP's track id. */
  find(kind: TrackKind, number: number): Track | undefined {
    return this.#tracks[firstTrackId[kind] + number];
  }

  lengthSize(track: Track): number {
    return this.#lengthSizes[track.id] ?? 4;
  }

  /** No further track fits. */
  get full(): boolean {
    return this.#count >= this.#limit;
  }

  /**
   * Sets a track's parameters; a change is a new epoch. False when nothing changed. Keeps `config`.
   *
   * The caller has asked `full` when the track is new.
   */
  set(kind: TrackKind, number: number, codec: Codec, config: Uint8Array = NONE, lengthSize = 4): boolean {
    const id = firstTrackId[kind] + number;
    const old = this.#tracks[id];
    this.#lengthSizes[id] = lengthSize;
    if (old !== undefined && old.codec === codec && equalBytes(old.config, config)) return false;
    if (old === undefined) this.#count++;
    this.#tracks[id] = { id, kind, codec, config, epoch: old === undefined ? 0 : old.epoch + 1 };
    return true;
  }

  /** All tracks by id; a new array, as events keep it. */
  list(): Track[] {
    return this.#tracks.filter((track) => track !== undefined);
  }
}
