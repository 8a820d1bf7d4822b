// A stream's manifest and segments as files, in the places that SRS has them.
//
//   init and media --queue--> manifest --> what the store has forgotten is removed
//
// As in HLS: what a manifest names was written before it and is removed behind the next one.
import { utf8 } from '../../base/bytes.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Folder, Host } from '../../control/host.ts';
import { DiskQueue } from '../../control/storage/disk-queue.ts';
import {
  type DashChange,
  type DashFile,
  type DashManifest,
  ownFiles,
  withoutMissing,
  writeMpd,
} from '../../format/dash/index.ts';
import { type StreamName, streamUrl } from '../../media/stream-name.ts';
import type { DashDiskConfig } from './config.ts';

/** Whose files these are, and where. */
export interface DashDiskOptions {
  readonly host: Pick<Host, 'log' | 'net'>;
  readonly name: StreamName;
  readonly config: DashDiskConfig;
  readonly queueBytes: number;
  /** Path of the manifest, and of the folder of segments with a slash at its end. */
  readonly manifest: string;
  readonly folder: string;
}

/** Chosen: ten times the largest manifest. */
const MANIFEST_BYTES = 1024 * 1024;

/** The files of one stream. No call waits for the disk but `dispose` and `idle`. */
export class DashDisk {
  readonly #options: DashDiskOptions;
  readonly #folder: Folder;
  readonly #queue: DiskQueue;
  /** Written and not removed. */
  readonly #files = new Set<string>();
  /** Names that the disk did not take. Bounded by what the store has, and by the queue. */
  readonly #missing = new Set<string>();
  /** Those of them that no manifest names which waits for the disk. */
  readonly #refused = new Set<string>();
  /** Names that the store forgot with changes that the queue refused. */
  #carried: string[] = [];
  /** Paths of files that no manifest behind the next one names. */
  readonly #leaving: string[] = [];
  /** Paths that an earlier run left; they go when its manifest is replaced. */
  #old: string[] = [];

  /** @param after what still works on the same files. */
  constructor(options: DashDiskOptions, after: Promise<void>) {
    const { host, config, queueBytes } = options;
    this.#options = options;
    this.#folder = host.net.folder(config.root);
    this.#queue = new DiskQueue({
      ...{ root: config.root, limitBytes: queueBytes },
      onFault: (error, first) => first && this.#failed(error),
      onWell: () => this.#log('info', 'the files of DASH are written again'),
    });
    this.#queue.push(0, async () => {
      await after;
      await this.#readOld();
    });
  }

  idle(): Promise<void> {
    return this.#queue.idle();
  }

  /** Writes what came, and the manifest, without what a failing disk did not take. */
  write({ came, gone }: DashChange, manifest: DashManifest): void {
    const bytes = came.reduce((sum, file) => sum + file.bytes.length, 0);
    const names = [...this.#carried, ...gone.map(({ name }) => name)];
    if (this.#queue.push(bytes, () => this.#write(came, names, manifest))) {
      this.#carried = [];
      this.#refused.clear();
      return;
    }
    this.#miss(came);
    for (const { name } of came) this.#refused.add(name);
    // Manifests that wait may name what is gone: it goes with the next one that is taken.
    this.#carried = names.filter((name) => !this.#refused.has(name));
    for (const name of names) if (this.#refused.delete(name)) this.#missing.delete(name);
  }

  /** Removes every file of the stream; resolves when that is done. */
  async dispose(): Promise<void> {
    this.#queue.push(0, async () => {
      await this.#folder.remove(this.#options.manifest);
      for (const path of this.#files) await this.#folder.remove(path);
      this.#files.clear();
      this.#leaving.length = 0;
    });
    await this.#queue.idle();
  }

  async #write(came: readonly DashFile[], gone: readonly string[], manifest: DashManifest): Promise<void> {
    // First of all: the disk may fail, and what the store has forgotten is not told again.
    this.#leave(gone);
    try {
      for (const { name, bytes } of came) {
        const path = this.#options.folder + name;
        await this.#folder.write(path, [bytes]);
        this.#files.add(path);
      }
    } catch (error) {
      this.#miss(came);
      throw error;
    }
    const there = withoutMissing(manifest, this.#missing);
    await this.#folder.write(this.#options.manifest, [utf8(writeMpd(there))]);
    if (this.#options.config.cleanup) await this.#removeLeft();
  }

  #miss(files: readonly DashFile[]): void {
    for (const { name } of files) this.#missing.add(name);
  }

  #leave(names: readonly string[]): void {
    const { folder, config } = this.#options;
    for (const name of names) {
      this.#missing.delete(name);
      if (config.cleanup && this.#files.has(folder + name)) this.#leaving.push(folder + name);
    }
  }

  /** What could not be removed is tried again behind the next manifest. */
  async #removeLeft(): Promise<void> {
    for (let path = this.#leaving[0]; path !== undefined; path = this.#leaving[0]) {
      await this.#folder.remove(path);
      this.#files.delete(path);
      this.#leaving.shift();
    }
    for (let path = this.#old[0]; path !== undefined; path = this.#old[0]) {
      if (!this.#files.has(path)) await this.#folder.remove(path);
      this.#old.shift();
    }
  }

  /** The numbers of another run go on far from these, so its manifest is right until ours replaces it. */
  async #readOld(): Promise<void> {
    const { manifest, folder, config } = this.#options;
    if (!config.cleanup || (await this.#folder.size(manifest)) === undefined) return;
    const text = new TextDecoder().decode(await this.#folder.read(manifest, MANIFEST_BYTES));
    this.#old = ownFiles(text).map((name) => folder + name);
  }

  #failed({ code, message }: SrsxError): void {
    this.#log('error', 'the files of DASH cannot be written', { code, error: message });
  }

  #log(level: 'info' | 'error', text: string, fields: Record<string, unknown> = {}): void {
    const { host, name } = this.#options;
    host.log[level]('dash', text, { stream: streamUrl(name), ...fields });
  }
}
