// Files, standard input and standard output as links.
import { type FileHandle, open } from 'node:fs/promises';
import { stdin, stdout } from 'node:process';
import type { Link } from '../base/link.ts';
import { netError, netErrors } from './errors.ts';
import type { NetContext } from './options.ts';
import { ReadableLink, WritableLink } from './stream-link.ts';

const STANDARD = '-';
/** One read of a file; large enough that a local disk is not the bottleneck. */
const READ_BYTES = 256 * 1024;

/** Rejects with NET_NO_FILE, NET_FILE_ACCESS or NET_NOT_A_FILE. */
export async function openFile(path: string): Promise<Link> {
  if (path === STANDARD) return new ReadableLink(stdin, { ...ends('stdin'), stop: () => stdin.pause() });
  const file = await openAs(path, 'r');
  const stream = file.createReadStream({ highWaterMark: READ_BYTES });
  return new ReadableLink(stream, { ...ends(path), stop: () => stream.destroy() });
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
