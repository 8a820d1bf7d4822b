// One open file of a folder: read anywhere, written at its end.
import type { FileHandle } from 'node:fs/promises';
import { fromMs, type Micros } from '../base/time.ts';
import type { FolderFile } from '../control/host.ts';
import { netError, netErrors } from './errors.ts';

/** Rejects with NET_DISK_FULL, NET_FILE_ACCESS, NET_FAILED. */
export class RealFolderFile implements FolderFile {
  readonly modified: Micros;
  readonly #file: FileHandle;
  readonly #at: string;
  #size: number;
  /** A failed write may have left bytes behind `size`. */
  #torn = false;
  #closing: Promise<void> | undefined;

  private constructor(file: FileHandle, at: string, status: { readonly size: number; readonly mtimeMs: number }) {
    this.#file = file;
    this.#at = at;
    this.#size = status.size;
    this.modified = fromMs(status.mtimeMs);
  }

  /** Takes the handle over; closes it and rejects with NET_NOT_A_FILE when it is none of a regular file. */
  static async of(file: FileHandle, at: string): Promise<RealFolderFile> {
    const status = await file.stat();
    if (status.isFile()) return new RealFolderFile(file, at, status);
    await file.close();
    throw netErrors.system('NOT_A_FILE', { at });
  }

  get size(): number {
    return this.#size;
  }

  async append(chunks: readonly Uint8Array[]): Promise<void> {
    // One system call for many small chunks: the copy costs less.
    const bytes = chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
    this.#torn = true;
    await this.#put(this.#size, bytes);
    this.#size += bytes.length;
    this.#torn = false;
  }

  async write(offset: number, bytes: Uint8Array): Promise<void> {
    await this.#put(offset, bytes);
  }

  async read(offset: number, size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    try {
      let filled = 0;
      while (filled < size) {
        const { bytesRead } = await this.#file.read(bytes, filled, size - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } catch (error) {
      throw netError(error, this.#at, 'FILE_ACCESS');
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    try {
      if (this.#torn) await this.#file.truncate(this.#size);
    } finally {
      await this.#file.close();
    }
  }

  async #put(offset: number, bytes: Uint8Array): Promise<void> {
    try {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, offset + done);
        done += bytesWritten;
      }
    } catch (error) {
      throw netError(error, this.#at, 'FILE_ACCESS');
    }
  }
}
