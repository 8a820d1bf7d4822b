// Files, standard input and standard output as links.
import type { ReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { stdin, stdout } from 'node:process';
import type { SrsxError } from '../base/errors.ts';
import type { FileLink, Link, RandomAccess } from '../base/link.ts';
import { netError, netErrors } from './errors.ts';
import type { NetContext } from './options.ts';
import { ReadableLink, type ReadableLinkOptions, WritableLink } from './stream-link.ts';

const STANDARD = '-';
/** One read of a file; large enough that a local disk is not the bottleneck. */
const READ_BYTES = 256 * 1024;

/** Rejects with NET_NO_FILE, NET_FILE_ACCESS or NET_NOT_A_FILE. */
export async function openFile(path: string): Promise<FileLink> {
  if (path === STANDARD) return new ReadableLink(stdin, { ...ends('stdin'), stop: () => stdin.pause() });
  const file = await openAs(path, 'r');
  const status = await file.stat();
  const stream = file.createReadStream({ highWaterMark: READ_BYTES });
  const options = { ...ends(path), stop: () => stream.destroy() };
  return status.isFile() ? new ReadableFile(stream, options, status.size) : new ReadableLink(stream, options);
}

/** A regular file. Reading anywhere has a handle of its own: the stream closes its one at the end. */
class ReadableFile extends ReadableLink implements FileLink {
  readonly anywhere: RandomAccess;
  readonly #at: string;
  #file: Promise<FileHandle> | undefined;
  #over = false;

  constructor(stream: ReadStream, options: ReadableLinkOptions, size: number) {
    super(stream, options);
    this.#at = options.at;
    this.anywhere = { size, read: (offset, bytes) => this.#read(offset, bytes) };
  }

  override close(reason?: SrsxError): void {
    super.close(reason);
    if (this.#over) return;
    this.#over = true;
    // Whoever reads is told by the read that failed; the end of the handle itself interests nobody.
    this.#file?.then((file) => file.close()).catch(() => undefined);
  }

  async #read(offset: number, size: number): Promise<Uint8Array> {
    if (this.#over) throw netErrors.system('FAILED', { at: this.#at, why: 'it was closed' });
    this.#file ??= openAs(this.#at, 'r');
    const bytes = new Uint8Array(size);
    try {
      const file = await this.#file;
      let filled = 0;
      while (filled < size) {
        const { bytesRead } = await file.read(bytes, filled, size - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return bytes.subarray(0, filled);
    } catch (error) {
      throw netError(error, this.#at, 'FILE_ACCESS');
    }
  }
}

/** Makes or empties the file; rejects as `openFile` does. */
export async function createFile({ limits }: NetContext, path: string): Promise<Link> {
  const { linkBytes } = limits;
  if (path !== STANDARD) {
    const stream = (await openAs(path, 'w')).createWriteStream();
    return new WritableLink(stream, { ...ends(path), linkBytes, finish: () => stream.end() });
  }
  // Standard output belongs to the process: it is flushed, not closed.
  const link: WritableLink = new WritableLink(stdout, {
    ...ends('stdout'),
    linkBytes,
    finish: () => stdout.write('', () => link.ended(undefined)),
  });
  return link;
}

async function openAs(path: string, flags: 'r' | 'w'): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, flags);
    if ((await file.stat()).isDirectory()) throw netErrors.system('NOT_A_FILE', { at: path });
    return file;
  } catch (error) {
    await file?.close();
    throw netError(error, path, 'FILE_ACCESS');
  }
}

const ends = (at: string) => ({ at, peer: { host: at, port: 0 }, local: { host: at, port: 0 } });
