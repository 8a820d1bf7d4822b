// Puts items that a network mixed up back in order, and waits a bounded time for those that are missing.
//
//   next          newest
//    v              v
//   | . | B | C | . | E |      a ring of `items` places; the place of a number is its remainder
//
// What is in order leaves at once: no delay is added where nothing is missing. A hole is waited for until the first item
// behind it has waited for `span`, or half of the places are behind it; then the hole is given up and told with the next item.
// Why not a fixed play-out delay: we pass media on, and whoever shows it has a buffer of its own.
import type { Micros } from '../base/time.ts';

/** Bounds of a queue. */
export interface QueueLimits {
  /** How long a hole is waited for. Too small: retransmissions come too late. Too big: latency after each loss. */
  readonly span: Micros;
  /** How long the very first item is held, so that those it overtook still come before it; 0: not at all. */
  readonly start: Micros;
  /** Places. A hole is given up when half of them are behind it; a jump further than all is a sender that began anew. */
  readonly items: number;
  /** Of all items that wait, by the `size` that is given with each. */
  readonly bytes: number;
}

/** What became of an item: late and twice are not kept. */
export type Pushed = 'kept' | 'late' | 'twice' | 'restart';

/** An item whose turn has come. */
export interface Ordered<Item> {
  readonly item: Item;
  readonly sequence: number;
  /** Numbers given up in front of it; Infinity when the sender began anew. */
  readonly missing: number;
}

interface Place<Item> {
  readonly item: Item;
  readonly sequence: number;
  readonly size: number;
  readonly since: Micros;
}

/** Numbers are those of an unwrapper: they grow for ever and may be negative. */
export class ReorderQueue<Item> {
  readonly #limits: QueueLimits;
  readonly #places: (Place<Item> | undefined)[];
  /** The number that is next; undefined before the first item. */
  #next: number | undefined;
  /** Until when the beginning is held; undefined: something has left. */
  #startsAt: Micros | undefined;
  #newest = 0;
  #count = 0;
  #bytes = 0;
  #missing = 0;
  /** The last item that was far too old; when its successor is the next to come, the sender began anew with it. */
  #straggler: Place<Item> | undefined;
  /** Arrival of the first item behind the hole; Infinity: nothing waits. */
  #since: Micros = Number.POSITIVE_INFINITY;
  /** Numbers given up so far, items that came too late, and items that came twice. */
  readonly counts = { missing: 0, late: 0, twice: 0, restarts: 0 };

  constructor(limits: QueueLimits) {
    this.#limits = limits;
    this.#places = new Array<Place<Item> | undefined>(limits.items).fill(undefined);
  }

  /** Items that wait. */
  get size(): number {
    return this.#count;
  }

  /** Bytes of the items that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** When the hole in front is given up, or the beginning is over; Infinity: nothing waits. */
  get deadline(): Micros {
    if (this.#startsAt !== undefined) return this.#startsAt;
    return this.#since + this.#limits.span;
  }

  /**
   * Adds an item; `take` until it gives nothing should follow.
   *
   * A jump of more than `items` drops what waits and begins anew at this item; one of more than `items` backwards too, when two
   * items in order make it (RFC 3550 A.1): one alone is late, as smaller steps back are.
   */
  push(sequence: number, item: Item, size: number, now: Micros): Pushed {
    const pushed = this.#judge(sequence);
    const place = { item, sequence, size, since: now };
    const straggler = this.#straggler;
    this.#straggler = pushed === 'late' && this.#isAncient(sequence) ? place : undefined;
    if (pushed === 'late') this.counts.late++;
    if (pushed === 'twice') this.counts.twice++;
    if (pushed === 'late' || pushed === 'twice') return pushed;
    if (pushed === 'kept') this.#put(place);
    else if (straggler?.sequence !== sequence - 1) this.#restart([place]);
    else {
      // Not too old after all, but the first of the new beginning.
      this.counts.late--;
      this.#restart([straggler, place]);
    }
    return pushed;
  }

  /** The next item in order; one behind a hole when its time is over or too many bytes wait. */
  take(now: Micros): Ordered<Item> | undefined {
    if (this.#count === 0 || this.#next === undefined) return undefined;
    if (this.#startsAt !== undefined && now < this.#startsAt && !this.#isFull()) return undefined;
    this.#startsAt = undefined;
    if (this.#places[this.#index(this.#next)] === undefined) {
      if (now < this.deadline && !this.#isFull()) return undefined;
      this.#skip();
    }
    return this.#shift(this.#next);
  }

  /** What waits is given in order whatever is missing: the input is over. */
  flush(): Ordered<Item>[] {
    const rest: Ordered<Item>[] = [];
    for (let one = this.take(Number.POSITIVE_INFINITY); one !== undefined; one = this.take(Number.POSITIVE_INFINITY)) {
      rest.push(one);
    }
    return rest;
  }

  #judge(sequence: number): Pushed {
    if (this.#next === undefined) return 'kept';
    const { items } = this.#limits;
    if (sequence >= this.#next + items) return 'restart';
    if (this.#isAncient(sequence)) return this.#straggler?.sequence === sequence - 1 ? 'restart' : 'late';
    // Nothing has left yet: the beginning may still move forwards, as long as all has room.
    if (sequence < this.#next && this.#startsAt !== undefined && this.#newest - sequence < items) return 'kept';
    if (sequence < this.#next) return 'late';
    return this.#places[this.#index(sequence)] === undefined ? 'kept' : 'twice';
  }

  #isAncient(sequence: number): boolean {
    return this.#next !== undefined && sequence < this.#next - this.#limits.items;
  }

  /** Whether no hole is waited for: the rest of the room is for what comes before the next `take`. */
  #isFull(): boolean {
    const { items, bytes } = this.#limits;
    return this.#bytes > bytes || this.#newest - (this.#next ?? 0) >= items / 2;
  }

  #put(place: Place<Item>): void {
    const { sequence, size, since } = place;
    if (this.#next === undefined) this.#startsAt = since + this.#limits.start;
    if (this.#next === undefined || sequence < this.#next) this.#next = sequence;
    if (this.#count === 0 || sequence > this.#newest) this.#newest = sequence;
    this.#places[this.#index(sequence)] = place;
    this.#count++;
    this.#bytes += size;
    if (since < this.#since) this.#since = since;
  }

  #restart(begin: readonly Place<Item>[]): void {
    this.#places.fill(undefined);
    this.#count = 0;
    this.#bytes = 0;
    this.#next = (begin[0] as Place<Item>).sequence;
    this.#missing = Number.POSITIVE_INFINITY;
    this.#since = Number.POSITIVE_INFINITY;
    this.#startsAt = undefined;
    this.counts.restarts++;
    for (const place of begin) this.#put(place);
  }

  /** Gives up the hole in front. */
  #skip(): void {
    let next = this.#next as number;
    // Bounded by the places: something waits, so the walk ends at it.
    while (this.#places[this.#index(next)] === undefined) next++;
    this.#missing += next - (this.#next as number);
    this.counts.missing += next - (this.#next as number);
    this.#next = next;
  }

  #shift(sequence: number): Ordered<Item> {
    const index = this.#index(sequence);
    const place = this.#places[index] as Place<Item>;
    const missing = this.#missing;
    this.#places[index] = undefined;
    this.#count--;
    this.#bytes -= place.size;
    this.#missing = 0;
    this.#next = sequence + 1;
    this.#since = this.#waitingSince();
    return { item: place.item, sequence, missing };
  }

  /** Arrival of the item that is next in order among those that wait; what is behind a hole counts from there. */
  #waitingSince(): Micros {
    if (this.#count === 0) return Number.POSITIVE_INFINITY;
    let at = this.#next as number;
    while (at <= this.#newest) {
      const place = this.#places[this.#index(at)];
      if (place !== undefined) return place.since;
      at++;
    }
    return Number.POSITIVE_INFINITY;
  }

  #index(sequence: number): number {
    const { items } = this.#limits;
    return ((sequence % items) + items) % items;
  }
}
