// The young heap of V8 is kept small at the start (bin/run.js), because a larger one costs players over TCP memory and
// saves them nothing. Who sends datagrams by the ten thousand makes garbage that a small heap collects thirty times a second,
// each time keeping what was about to die: there it may grow.
import { setFlagsFromString } from 'node:v8';

/** Datagrams a second. Chosen: fifty players of WebRTC, a hundred of SRT. */
const MANY = 10_000;
const SECOND_MS = 1000;

/** What is done once for a busy process. */
export interface YoungHeapOptions {
  readonly now: () => number;
  readonly grow: () => void;
}

export class YoungHeap {
  readonly #options: YoungHeapOptions;
  #datagrams = 0;
  #since: number;
  #grows = false;

  constructor(options: YoungHeapOptions) {
    this.#options = options;
    this.#since = options.now();
  }

  /** So many datagrams leave. */
  note(datagrams: number): void {
    this.#datagrams += datagrams;
    if (this.#datagrams < MANY) return;
    const { now, grow } = this.#options;
    const at = now();
    const busy = at - this.#since < SECOND_MS;
    this.#datagrams = 0;
    this.#since = at;
    if (!busy || this.#grows) return;
    this.#grows = true;
    grow();
  }
}

/** Of the process. V8 reads the factor whenever it thinks about growing. */
export const youngHeap = new YoungHeap({
  now: () => performance.now(),
  grow: () => setFlagsFromString('--semi-space-growth-factor=2'),
});
