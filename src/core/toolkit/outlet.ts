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
  /**
   * The first player gets every frame: no merge window, since a flush that brings several groups of pictures at once
   * would start a new player at the newest of them.
   */
  readonly whole: boolean;
}

/** Watches `stream.play`, through which every `push` goes. */
export class Outlet {
  readonly #clock: Clock;
  #cursor: Cursor | undefined;
  #playLink: Link | undefined;
  #link: Link | undefined;
  #dropped = 0;
  #players = 0;

  constructor(stream: Stream, { clock, whole }: OutletOptions) {
    this.#clock = clock;
    const play = stream.play.bind(stream);
    stream.play = (format, link, mergeWindow) => {
      const first = whole && this.#players++ === 0;
      this.#dropped += this.#cursor?.dropped ?? 0;
      this.#playLink = link;
      const cursor = first ? play(wholeFormat(format), link, 0) : play(format, link, mergeWindow);
      this.#attach(cursor);
      return cursor;
    };
  }

  /** The link that carries the media, when a push tells it. */
  watch(link: Link): void {
    this.#link = link;
  }

  /** A push takes from the stream. */
  get attached(): boolean {
    return this.#cursor !== undefined;
  }

  /** Bytes that the other end has not taken. */
  get pending(): number {
    return Math.max(this.#link?.pending ?? 0, this.#playLink?.pending ?? 0);
  }

  /** Packets jumped over because the output was too slow. */
  get dropped(): number {
    return this.#dropped + (this.#cursor?.dropped ?? 0);
  }

  /** The output keeps up: more may be read. */
  get room(): boolean {
    return this.#cursor !== undefined && !this.#cursor.full && this.pending < HIGH_BYTES;
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

  #attach(cursor: Cursor): void {
    this.#cursor = cursor;
    const close = cursor.close.bind(cursor);
    cursor.close = () => {
      close();
      if (this.#cursor !== cursor) return;
      this.#dropped += cursor.dropped;
      this.#cursor = undefined;
    };
  }
}

/** Chosen: keeps a disk busy between two looks, and is half of what makes a link count as full. */
const HIGH_BYTES = 512 * 1024;
/** Looks at a full output begin at the shortest timer there is (0.5 GB/s), and become rare while nothing moves. */
const SHORTEST: Micros = fromMs(1);
const LONGEST: Micros = fromMs(16);
