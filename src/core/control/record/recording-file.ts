// One file of a recording: frames to bytes, bytes to the disk behind the stream, and its name at the end.
import type { SrsxError } from '../../base/errors.ts';
import { toSrsxError } from '../../base/session.ts';
import { fromMs, type Micros } from '../../base/time.ts';
import { finishMp4 } from '../../format/fmp4/index.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';
import type { Folder, FolderFile } from '../host.ts';
import type { DiskQueue } from '../storage/disk-queue.ts';
import type { FileKind, FileWriter } from './file-kind.ts';
import { numbered } from './place.ts';
import type { RecordShare } from './share.ts';

/** One file, and what it shares with the others. */
export interface RecordingFileOptions {
  readonly folder: Folder;
  /** Below the folder; its name is taken in `share.claims`. */
  readonly path: string;
  readonly kind: FileKind;
  readonly tracks: readonly Track[];
  /** The stream's work on files, in order. */
  readonly queue: DiskQueue;
  readonly share: RecordShare;
  /** A file that has the name stays, and this one gets a number; else it is replaced (SRS). */
  readonly keep: boolean;
  readonly remux: boolean;
  /** The file has its name. */
  readonly onDone: (file: DoneFile) => void;
  /** A step that makes it plain failed; `what` says what became of it. */
  readonly onNotPlain: (what: string, path: string, error: SrsxError) => void;
}

/** A complete file. */
export interface DoneFile {
  /** Below the folder. */
  readonly path: string;
  readonly sizeBytes: number;
  readonly duration: Micros;
}

/** SRS: what is being written has this ending. */
const PARTIAL = '.tmp';
/** The plain file beside the fragmented one. */
const PLAIN = '.tmp2';
/** Bytes and media time that are written at once; chosen: few system calls, and what a crash may cost. */
const PIECE_BYTES = 128 * 1024;
const PIECE_SPAN = fromMs(500);
/** Files of one name that are looked for before giving up. */
const MAX_NUMBER = 10_000;

/** Opens itself; `end` must be called, also after a failure, or the handle stays open. */
export class RecordingFile {
  readonly #options: RecordingFileOptions;
  readonly #writer: FileWriter;
  #path: string;
  #file: FolderFile | undefined;
  #piece: Uint8Array[] = [];
  #pieceBytes = 0;
  #pieceAt: Micros | undefined;
  #first: Micros | undefined;
  #newest: Micros = 0;
  /** The newest frame whose bytes are on the disk. */
  #safe: Micros = 0;
  #ended = false;
  #failure: SrsxError | undefined;
  /** Bytes given to the disk so far. */
  bytes = 0;

  constructor(options: RecordingFileOptions) {
    this.#options = options;
    this.#path = options.path;
    this.#writer = options.kind.make(options.tracks);
    this.#push(0, () => this.#open());
    this.#take(this.#writer.begin());
  }

  /** Why nothing more can be written. */
  get failure(): SrsxError | undefined {
    return this.#failure;
  }

  get path(): string {
    return this.#path;
  }

  /** Media time on the disk. */
  get duration(): Micros {
    return Math.max(0, this.#safe - (this.#first ?? 0));
  }

  write(frame: Frame): void {
    this.#first = Math.min(this.#first ?? frame.dts, frame.dts);
    if (frame.dts > this.#newest) this.#newest = frame.dts;
    this.#take(this.#writer.write(frame));
    this.#pieceAt ??= frame.dts;
    const { fragments } = this.#options.kind;
    if (fragments || this.#pieceBytes >= PIECE_BYTES || frame.dts - this.#pieceAt >= PIECE_SPAN) this.#flush();
  }

  /** Everything that was written gets to the disk, then the file its name. Idempotent. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#take(this.#writer.end());
    this.#flush();
    // Also of a file that failed: what is in it plays.
    this.#options.queue.push(0, () => this.#close());
  }

  #take(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) {
      this.#piece.push(chunk);
      this.#pieceBytes += chunk.length;
    }
  }

  #flush(): void {
    const [chunks, bytes] = [this.#piece, this.#pieceBytes];
    this.#pieceAt = undefined;
    if (bytes === 0) return;
    this.#piece = [];
    this.#pieceBytes = 0;
    const newest = this.#newest;
    this.#push(bytes, async () => {
      await this.#file?.append(chunks);
      this.#safe = newest;
    });
  }

  /** After a failure the rest of the file is not tried: the queue sees the same failure, and nothing new. */
  #push(bytes: number, work: () => Promise<void>): void {
    const { queue, share } = this.#options;
    share.budget.bytes += bytes;
    const taken = queue.push(bytes, async () => {
      share.budget.bytes -= bytes;
      if (this.#failure !== undefined) throw this.#failure;
      try {
        await work();
        this.bytes += bytes;
      } catch (error) {
        this.#failure = toSrsxError(error);
        throw error;
      }
    });
    if (!taken) share.budget.bytes -= bytes;
  }

  async #open(): Promise<void> {
    const { folder, keep, share } = this.#options;
    await this.#rescue();
    for (let number = 1; keep && number < MAX_NUMBER && (await this.#exists(this.#path)); number++) {
      share.claims.release(folder.root, this.#path);
      this.#path = share.claims.take(folder.root, numbered(this.#options.path, number));
    }
    this.#file = await folder.open(this.#path + PARTIAL, 'create');
  }

  /** Nobody writes this name: a file that has it was left by a crash, and is not thrown away. */
  async #rescue(): Promise<void> {
    const { folder } = this.#options;
    const left = this.#path + PARTIAL;
    if (!((await folder.size(left)) ?? 0)) return;
    let free = this.#path;
    for (let number = 1; number < MAX_NUMBER && (await this.#exists(free)); number++)
      free = numbered(this.#path, number);
    await folder.rename(left, free);
  }

  async #exists(path: string): Promise<boolean> {
    return (await this.#options.folder.size(path)) !== undefined;
  }

  async #close(): Promise<void> {
    const { folder, kind, remux, share } = this.#options;
    const file = this.#file;
    if (file === undefined || file.size === 0) {
      await file?.close();
      if (file !== undefined) await folder.remove(this.#path + PARTIAL);
      share.claims.release(folder.root, this.#path);
      if (this.#failure !== undefined) throw this.#failure;
      return;
    }
    try {
      for (const { offset, bytes } of this.#writer.patches(file.size, this.duration)) await file.write(offset, bytes);
    } finally {
      await file.close();
    }
    const plain = kind.remux && remux && share.finisher.push(0, () => this.#makePlain(file.size));
    if (!plain) await this.#rename(PARTIAL, file.size);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #rename(ending: string, sizeBytes: number): Promise<void> {
    const { folder, share, onDone } = this.#options;
    try {
      await folder.rename(this.#path + ending, this.#path);
    } finally {
      share.claims.release(folder.root, this.#path);
    }
    onDone({ path: this.#path, sizeBytes, duration: this.duration });
  }

  /** Each step has its own failure: none may undo what the one before it did. */
  async #makePlain(fragmentedBytes: number): Promise<void> {
    const { folder, share, onNotPlain } = this.#options;
    const partial = this.#path + PARTIAL;
    let plainBytes: number | undefined;
    try {
      if (!share.stopping) plainBytes = await this.#copyPlain();
    } catch (error) {
      onNotPlain('the MP4 stays fragmented', this.#path, toSrsxError(error));
    }
    try {
      if (plainBytes === undefined) await this.#rename(PARTIAL, fragmentedBytes);
      else await this.#rename(PLAIN, plainBytes);
    } catch (error) {
      onNotPlain('the MP4 does not get its name', this.#path, toSrsxError(error));
      return;
    }
    if (plainBytes === undefined) return;
    try {
      await folder.remove(partial);
    } catch (error) {
      onNotPlain('the fragmented MP4 stays beside the plain one', partial, toSrsxError(error));
    }
  }

  async #copyPlain(): Promise<number> {
    const { folder } = this.#options;
    const source = await folder.open(this.#path + PARTIAL, 'read');
    try {
      const target = await folder.open(this.#path + PLAIN, 'create');
      try {
        return (await finishMp4(source, (bytes) => target.append([bytes]))).size;
      } catch (error) {
        await folder.remove(this.#path + PLAIN);
        throw error;
      } finally {
        await target.close();
      }
    } finally {
      await source.close();
    }
  }
}
