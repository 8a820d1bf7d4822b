// What the tools see of the players of their private stream: how much waits, and what was lost.
import type { Clock } from '../base/clock.ts';
import type { Link } from '../base/link.ts';
import { fromMs, type Micros } from '../base/time.ts';
import type { Cursor } from '../media/feed.ts';
import type { Stream } from '../media/stream.ts';
import { sleep } from './wait.ts';
import { wholeFormat } from './whole.ts';

export interface OutletOptions {
  readonly clock: Clock;
  /** The first player gets every frame, not only those from the first key frame on. */
  readonly whole: boolean;
}

/** A player of the stream. */
export interface Output {
  readonly cursor: Cursor;
  readonly link: Link;
}

/** Watches `stream.play`, through which every `push` goes. */
export class Outlet {
  readonly #clock: Clock;
  readonly #cursors = new Map<Cursor, Link>();
  #link: Link | undefined;
  #dropped = 0;
  #players = 0;
  /** Whether more may be read although nobody takes it yet. */
  eager: () => boolean = () => false;
  /** Told of each player that begins. */
  onAttach: (output: Output) => void = () => undefined;

  constructor(stream: Stream, { clock, whole }: OutletOptions) {
    this.#clock = clock;
    const play = stream.play.bind(stream);
    stream.play = (format, link, mergeWindow) => {
      const first = whole && this.#players++ === 0;
      const cursor = play(first ? wholeFormat(format) : format, link, mergeWindow);
      this.#attach(cursor, link);
      return cursor;
    };
  }

  /** The link that carries the media, when a push tells it; undefined when that push is over. */
  watch(link: Link | undefined): void {
    this.#link = link;
  }

  /** A push takes from the stream. */
  get attached(): boolean {
    return this.#cursors.size > 0;
  }

  /** Bytes that the slowest of the other ends has not taken. */
  get pending(): number {
    let most = this.#link?.pending ?? 0;
    for (const link of this.#cursors.values()) most = Math.max(most, link.pending);
    return most;
  }

  /** Packets jumped over because an output was too slow. */
  get dropped(): number {
    let sum = this.#dropped;
    for (const cursor of this.#cursors.keys()) sum += cursor.dropped;
    return sum;
  }

  /** There is an output, and it keeps up: more may be read. */
  get room(): boolean {
    for (const cursor of this.#cursors.keys()) if (cursor.full) return false;
    return this.attached ? this.pending < HIGH_BYTES : this.eager();
  }

  /** Waits for `room`, or the signal. */
  async untilRoom(signal: AbortSignal): Promise<void> {
    let pause = SHORTEST;
    let before = this.pending;
    while (!this.room && !signal.aborted) {
      await sleep(this.#clock, pause, signal);
      pause = this.pending < before ? SHORTEST : Math.min(LONGEST, pause * 2);
      before = this.pending;
    }
  }

  #attach(cursor: Cursor, link: Link): void {
    this.#cursors.set(cursor, link);
    this.onAttach({ cursor, link });
    const close = cursor.close.bind(cursor);
    cursor.close = () => {
      close();
      if (this.#cursors.delete(cursor)) this.#dropped += cursor.dropped;
    };
  }
}

/** Chosen: keeps a disk busy between two looks, and is half of what makes a link count as full. */
const HIGH_BYTES = 512 * 1024;
/** Looks at a full output begin at the shortest timer there is (0.5 GB/s), and become rare while nothing moves. */
const SHORTEST: Micros = fromMs(1);
const LONGEST: Micros = fromMs(16);
