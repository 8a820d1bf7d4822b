// What all recordings of a program share: names that are taken, memory that waits for disks, and the finishing of files.
import { DiskQueue } from '../storage/disk-queue.ts';
import { numbered } from './place.ts';

/** Names that are being written, and so may not be chosen by another recording. */
export class Claims {
  readonly #taken = new Set<string>();

  /** The path, or the first numbered one that nobody writes. */
  take(root: string, path: string): string {
    let free = path;
    for (let number = 1; this.#taken.has(`${root}/${free}`); number++) free = numbered(path, number);
    this.#taken.add(`${root}/${free}`);
    return free;
  }

  release(root: string, path: string): void {
    this.#taken.delete(`${root}/${path}`);
  }
}

/** Bounds what waits for disks in all recordings together. */
export class Budget {
  bytes = 0;

  get full(): boolean {
    return this.bytes > ALL_BYTES;
  }
}

/** Chosen: ten seconds of 400 streams of 1 Mbit/s; more would only fill the memory while a disk hangs. */
const ALL_BYTES = 512 * 1024 * 1024;

/** One for each program. */
export class RecordShare {
  readonly claims = new Claims();
  readonly budget = new Budget();
  /** MP4 files are made plain one after the other: the disk has live recordings to write meanwhile. */
  readonly finisher: DiskQueue;
  /** No new plain file is begun: the program wants to end, and fragmented ones play as well. */
  stopping = false;

  constructor() {
    this.finisher = new DiskQueue({
      root: '',
      limitBytes: Number.POSITIVE_INFINITY,
      // Each piece sees to its own failure.
      onFault: () => undefined,
      onWell: () => undefined,
    });
  }
}
