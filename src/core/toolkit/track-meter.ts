// What passes by of one track, summarised frame by frame.
import { fromSeconds, type Micros, toSeconds } from '../base/time.ts';
import type { Frame } from '../media/frame.ts';
import type { Track } from '../media/track.ts';
import { Spread } from './spread.ts';

/** A step that is worth a finding, with the media time where it was first seen. */
export interface Oddity {
  count: number;
  firstAt: Micros;
  worst: Micros;
}

export class TrackMeter {
  track: Track;
  frames = 0;
  bytes = 0;
  keyFrames = 0;
  largest = 0;
  changes = 0;
  first: Micros = 0;
  last: Micros = 0;
  firstPts: Micros = 0;
  maxCts: Micros = 0;
  minCts: Micros = 0;
  reordered = false;
  /** The first key frame, from which codecs without a configuration can be described. */
  sample: Uint8Array | undefined;
  readonly steps = new Spread();
  readonly gopFrames = new Spread();
  readonly gopSpans = new Spread();
  readonly arrivals = new Spread();
  readonly gaps: Oddity = { count: 0, firstAt: 0, worst: 0 };
  readonly backwards: Oddity = { count: 0, firstAt: 0, worst: 0 };
  repeated = 0;
  #newestPts = Number.NEGATIVE_INFINITY;
  #gopStart: { at: Micros; frames: number } | undefined;
  #arrivedAt: Micros = 0;

  constructor(track: Track) {
    this.track = track;
  }

  retrack(track: Track): void {
    if (track === this.track) return;
    this.track = track;
    if (this.frames > 0) this.changes++;
  }

  /** @param now when it arrived. */
  note({ dts, cts, key, data }: Frame, now: Micros): void {
    if (this.frames === 0) {
      this.first = dts;
      this.firstPts = dts + cts;
    } else {
      this.#step(dts - this.last, dts);
      this.arrivals.add(now - this.#arrivedAt);
    }
    this.#arrivedAt = now;
    this.#present(dts + cts, cts);
    if (key) this.#key(dts, data);
    this.frames++;
    this.bytes += data.length;
    if (data.length > this.largest) this.largest = data.length;
    this.last = dts;
  }

  /** Media time of the track, with one more average step for the last frame; 0 for less than two frames. */
  get span(): Micros {
    return this.frames < 2 ? 0 : Math.max(0, this.last - this.first) * (this.frames / (this.frames - 1));
  }

  get bitrateBps(): number {
    return this.span === 0 ? 0 : Math.round((this.bytes * 8) / toSeconds(this.span));
  }

  #step(step: Micros, at: Micros): void {
    this.steps.add(step);
    if (step > GAP) notice(this.gaps, step, at);
    else if (step < 0) notice(this.backwards, -step, at);
    else if (step === 0) this.repeated++;
  }

  #present(pts: Micros, cts: Micros): void {
    if (cts > this.maxCts) this.maxCts = cts;
    if (cts < this.minCts) this.minCts = cts;
    if (pts < this.#newestPts) this.reordered = true;
    else this.#newestPts = pts;
  }

  #key(dts: Micros, data: Uint8Array): void {
    this.keyFrames++;
    this.sample ??= data;
    if (this.#gopStart !== undefined) {
      this.gopFrames.add(this.frames - this.#gopStart.frames);
      this.gopSpans.add(toSeconds(dts - this.#gopStart.at));
    }
    this.#gopStart = { at: dts, frames: this.frames };
  }
}

function notice(oddity: Oddity, size: Micros, at: Micros): void {
  if (oddity.count++ === 0) oddity.firstAt = at;
  oddity.worst = Math.max(oddity.worst, size);
}

/** Chosen: a player's buffer survives less, a viewer sees more. */
const GAP = fromSeconds(1);
