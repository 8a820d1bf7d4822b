// RTP time stamps of all tracks of a publisher on one media time (RFC 3550 §6.4.1).
//
// Each track counts ticks from a random start. Sender reports say which tick was at which moment of the sender's clock, but
// come seconds late. So a track begins by arrival: its first packet is now. When the reports of two tracks are there, their
// true distance is known; one of them, the sound if there is any, keeps its times, and the others move towards theirs a little
// with each frame: nobody sees a jump, and nothing is thrown away before the first report.
import { fromSeconds, fromTicks, type Micros } from '../../base/time.ts';

/** Reports that put tracks further apart than this are not of one clock, as some cameras send them. */
const MOST_SKEW = fromSeconds(5);
/**
 * A step of the time stamps that differs by more than this from that of the arrivals is of a sender that began anew. Steps are
 * compared, not times: a clock that is 100 ppm wrong is 10 s away after a day, and nothing is wrong with its stream.
 */
const MOST_JUMP = fromSeconds(10);
/** Part of the time that passes by which a track moves towards its true place; the further away, the faster. */
const LEAST_SLEW = 0.1;
const MOST_SLEW = 0.5;
/** What is to be corrected in about this time. */
const SLEW_TIME = fromSeconds(2);

/** Of all tracks of one publisher. */
export class ClockSync {
  readonly #tracks: TrackClock[] = [];

  /**
   * A new track.
   *
   * @param rate ticks a second.
   * @param steady sound: its times are kept, and the picture is moved.
   */
  track(rate: number, steady: boolean): TrackClock {
    const track = new TrackClock(rate, steady, () => this.#align());
    this.#tracks.push(track);
    return track;
  }

  /** All tracks with reports are aimed at where the leading one puts them. */
  #align(): void {
    const known = this.#tracks.filter((track) => track.shift !== undefined);
    // One that has no frame yet goes to those that have: nobody sees it move.
    const running = known.filter((track) => track.used);
    const leader =
      running.find((track) => track.steady) ?? running[0] ?? known.find((track) => track.steady) ?? known[0];
    const shift = leader?.shift;
    if (shift === undefined) return;
    for (const track of known) if (track !== leader) track.aim(shift);
  }
}

/** Of one track; ticks are unwrapped. */
export class TrackClock {
  readonly steady: boolean;
  readonly #rate: number;
  readonly #onReport: () => void;
  /** Media time of tick 0. */
  #offset: Micros | undefined;
  /** Time of the sender at tick 0. */
  #origin: Micros | undefined;
  /** Where the offset goes to. */
  #target: Micros | undefined;
  /** The newest frame: by its ticks, and when it came. */
  #last: Micros = 0;
  #lastArrival: Micros = 0;
  #used = false;

  constructor(rate: number, steady: boolean, onReport: () => void) {
    this.#rate = rate;
    this.steady = steady;
    this.#onReport = onReport;
  }

  /** From the sender's time to the media time, as this track has it; undefined: no report or no packet yet. */
  get shift(): Micros | undefined {
    return this.#offset === undefined || this.#origin === undefined ? undefined : this.#offset - this.#origin;
  }

  /** A frame has its time: from here on it must not jump. */
  get used(): boolean {
    return this.#used;
  }

  /** How far the track still is from its true place. */
  get skew(): Micros {
    return this.#target === undefined || this.#offset === undefined ? 0 : this.#target - this.#offset;
  }

  /**
   * A packet has come. The first one sets the clock: a frame is whole only later, and a picture later than sound, which until
   * the reports come would be taken for their distance.
   */
  seen(ticks: number, arrival: Micros): void {
    if (this.#offset !== undefined) return;
    const time = fromTicks(ticks, this.#rate);
    this.#last = time;
    this.#lastArrival = arrival;
    this.#begin(arrival - time);
  }

  /** The media time of a frame that is whole at `arrival`, on the clock of that. */
  timeOf(ticks: number, arrival: Micros): Micros {
    const time = fromTicks(ticks, this.#rate);
    this.seen(ticks, arrival);
    if (!this.#used) this.#offset = (this.#offset as Micros) + this.skew;
    this.#used = true;
    if (Math.abs(time - this.#last - (arrival - this.#lastArrival)) > MOST_JUMP) this.#restart(arrival - time);
    else this.#slew(Math.max(0, time - this.#last));
    this.#last = time;
    this.#lastArrival = arrival;
    return time + (this.#offset as Micros);
  }

  /** A sender report: these ticks were at this time of the sender. */
  reported(senderTime: Micros, ticks: number): void {
    this.#origin = senderTime - fromTicks(ticks, this.#rate);
    this.#onReport();
  }

  /** The leading track goes from the sender's time to the media time by so much. */
  aim(shift: Micros): void {
    if (this.#offset === undefined || this.#origin === undefined) return;
    const target = this.#origin + shift;
    this.#target = Math.abs(target - this.#offset) > MOST_SKEW ? undefined : target;
  }

  #begin(offset: Micros): void {
    this.#offset = offset;
    if (this.#origin === undefined) return;
    // The report came before the first packet: the place is right from the beginning.
    this.#onReport();
    if (this.#target !== undefined) this.#offset = this.#target;
  }

  #restart(offset: Micros): void {
    this.#offset = offset;
    this.#origin = undefined;
    this.#target = undefined;
  }

  #slew(elapsed: Micros): void {
    const skew = this.skew;
    if (skew === 0) return;
    const part = Math.min(MOST_SLEW, Math.max(LEAST_SLEW, Math.abs(skew) / SLEW_TIME));
    const step = Math.round(Math.min(Math.abs(skew), elapsed * part));
    this.#offset = (this.#offset as Micros) + Math.sign(skew) * step;
  }
}
