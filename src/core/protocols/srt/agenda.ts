// When each of many connections wants to be looked at. The times lie side by side, since all are compared at each waking, and
// a sender's is moved by each packet without a look at anything else of its connection.
import type { Micros } from '../../base/time.ts';

/** What is on it knows where. */
export interface Placed {
  place: number;
}

const GONE = -1;
const FIRST_SIZE = 16;
/** Times of an item: of what it sends, and of all else. */
const TIMES = 2;

export class Agenda<T extends Placed> {
  readonly #items: T[] = [];
  #times = new Float64Array(FIRST_SIZE * TIMES);

  get size(): number {
    return this.#items.length;
  }

  add(item: T): void {
    item.place = this.#items.push(item) - 1;
    if (this.#items.length * TIMES > this.#times.length) {
      const times = new Float64Array(this.#times.length * 2);
      times.set(this.#times);
      this.#times = times;
    }
    this.#times.fill(Number.POSITIVE_INFINITY, item.place * TIMES, (item.place + 1) * TIMES);
  }

  /** The last one takes its place. */
  remove(item: T): void {
    const { place } = item;
    const last = this.#items.pop();
    item.place = GONE;
    if (last === undefined || last === item) return;
    this.#items[place] = last;
    this.#times.copyWithin(place * TIMES, last.place * TIMES, (last.place + 1) * TIMES);
    last.place = place;
  }

  /** When its sender wants something. */
  setSending({ place }: T, at: Micros): void {
    if (place !== GONE) this.#times[place * TIMES] = at;
  }

  /** When anything else of it wants something. */
  setRest({ place }: T, at: Micros): void {
    if (place !== GONE) this.#times[place * TIMES + 1] = at;
  }

  /** One whose time has come, from `from` on. */
  due(from: number, now: Micros): T | undefined {
    for (let place = from; place < this.#items.length; place++) if (this.#at(place) <= now) return this.#items[place];
    return undefined;
  }

  /** The nearest of all times. */
  get nearest(): Micros {
    let nearest = Number.POSITIVE_INFINITY;
    for (let place = 0; place < this.#items.length; place++) nearest = Math.min(nearest, this.#at(place));
    return nearest;
  }

  #at(place: number): Micros {
    return Math.min(this.#times[place * TIMES] as number, this.#times[place * TIMES + 1] as number);
  }
}
