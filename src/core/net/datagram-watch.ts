// When a port is read: by node as soon as something comes, or, when much comes and its owner is patient, by a look now and
// then that takes everything. A waking of the loop for one datagram costs ten times what reading it with others does.
//
//   woken ----- WAKINGS in less time than half as many looks take ----> looking
//         <---- QUIET_LOOKS that find next to nothing, or no patience --
import type { Peer } from '../base/link.ts';
import { fromMs, type Micros } from '../base/time.ts';
import type { DatagramDrain } from './datagram-drain.ts';

const WAKINGS = 16;
const QUIET_LOOKS = 8;
/** Fewer than so many in a look are next to nothing. */
const FEW = 2;
/** After so many the next look is a millisecond later: what waits has to fit into the socket's buffer. */
const MANY = 48;
const SHORTEST_MS = 1;

/** What has come, see `DatagramDrain`. */
type Drain = Pick<DatagramDrain, 'follow' | 'take'>;
/** What is done with a datagram, which is true during the call only; false: nothing more. */
type Give = (datagram: Uint8Array, from: Peer) => boolean;

export class DatagramWatch {
  readonly #drain: Drain;
  readonly #give: Give;
  /** Stops or starts node's reading; false: it cannot be stopped. */
  readonly #node: (on: boolean) => boolean;
  /** How long a datagram may wait; less than a millisecond: not at all. */
  patience: Micros = 0;
  #wakings = 0;
  #since = 0;
  #quiet = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(drain: Drain, give: Give, node: (on: boolean) => boolean) {
    this.#drain = drain;
    this.#give = give;
    this.#node = node;
  }

  /** Node has given a datagram. */
  woken(): void {
    this.#drain.follow(this.#give);
    if (this.#closed || ++this.#wakings < WAKINGS) return;
    const now = fromMs(performance.now());
    const often = now - this.#since < (WAKINGS / 2) * this.patience;
    this.#wakings = 0;
    this.#since = now;
    if (!often || this.#timer !== undefined || this.patience < fromMs(SHORTEST_MS) || !this.#node(false)) return;
    this.#quiet = 0;
    this.#lookAfter(this.patience / fromMs(1));
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #lookAfter(ms: number): void {
    this.#timer = setTimeout(() => this.#look(), ms);
  }

  #look(): void {
    this.#timer = undefined;
    const found = this.#drain.take(this.#give);
    if (this.#closed) return;
    this.#quiet = found < FEW ? this.#quiet + 1 : 0;
    if (this.#quiet < QUIET_LOOKS && this.patience >= fromMs(SHORTEST_MS)) {
      this.#lookAfter(found < MANY ? this.patience / fromMs(1) : SHORTEST_MS);
    } else this.#node(true);
  }
}
