// Several readings of an input as one: a file that is looped, a live source that was connected again.
import { equalBytes } from '../base/bytes.ts';
import type { Micros } from '../base/time.ts';
import type { MediaEvent } from '../media/demuxer.ts';
import type { Frame } from '../media/frame.ts';
import type { MediaSink } from '../media/sink.ts';
import { Timeline } from '../media/timeline.ts';
import type { Track, TrackKind } from '../media/track.ts';

/** What came through of one track. */
export interface TrackTotals {
  readonly id: number;
  readonly kind: TrackKind;
  readonly codec: string;
  readonly frames: number;
  readonly keyFrames: number;
  /** Media bytes, without containers. */
  readonly bytes: number;
}

/**
 * Times go on where the last reading ended, and tracks that did not change stay the same objects, so that nothing
 * behind it sees a break: players get no second header, caches are kept.
 */
export class Splice implements MediaSink {
  readonly #to: MediaSink;
  readonly #fromZero: boolean;
  #shift: Micros | undefined;
  readonly #timeline = new Timeline();
  #tracks: readonly Track[] = [];
  readonly #byId = new Map<number, Track>();
  readonly #totals = new Map<number, { -readonly [Key in keyof TrackTotals]: TrackTotals[Key] }>();
  #first: Micros | undefined;
  /** Frames of all readings. */
  count = 0;
  readonly frames = { video: 0, audio: 0, data: 0 };

  /** @param fromZero the first frame of all gets the time 0, instead of the one it has. */
  constructor(to: MediaSink, { fromZero = false }: { readonly fromZero?: boolean } = {}) {
    this.#to = to;
    this.#fromZero = fromZero;
  }

  /** Media time from the first frame to the newest. */
  get span(): Micros {
    return this.#first === undefined ? 0 : (this.#timeline.newest ?? this.#first) - this.#first;
  }

  get totals(): readonly TrackTotals[] {
    return [...this.#totals.values()].sort((a, b) => a.id - b.id);
  }

  /** The next reading begins. */
  restart(): void {
    this.#timeline.restart();
  }

  promise(kinds: readonly TrackKind[]): void {
    this.#to.promise?.(kinds);
  }

  on(event: MediaEvent): void {
    if (event.type === 'tracks') this.#retrack(event.tracks);
    else this.#write(event.frame);
  }

  #retrack(tracks: readonly Track[]): void {
    const kept = tracks.map((track) => this.#keep(track));
    for (const track of kept) this.#byId.set(track.id, track);
    const same = kept.length === this.#tracks.length && kept.every((track, index) => track === this.#tracks[index]);
    this.#tracks = kept;
    if (!same) this.#to.on({ type: 'tracks', tracks: kept });
  }

  /** The known object when nothing changed, else the new one with a higher epoch. */
  #keep(track: Track): Track {
    const known = this.#byId.get(track.id);
    if (known === undefined) return track;
    if (known.codec === track.codec && equalBytes(known.config, track.config)) return known;
    return { ...track, epoch: Math.max(track.epoch, known.epoch + 1) };
  }

  #write({ track: raw, dts: rawDts, cts, key, data }: Frame): void {
    const track = this.#byId.get(raw.id) ?? raw;
    this.#shift ??= this.#fromZero ? -rawDts : 0;
    const dts = this.#timeline.repair(track.id, rawDts + this.#shift);
    this.#first ??= dts;
    this.count++;
    this.frames[track.kind]++;
    this.#count(track, key, data.length);
    this.#to.on({ type: 'frame', frame: { track, dts, cts, key, data } });
  }

  #count(track: Track, key: boolean, bytes: number): void {
    let totals = this.#totals.get(track.id);
    if (totals === undefined) {
      totals = { id: track.id, kind: track.kind, codec: track.codec, frames: 0, keyFrames: 0, bytes: 0 };
      this.#totals.set(track.id, totals);
    }
    totals.codec = track.codec;
    totals.frames++;
    totals.bytes += bytes;
    if (key) totals.keyFrames++;
  }
}
