// Numbers about what is going on: byte rates over the last seconds, and reports that do not flood the log.
import { fromSeconds, type Micros, toSeconds } from './time.ts';

/** Bytes of one direction, with the average over the last 30 s in kbit/s (SRS: kbps.recv_30s). */
export class Rate {
  total = 0;
  /** Ring of totals, one for each second. */
  readonly #samples = new Float64Array(31);
  #filled = 0;
  #next = 0;
  #last: Micros;

  constructor(now: Micros) {
    this.#last = now;
    this.#push();
  }

  add(bytes: number): void {
    this.total += bytes;
  }

  /** Takes a sample when a second has passed; called from the coarse wheel and before reading. */
  tick(now: Micros): void {
    const second = fromSeconds(1);
    const late = Math.floor((now - this.#last) / second);
    if (late <= 0) return;
    for (let i = 0; i < Math.min(late, this.#samples.length); i++) this.#push();
    this.#last += late * second;
  }

  /** Average of the last `seconds` (at most 30) in whole kbit/s. */
  kbps(now: Micros, seconds = 30): number {
    this.tick(now);
    const back = Math.min(seconds, this.#filled - 1);
    const oldest = this.#samples[(this.#next - 1 - back + 2 * this.#samples.length) % this.#samples.length] as number;
    const span = back + toSeconds(now - this.#last);
    return span <= 0 ? 0 : Math.floor(((this.total - oldest) * 8) / 1000 / span);
  }

  #push(): void {
    this.#samples[this.#next] = this.total;
    this.#next = (this.#next + 1) % this.#samples.length;
    this.#filled = Math.min(this.#filled + 1, this.#samples.length);
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
