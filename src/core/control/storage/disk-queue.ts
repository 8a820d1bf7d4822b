// Work on files, one piece after the other, behind the live stream and never in its way.
import type { SrsxError } from '../../base/errors.ts';
import { toSrsxError } from '../../base/session.ts';
import { storageErrors } from './errors.ts';

/** What a queue needs, and whom it tells. */
export interface DiskQueueOptions {
  /** For messages. */
  readonly root: string;
  /** Bytes that may wait; what comes above it is refused. */
  readonly limitBytes: number;
  /** Called for each piece that failed or was refused; `first` when the one before it was not of this code. */
  readonly onFault: (error: SrsxError, first: boolean) => void;
  /** Called when a piece succeeds behind one that failed. */
  readonly onWell: () => void;
}

/** Pieces that may wait, whatever their size. */
export const MAX_WAITING = 1000;

interface Job {
  readonly bytes: number;
  readonly work: () => Promise<void>;
}

/**
 * A disk that is full, slow or gone makes pieces fail; it never makes anybody wait. Pieces run in order, so that what a
 * playlist names was written before the playlist.
 */
export class DiskQueue {
  readonly #options: DiskQueueOptions;
  readonly #jobs: Job[] = [];
  #waitingBytes = 0;
  #running = false;
  #fault: string | undefined;
  #idle: (() => void)[] = [];

  constructor(options: DiskQueueOptions) {
    this.#options = options;
  }

  /** The code of the last piece's failure; undefined when it succeeded. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** Bytes of the pieces that are not done. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Pieces that are not done. */
  get waiting(): number {
    return this.#jobs.length;
  }

  /**
   * Adds a piece of work.
   *
   * @param bytes that it holds until it is done.
   * @returns false when too much is waiting already; the piece is not done then (STORAGE_SLOW).
   */
  push(bytes: number, work: () => Promise<void>): boolean {
    const { limitBytes, root } = this.#options;
    const full = this.#jobs.length > 0 && this.#waitingBytes + bytes > limitBytes;
    if (full || this.#jobs.length >= MAX_WAITING) {
      this.#failed(storageErrors.system('SLOW', { bytes: this.#waitingBytes, root }));
      return false;
    }
    this.#jobs.push({ bytes, work });
    this.#waitingBytes += bytes;
    if (!this.#running) void this.#run();
    return true;
  }

  /** Resolves when nothing waits any more. */
  idle(): Promise<void> {
    return this.#running ? new Promise((resolve) => this.#idle.push(resolve)) : Promise.resolve();
  }

  async #run(): Promise<void> {
    this.#running = true;
    for (let job = this.#jobs[0]; job !== undefined; job = this.#jobs[0]) {
      await this.#one(job);
      this.#jobs.shift();
      this.#waitingBytes -= job.bytes;
    }
    this.#running = false;
    const idle = this.#idle;
    this.#idle = [];
    for (const tell of idle) tell();
  }

  async #one({ work }: Job): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failed(toSrsxError(error));
      return;
    }
    // A disk that was too slow is well when it has caught up.
    if (this.#fault === undefined || (this.#fault === 'STORAGE_SLOW' && this.#jobs.length > 1)) return;
    this.#fault = undefined;
    this.#options.onWell();
  }

  #failed(error: SrsxError): void {
    const first = this.#fault !== error.code;
    this.#fault = error.code;
    this.#options.onFault(error, first);
  }
}
