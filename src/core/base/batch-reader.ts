// Reads a link in batches. A publisher whose players get their bytes once in a window need not wake the process for
// each of its packets: they wait in the kernel, which costs nothing, and come out together just when they are sent on.
// Waking up is most of what receiving costs (docs/performance.md).
import type { Clock } from './clock.ts';
import type { Link } from './link.ts';
import { fromMs, type Micros } from './time.ts';

/** When a link is read. */
export interface BatchReaderOptions {
  readonly clock: Clock;
  /** How long what comes may wait now; 0: not at all. Asked before each wait. */
  readonly patience: () => Micros;
  /** All that waited was read. The next batch comes so much later: 0 when it is read as it comes from now on. */
  readonly onBatch: (next: Micros) => void;
}

/** Below this a frame or two come in a batch, and nothing is saved. */
const MIN_WAIT = fromMs(50);
/** How long a batch is read: what waits is there at once, in pieces of 64 KiB. */
const READ_TIME = fromMs(1);
/**
 * Chosen: fits into the window of TCP that a connection begins with (64 KiB), so that a sender is not held back by us. A
 * faster one is read more often.
 */
const BATCH_BYTES = 48 * 1024;

/**
 * reading as it comes -- check, took --> waiting -- patience is over --> reading for 1 ms --> waiting, or reading as it comes
 */
export class BatchReader {
  readonly #link: Pick<Link, 'pause' | 'resume'>;
  readonly #options: BatchReaderOptions;
  /** Of the wait that is over. */
  #wait: Micros = 0;
  #bytes = 0;
  /** The time in which a batch fills, by the newest one; 0: not known. */
  #fill: Micros = 0;
  #cancel: (() => void) | undefined;
  #closed = false;

  constructor(link: Pick<Link, 'pause' | 'resume'>, options: BatchReaderOptions) {
    this.#link = link;
    this.#options = options;
  }

  /** Bytes came. */
  note(bytes: number): void {
    this.#bytes += bytes;
  }

  /** Begins to read in batches when there is time now; to be called now and then. */
  check(): void {
    if (this.#closed || this.#cancel !== undefined) return;
    // How fast it sends is not known yet, or no longer.
    if (this.#options.patience() >= MIN_WAIT) this.#hold(MIN_WAIT);
  }

  /** What came was taken: who waited for it may have time again. */
  took(): void {
    if (this.#closed || this.#cancel !== undefined || this.#fill < MIN_WAIT) return;
    const wait = Math.min(this.#options.patience(), this.#fill);
    if (wait < MIN_WAIT) return;
    this.#hold(wait);
    this.#options.onBatch(wait);
  }

  /** The link is read as bytes come again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#cancel === undefined) return;
    this.#cancel();
    this.#link.resume();
  }

  #hold(wait: Micros): void {
    this.#wait = wait;
    this.#bytes = 0;
    this.#link.pause();
    this.#cancel = this.#options.clock.after(wait, () => this.#read());
  }

  #read(): void {
    this.#cancel = this.#options.clock.after(READ_TIME, () => this.#next());
    this.#link.resume();
  }

  #next(): void {
    if (this.#closed) return;
    this.#fill = (BATCH_BYTES * (this.#wait + READ_TIME)) / this.#bytes;
    const wait = Math.min(this.#options.patience(), this.#fill);
    if (wait >= MIN_WAIT) {
      this.#hold(wait);
    } else {
      this.#cancel = undefined;
    }
    this.#options.onBatch(this.#cancel === undefined ? 0 : wait);
  }
}
