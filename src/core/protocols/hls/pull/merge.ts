// Pictures and sound from two playlists as one source, in the order of their times.
import type { MediaEvent } from '../../../media/demuxer.ts';
import type { MediaSink } from '../../../media/sink.ts';
import type { Track } from '../../../media/track.ts';

/** One playlist; `end` says that nothing more comes from it. */
export interface MergeInput extends MediaSink {
  end(): void;
}

interface Lane {
  /** Of the next frame that waits. */
  tracks: readonly Track[] | undefined;
  /** Frames that wait for the other playlist, and tracks where they change between them. */
  readonly waiting: MediaEvent[];
  ended: boolean;
}

/** Chosen: two segments of ten seconds of 50 frames; a playlist that is farther behind is not waited for. */
const MAX_WAITING = 1000;

/** A sink for each playlist; `to` hears of the tracks of all when all are known. */
export class Merge {
  readonly #to: MediaSink;
  readonly #lanes: Lane[] = [];
  #told: readonly Track[] = [];
  /** Tracks of a lane have changed since they were told. */
  #changed = false;

  constructor(to: MediaSink) {
    this.#to = to;
  }

  /** @param kinds whose tracks and frames are taken: variants may repeat the sound that renditions have. */
  input(kinds: readonly Track['kind'][]): MergeInput {
    const lane: Lane = { tracks: undefined, waiting: [], ended: false };
    this.#lanes.push(lane);
    return {
      on: (event) => this.#on(event, lane, kinds),
      end: () => {
        lane.ended = true;
        this.#flow();
      },
    };
  }

  #on(event: MediaEvent, lane: Lane, kinds: readonly Track['kind'][]): void {
    if (event.type === 'tracks') {
      const tracks = event.tracks.filter(({ kind }) => kinds.includes(kind));
      // What waits belongs to the tracks of before; the first ones are known at once.
      if (lane.tracks === undefined) this.#retrack(lane, tracks);
      else lane.waiting.push({ type: 'tracks', tracks });
    } else if (kinds.includes(event.frame.track.kind)) {
      lane.waiting.push(event);
    }
    this.#flow();
  }

  /** Gives the oldest frames while no lane that may have an older one is empty. */
  #flow(): void {
    const late = this.#lanes.some(({ waiting }) => waiting.length >= MAX_WAITING);
    if (!late && this.#lanes.some(({ tracks, ended }) => tracks === undefined && !ended)) return;
    for (;;) {
      for (const lane of this.#lanes) this.#passTracks(lane);
      const complete = this.#lanes.every(({ waiting, ended }) => ended || waiting.length > 0);
      const full = this.#lanes.some(({ waiting }) => waiting.length >= MAX_WAITING);
      const next = this.#oldest();
      if (next === undefined || (!complete && !full)) return;
      this.#tell();
      this.#to.on(next.waiting.shift() as MediaEvent);
    }
  }

  /** Afterwards the lane begins with a frame, or is empty. */
  #passTracks(lane: Lane): void {
    for (let first = lane.waiting[0]; first?.type === 'tracks'; first = lane.waiting[0]) {
      this.#retrack(lane, first.tracks);
      lane.waiting.shift();
    }
  }

  #retrack(lane: Lane, tracks: readonly Track[]): void {
    lane.tracks = tracks;
    this.#changed = true;
  }

  #oldest(): Lane | undefined {
    let oldest: Lane | undefined;
    let best = Number.POSITIVE_INFINITY;
    for (const lane of this.#lanes) {
      const [first] = lane.waiting;
      if (first?.type !== 'frame' || first.frame.dts >= best) continue;
      oldest = lane;
      best = first.frame.dts;
    }
    return oldest;
  }

  #tell(): void {
    if (!this.#changed) return;
    this.#changed = false;
    const tracks = this.#lanes.flatMap((lane) => lane.tracks ?? []);
    if (tracks.length === this.#told.length && tracks.every((track, index) => track === this.#told[index])) return;
    this.#told = tracks;
    this.#to.on({ type: 'tracks', tracks });
  }
}
