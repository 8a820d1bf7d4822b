// One directory tree that parts of the server write into: whole files at once, and nothing outside of it.
import { constants } from 'node:fs';
import { mkdir, open, readFile, realpath, rename, rm, stat, unlink } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { SrsxError } from '../base/errors.ts';
import type { Folder, FolderFile } from '../control/host.ts';
import { netError, netErrors } from './errors.ts';
import { RealFolderFile } from './folder-file.ts';

/** SRS: what is being written has this ending, so that players and cleaners know it. */
const PARTIAL = '.tmp';

/**
 * Paths are relative to `root`, with slashes. A path that leaves it, in words or by a symbolic link, rejects with
 * NET_OUTSIDE; everything else with NET_NO_FILE, NET_FILE_ACCESS, NET_DISK_FULL, NET_NOT_A_FILE, NET_FAILED.
 */
export class RealFolder implements Folder {
  readonly root: string;
  /** The tree's real place, found when it is there. */
  #real: string | undefined;

  constructor(root: string) {
    this.root = root;
  }

  async write(path: string, chunks: readonly Uint8Array[]): Promise<void> {
    await this.#guarded(path, async (full) => {
      await this.#makeFolder(dirname(full), path);
      const partial = full + PARTIAL;
      // What is left of a crash is written over; a link that somebody put there is not followed.
      const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
      const file = await open(partial, flags, 0o644);
      try {
        for (const chunk of chunks) await file.writeFile(chunk);
        await file.close();
        await rename(partial, full);
      } catch (error) {
        await file.close();
        // Half a file only takes room on a disk that may be full.
        await rm(partial, { force: true });
        throw error;
      }
    });
  }

  async read(path: string, limitBytes: number): Promise<Uint8Array> {
    return this.#guarded(path, async (full) => {
      await this.#checkInside(full, path);
      const { size } = await stat(full);
      if (size > limitBytes) throw netErrors.system('FAILED', { at: full, why: `${size} bytes are too many` });
      return new Uint8Array(await readFile(full));
    });
  }

  async size(path: string): Promise<number | undefined> {
    return this.#guarded(path, async (full) => {
      try {
        await this.#checkInside(full, path);
        const found = await stat(full);
        return found.isFile() ? found.size : undefined;
      } catch (error) {
        if (isAbsent(error)) return undefined;
        throw error;
      }
    });
  }

  async remove(path: string): Promise<void> {
    await this.#guarded(path, async (full) => {
      try {
        await this.#checkInside(dirname(full), path);
        await unlink(full);
      } catch (error) {
        if (!isAbsent(error)) throw error;
      }
    });
  }

  async open(path: string, use: 'read' | 'create'): Promise<FolderFile> {
    return this.#guarded(path, async (full) => {
      if (use === 'create') {
        await this.#makeFolder(dirname(full), path);
        const flags = constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
        return RealFolderFile.of(await open(full, flags, 0o644), full);
      }
      await this.#checkInside(full, path);
      // Without O_NONBLOCK, opening a pipe would wait for its writer.
      return RealFolderFile.of(await open(full, constants.O_RDONLY | constants.O_NONBLOCK), full);
    });
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#guarded(from, (source) =>
      this.#guarded(to, async (target) => {
        await this.#checkInside(dirname(source), from);
        await this.#checkInside(dirname(target), to);
        await rename(source, target);
      }),
    );
  }

  async #guarded<Result>(path: string, work: (full: string) => Promise<Result>): Promise<Result> {
    const full = resolve(this.root, path);
    const inside = relative(resolve(this.root), full);
    if (isAbsolute(path) || inside === '..' || inside.startsWith(`..${sep}`)) throw outside(path, this.root);
    try {
      return await work(full);
    } catch (error) {
      throw error instanceof SrsxError ? error : netError(error, join(this.root, path), 'FILE_ACCESS');
    }
  }

  /** Looks where the part of the way that is there leads before it makes the rest. */
  async #makeFolder(place: string, path: string): Promise<void> {
    if (await this.#isThere(place, path)) return;
    await mkdir(this.root, { recursive: true });
    let nearest = place;
    while (!(await this.#isThere(nearest, path))) nearest = dirname(nearest);
    await mkdir(place, { recursive: true });
    await this.#checkInside(place, path);
  }

  /** False when it is not there; rejects when it is outside. */
  async #isThere(place: string, path: string): Promise<boolean> {
    try {
      await this.#checkInside(place, path);
      return true;
    } catch (error) {
      if (isAbsent(error)) return false;
      throw error;
    }
  }

  /** Links on the way may lead away although the words do not. */
  async #checkInside(place: string, path: string): Promise<void> {
    this.#real ??= await realpath(this.root);
    const real = await realpath(place);
    if (real !== this.#real && !real.startsWith(this.#real + sep)) throw outside(path, this.root);
  }
}

const outside = (path: string, root: string): SrsxError => netErrors.system('OUTSIDE', { at: path, root });

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';

const isAbsent = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR';
