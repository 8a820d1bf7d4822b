// Whether a queue grows on the path: the trend of the one-way delay (draft-ietf-rmcat-gcc-02 §5.2 to §5.4).
//
// Packets that were sent together are one group. The delay of a group is how much further apart it came than it was sent;
// summed up and smoothed it is a line, and a line that climbs means that somewhere packets are queued. The threshold adapts,
// or a TCP stream beside us would take everything.
import { fromMs, type Micros, toSeconds } from '../../base/time.ts';
import type { SentResult } from './sent.ts';

/** What the delay says. */
export type PathUse = 'over' | 'normal' | 'under';

/** Packets sent within this are one group (§5.2). */
const GROUP = fromMs(5);
/** Groups that the line goes through. */
const WINDOW = 20;
/** Weight of the old value in the smoothed delay. */
const SMOOTHING = 0.9;
/** The slope counts for as many groups as there are, at most. */
const MOST_GROUPS = 60;
/** Makes the slope comparable with the threshold, which is in ms. */
const GAIN = 4;
/** §5.4: start, bounds and speed of the threshold, in ms and per ms. */
const THRESHOLD = { first: 12.5, least: 6, most: 600, up: 0.0087, down: 0.039, jump: 15 };
/** A queue must have grown for so long. */
const OVERUSE = fromMs(10);

interface Group {
  readonly firstSent: Micros;
  lastSent: Micros;
  lastArrived: Micros;
}

/** One point of the line: times and delays in ms, which is the unit of the thresholds. */
interface Point {
  readonly at: number;
  readonly delay: number;
}

const inMs = (time: Micros): number => toSeconds(time) * 1000;

/** Of one path; see above. */
export class DelayTrend {
  #group: Group | undefined;
  #before: Group | undefined;
  readonly #points: Point[] = [];
  #groups = 0;
  #sum = 0;
  #smoothed = 0;
  #threshold = THRESHOLD.first;
  #lastTrend = 0;
  #overSince: Micros | undefined;
  #lastAt: Micros | undefined;
  /** What the newest group says. */
  use: PathUse = 'normal';

  /** A packet that came, in the order of sending. */
  add({ sentAt, arrivedAt }: SentResult): void {
    if (arrivedAt === undefined) return;
    const group = this.#group;
    if (group === undefined || sentAt - group.firstSent > GROUP) {
      if (group !== undefined) this.#close(group);
      this.#group = { firstSent: sentAt, lastSent: sentAt, lastArrived: arrivedAt };
      return;
    }
    group.lastSent = Math.max(group.lastSent, sentAt);
    group.lastArrived = Math.max(group.lastArrived, arrivedAt);
  }

  #close(group: Group): void {
    const before = this.#before;
    this.#before = group;
    if (before === undefined) return;
    const delay = inMs(group.lastArrived - before.lastArrived - (group.lastSent - before.lastSent));
    this.#groups++;
    this.#sum += delay;
    this.#smoothed = SMOOTHING * this.#smoothed + (1 - SMOOTHING) * this.#sum;
    this.#points.push({ at: inMs(group.lastArrived), delay: this.#smoothed });
    if (this.#points.length > WINDOW) this.#points.shift();
    if (this.#points.length === WINDOW) this.#detect(slopeOf(this.#points), group.lastArrived);
  }

  #detect(slope: number, at: Micros): void {
    const trend = Math.min(this.#groups, MOST_GROUPS) * slope * GAIN;
    if (trend > this.#threshold) {
      this.#overSince ??= at;
      if (at - this.#overSince >= OVERUSE && trend >= this.#lastTrend) this.use = 'over';
    } else {
      this.#overSince = undefined;
      this.use = trend < -this.#threshold ? 'under' : 'normal';
    }
    this.#lastTrend = trend;
    this.#adapt(Math.abs(trend), at);
  }

  #adapt(trend: number, at: Micros): void {
    const elapsed = Math.min(100, inMs(at - (this.#lastAt ?? at)));
    this.#lastAt = at;
    // A single spike, as of a route that changed, must not make us deaf.
    if (trend > this.#threshold + THRESHOLD.jump) return;
    const speed = trend < this.#threshold ? THRESHOLD.down : THRESHOLD.up;
    const wanted = this.#threshold + speed * (trend - this.#threshold) * elapsed;
    this.#threshold = Math.min(THRESHOLD.most, Math.max(THRESHOLD.least, wanted));
  }
}

/** Least squares: ms of delay for each ms of time. */
function slopeOf(points: readonly Point[]): number {
  let sumAt = 0;
  let sumDelay = 0;
  for (const { at, delay } of points) {
    sumAt += at;
    sumDelay += delay;
  }
  const meanAt = sumAt / points.length;
  const meanDelay = sumDelay / points.length;
  let numerator = 0;
  let denominator = 0;
  for (const { at, delay } of points) {
    numerator += (at - meanAt) * (delay - meanDelay);
    denominator += (at - meanAt) ** 2;
  }
  return denominator === 0 ? 0 : numerator / denominator;
}
