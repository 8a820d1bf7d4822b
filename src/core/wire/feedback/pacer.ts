// Spreads what is sent to one player over time, so that a key frame is no burst that overflows a router
// (draft-ietf-rmcat-gcc-02 §4), with sound in front of picture.
import { fromMs, fromSeconds, MICROS_PER_SECOND, type Micros } from '../../base/time.ts';
import { Row } from './row.ts';

/** Sent faster than the estimate by this, so that what waits becomes less. Chosen: libwebrtc's factor. */
const HURRY = 2.5;
/** What may leave at once after a pause: a few packets, which every router holds. */
const BURST = fromMs(10);
/** The oldest picture is dropped when it has waited for so long: a player must not fall behind for ever. */
const MOST_DELAY = fromSeconds(2);
/** Packets that may wait: two seconds at 100 Mbit/s. */
const MOST_ITEMS = 20_000;

interface Waiting<Item> {
  readonly item: Item;
  readonly bytes: number;
  readonly since: Micros;
}

/** Of one player; it only says when, and never sends itself. */
export class Pacer<Item> {
  readonly #sound = new Row<Waiting<Item>>();
  readonly #picture = new Row<Waiting<Item>>();
  #bps: number;
  /** Bytes that may leave; negative: a debt. */
  #budget = 0;
  #last: Micros | undefined;
  #bytes = 0;
  /** Packets dropped because they waited too long. */
  dropped = 0;

  /** @param bps the estimate of the path, bits a second. */
  constructor(bps: number) {
    this.#bps = bps;
  }

  /** A new estimate. */
  set bps(bps: number) {
    this.#bps = bps;
  }

  /** Packets that wait. */
  get length(): number {
    return this.#sound.length + this.#picture.length;
  }

  /** Bytes that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** How long it takes until what waits has left. */
  get delay(): Micros {
    return Math.round((this.#bytes * MICROS_PER_SECOND) / this.#bytesPerSecond());
  }

  /** When `take` gives something; Infinity: nothing waits. */
  get deadline(): Micros {
    if (this.length === 0) return Number.POSITIVE_INFINITY;
    const debt = Math.max(0, -this.#budget);
    return (this.#last ?? Number.NEGATIVE_INFINITY) + Math.ceil((debt * MICROS_PER_SECOND) / this.#bytesPerSecond());
  }

  /** Whether a packet may leave at once, past all rows: nothing waits, and there is a budget, from which it is taken. */
  pass(bytes: number, now: Micros): boolean {
    if (this.length > 0) return false;
    this.#earn(now);
    if (this.#budget < 0) return false;
    this.#budget -= bytes;
    return true;
  }

  /** @param sound goes in front of pictures, and is never dropped for its age. */
  push(item: Item, bytes: number, sound: boolean, now: Micros): void {
    const row = sound ? this.#sound : this.#picture;
    row.push({ item, bytes, since: now });
    this.#bytes += bytes;
    if (this.length > MOST_ITEMS) this.#drop(this.#picture.length > 0 ? this.#picture : this.#sound);
  }

  /** The next packet that may leave now; to be asked until there is none. */
  take(now: Micros): Item | undefined {
    this.#earn(now);
    if (this.#budget < 0) return undefined;
    while (this.#picture.front !== undefined && now - this.#picture.front.since > MOST_DELAY) this.#drop(this.#picture);
    const waiting = this.#sound.shift() ?? this.#picture.shift();
    if (waiting === undefined) return undefined;
    this.#budget -= waiting.bytes;
    this.#bytes -= waiting.bytes;
    return waiting.item;
  }

  #earn(now: Micros): void {
    const rate = this.#bytesPerSecond();
    const elapsed = Math.max(0, now - (this.#last ?? now));
    // Packets of one picture are asked for at one time.
    if (elapsed === 0 && this.#last !== undefined) return;
    this.#last = now;
    const most = (rate * BURST) / MICROS_PER_SECOND;
    this.#budget = Math.min(most, this.#budget + (rate * elapsed) / MICROS_PER_SECOND);
  }

  #drop(row: Row<Waiting<Item>>): void {
    const waiting = row.shift();
    if (waiting === undefined) return;
    this.#bytes -= waiting.bytes;
    this.dropped++;
  }

  #bytesPerSecond(): number {
    return (this.#bps * HURRY) / 8;
  }
}
