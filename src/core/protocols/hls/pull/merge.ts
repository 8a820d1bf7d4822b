// Pictures and sound from two playlists as one source, in the order of their times.
import type { MediaEvent } from '../../../media/demuxer.ts';
import type { Frame } from '../../../media/frame.ts';
import type { MediaSink } from '../../../media/sink.ts';
import type { Track } from '../../../media/track.ts';

/** One playlist; `end` says that nothing more comes from it. */
export interface MergeInput extends MediaSink {
  end(): void;
}

interface Lane {
  tracks: readonly Track[] | undefined;
  /** Tracks and frames that wait for the other playlist. */
  readonly waiting: Frame[];
  ended: boolean;
}

/** Chosen: two segments of ten seconds of 50 frames; a playlist that is farther behind is not waited for. */
const MAX_WAITING = 1000;

/** A sink for each playlist; `to` hears of the tracks of all when all are known. */
export class Merge {
  readonly #to: MediaSink;
  readonly #lanes: Lane[] = [];
  #told: readonly Track[] = [];

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
      // What has come belongs to the tracks of before.
      if (lane.tracks !== undefined) this.#flow();
      lane.tracks = tracks;
    } else if (kinds.includes(event.frame.track.kind)) {
      lane.waiting.push(event.frame);
    }
    this.#flow();
  }

  /** Gives the oldest frames while no lane that may have an older one is empty. */
  #flow(): void {
    const late = this.#lanes.some(({ waiting }) => waiting.length >= MAX_WAITING);
    if (!late && this.#lanes.some(({ tracks, ended }) => tracks === undefined && !ended)) return;
    for (;;) {
      const complete = this.#lanes.every(({ waiting, ended }) => ended || waiting.length > 0);
      const full = this.#lanes.some(({ waiting }) => waiting.length >= MAX_WAITING);
      const next = this.#oldest();
      if (next === undefined || (!complete && !full)) return;
      this.#tell();
      this.#to.on({ type: 'frame', frame: next.waiting.shift() as Frame });
    }
  }

  #oldest(): Lane | undefined {
    let oldest: Lane | undefined;
    for (const lane of this.#lanes) {
      const [frame] = lane.waiting;
      const [best] = oldest?.waiting ?? [];
      if (frame !== undefined && (best === undefined || frame.dts < best.dts)) oldest = lane;
    }
    return oldest;
  }

  #tell(): void {
    const tracks = this.#lanes.flatMap((lane) => lane.tracks ?? []);
    if (tracks.length === this.#told.length && tracks.every((track, index) => track === this.#told[index])) return;
    this.#told = tracks;
    this.#to.on({ type: 'tracks', tracks });
  }
}
