// Repair of time stamps: one timeline for a stream that grows whatever its publishers send.
import { fromMs, fromSeconds, type Micros } from '../base/time.ts';

/**
 * What is done with a publisher's clock (SRS: time_jitter, atc).
 *  - full: as below.
 *  - zero: each publisher begins at zero, and its jumps are kept.
 *  - raw: its times as they are, which may be those of the wall clock.
 * In all three no track goes back by less than `MAX_SKEW`, because decoders refuse it.
 */
export type TimelineMode = 'full' | 'zero' | 'raw';

/**
 * A publisher's clock is taken as it is, with one offset for all its tracks, so the distance between sound and
 * picture never changes. The offset is set anew when
 *  - a publisher starts: the first one keeps its own times when they are small, and starts at `LEAD` when they are
 *    not; a later one goes on `STEP` behind the last frame, so that players who stayed see no jump;
 *  - a time jumps more than `MAX_GAP` forwards or `MAX_SKEW` backwards of the newest: the encoder restarted.
 * Smaller steps back within one track are lifted to the track's last time, because decoders refuse them.
 */
export class Timeline {
  /** Of this publisher, and of all. */
  #mode: TimelineMode;
  readonly #ownMode: TimelineMode;
  #offset: Micros | undefined;
  #newest: Micros | undefined;
  readonly #last = new Map<number, Micros>();
  /** How often a time jumped in mid-stream. */
  jumps = 0;
  /** How many frames were lifted to their track's last time. */
  lifts = 0;

  constructor(mode: TimelineMode = 'full') {
    this.#mode = mode;
    this.#ownMode = mode;
  }

  /** A new publisher comes. */
  restart(): void {
    this.#offset = undefined;
    this.#mode = this.#ownMode;
    if (this.#mode !== 'full') this.#forget();
  }

  /** The times of this publisher are kept from here on: mode `raw` until the next one. */
  keep(): void {
    if (this.#mode === 'raw') return;
    this.#mode = 'raw';
    this.#offset = undefined;
    this.#forget();
  }

  /** The newest time given out. */
  get newest(): Micros | undefined {
    return this.#newest;
  }

  /** The repaired decode time of a frame; never below the last one of the same track. */
  repair(trackId: number, dts: Micros): Micros {
    if (this.#offset === undefined) this.#offset = this.#begin(dts);
    let time = dts + this.#offset;
    const newest = this.#newest;
    if (newest !== undefined && (time > newest + MAX_GAP || time < newest - MAX_SKEW)) {
      this.jumps++;
      if (this.#mode === 'full') {
        time = newest + STEP;
        this.#offset = time - dts;
      } else {
        // Lifting would stop the clock of a track until it is where it was.
        this.#forget();
      }
    }
    const last = this.#last.get(trackId) ?? 0;
    if (time < last) {
      this.lifts++;
      time = last;
    }
    this.#last.set(trackId, time);
    if (this.#newest === undefined || time > this.#newest) this.#newest = time;
    return time;
  }

  #forget(): void {
    this.#last.clear();
    this.#newest = undefined;
  }

  #begin(dts: Micros): Micros {
    if (this.#mode === 'raw') return 0;
    if (this.#mode === 'zero') return -dts;
    if (this.#newest !== undefined) return this.#newest + STEP - dts;
    return dts >= 0 && dts <= KEEP_BELOW ? 0 : LEAD - dts;
  }
}

/** Chosen: above any pause of a camera that still sends, below what a player would wait for. */
const MAX_GAP = fromSeconds(10);
/** Chosen: above the interleaving of real encoders (below 1 s), below a restart from zero after a useful time. */
const MAX_SKEW = fromSeconds(3);
/** SRS puts 10 ms between frames whose distance it does not believe. */
const STEP = fromMs(10);
/** Times below this are kept, so that what a publisher sends is what a player sees. */
const KEEP_BELOW = fromSeconds(60);
/** Room for a track that begins a little before the first frame seen. */
const LEAD = fromSeconds(1);
