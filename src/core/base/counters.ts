// Numbers about what is going on: byte rates over the last seconds, and reports that do not flood the log.
import { fromSeconds, type Micros, toSeconds } from './time.ts';

/** Chosen: a thousand players are looked at a thousand times in this time, and dashboards average over 30 s anyway. */
export const SAMPLE_TIME = fromSeconds(5);
const SAMPLES = 7;

/** Changes when samples are due. */
export const sampleNumber = (now: Micros): number => Math.floor(now / SAMPLE_TIME);

/** Bytes of one direction, with the average over the last 30 s in kbit/s (SRS: kbps.recv_30s). */
export class Rate {
  total = 0;
  /** Ring of totals, one for each sample time. */
  readonly #samples: number[] = [];
  #next = 0;
  readonly #since: Micros;
  /** All rates are sampled in the same moments: who has many of them looks at them only then. */
  #last: Micros;

  constructor(now: Micros) {
    this.#since = now;
    this.#last = sampleNumber(now) * SAMPLE_TIME;
    this.#push();
  }

  add(bytes: number): void {
    this.total += bytes;
  }

  /** Takes a sample when its time has come; called at least so often, and before reading. */
  tick(now: Micros): void {
    const late = Math.floor((now - this.#last) / SAMPLE_TIME);
    if (late <= 0) return;
    for (let i = 0; i < Math.min(late, SAMPLES); i++) this.#push();
    this.#last += late * SAMPLE_TIME;
  }

  /** Average of the last 30 s, or since the start when that is less, in whole kbit/s. */
  kbps(now: Micros): number {
    return Math.floor((this.perSecond(now) * 8) / 1000);
  }

  /** The same in what is counted, a second. */
  perSecond(now: Micros): number {
    this.tick(now);
    const back = this.#samples.length - 1;
    const oldest = this.#samples[(this.#next + SAMPLES * 2 - 1 - back) % SAMPLES] as number;
    const span = toSeconds(Math.min(back * SAMPLE_TIME + (now - this.#last), now - this.#since));
    return span <= 0 ? 0 : (this.total - oldest) / span;
  }

  #push(): void {
    this.#samples[this.#next] = this.total;
    this.#next = (this.#next + 1) % SAMPLES;
  }
}

/** Counts what happens often and reports at most once a second: "37 times, last: FLV_VIDEO_SHORT". */
export class Reporter {
  readonly #report: (count: number, last: string) => void;
  #count = 0;
  #next: Micros = 0;
  total = 0;

  constructor(report: (count: number, last: string) => void) {
    this.#report = report;
  }

  note(what: string, now: Micros): void {
    this.#count++;
    this.total++;
    if (now < this.#next) return;
    this.#report(this.#count, what);
    this.#count = 0;
    this.#next = now + fromSeconds(1);
  }
}
