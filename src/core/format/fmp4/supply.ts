// The samples of plain files in the two orders that a reader needs: as their bytes lie, and as they are decoded.
import { coming } from './moof.ts';
import type { MovieTrack } from './moov.ts';
import type { SampleTable } from './sample-table.ts';
import { SampleWalk } from './sample-table.ts';
import type { Coming, Turns } from './weave.ts';

/** Announced samples in the order of their bytes. */
export interface Supply {
  /** The one that comes first; undefined: nothing more. */
  readonly next: Coming | undefined;
  shift(): void;
}

/** Those of a moof, in any order of boxes. */
export class FragmentSupply implements Supply {
  readonly #samples: readonly Coming[];
  #index = 0;

  constructor(samples: readonly Coming[]) {
    this.#samples = [...samples].sort((a, b) => a.at - b.at);
  }

  get next(): Coming | undefined {
    return this.#samples[this.#index];
  }

  shift(): void {
    this.#index++;
  }
}

/** The turns of a moof's samples by decode time; those of one track keep their order. */
export function fragmentTurns(samples: readonly Coming[]): Turns {
  const order = [...samples].sort((a, b) => a.dts - b.dts || a.index - b.index);
  let at = 0;
  return () => order[at++]?.index;
}

/** One walk over the tables of each track, merged: the next sample is the one for which `rank` is least. */
export class TableSupply implements Supply {
  readonly #walks: Walk[] = [];
  readonly #rank: (sample: Coming) => number;

  constructor(tracks: readonly MovieTrack[], rank: (sample: Coming) => number) {
    this.#rank = rank;
    for (const [index, track] of tracks.entries()) {
      if (track.table !== undefined) this.#walks.push(new Walk(track, index, track.table));
    }
  }

  get next(): Coming | undefined {
    return this.#first()?.next;
  }

  shift(): void {
    this.#first()?.shift();
  }

  #first(): Walk | undefined {
    let first: Walk | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const walk of this.#walks) {
      if (walk.next === undefined) continue;
      const rank = this.#rank(walk.next);
      if (first !== undefined && rank >= least) continue;
      first = walk;
      least = rank;
    }
    return first;
  }
}

/** The order of the bytes. */
export const byPlace = (sample: Coming): number => sample.at;
/** The order of decoding. */
export const byTime = (sample: Coming): number => sample.dts;

/** The turns of a plain file. */
export function tableTurns(tracks: readonly MovieTrack[]): Turns {
  const supply = new TableSupply(tracks, byTime);
  return () => {
    const index = supply.next?.index;
    supply.shift();
    return index;
  };
}

class Walk {
  readonly #track: MovieTrack;
  readonly #index: number;
  readonly #samples: SampleWalk;
  next: Coming | undefined;

  constructor(track: MovieTrack, index: number, table: SampleTable) {
    this.#track = track;
    this.#index = index;
    this.#samples = new SampleWalk(table);
    this.shift();
  }

  /** Samples without bytes are left out; each takes a row of stsz, so the loop is bounded by the table. */
  shift(): void {
    let sample = this.#samples.next();
    while (sample !== undefined && sample.size === 0) sample = this.#samples.next();
    const video = this.#track.track.kind === 'video';
    this.next = sample && coming(this.#track, { ...sample, index: this.#index, key: !video || sample.key });
  }
}
