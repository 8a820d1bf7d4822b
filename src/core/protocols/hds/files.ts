// The files of one stream, in the places that SRS has them:
//
//   app/stream/Seg1-FragN --> app/stream.abst --> app/stream.f4m          old fragments go behind the bootstrap without them
import { utf8 } from '../../base/bytes.ts';
import type { SrsxError } from '../../base/errors.ts';
import { toMs } from '../../base/time.ts';
import type { Folder, Host } from '../../control/host.ts';
import { DiskQueue } from '../../control/storage/disk-queue.ts';
import { checkedPath } from '../../control/storage/template.ts';
import {
  type Fragment,
  fragmentName,
  type ListedFragment,
  namedFragments,
  writeBootstrap,
  writeManifest,
} from '../../format/hds/index.ts';
import { type StreamName, streamUrl } from '../../media/stream-name.ts';
import type { HdsConfig } from './config.ts';

/** Whose files these are. */
export interface HdsFilesOptions {
  readonly host: Pick<Host, 'clock' | 'log' | 'net'>;
  readonly name: StreamName;
  readonly config: HdsConfig;
}

/** Chosen: above the bootstrap of any window, 16 bytes for each fragment. */
const BOOTSTRAP_BYTES = 256 * 1024;
/** Named at most, whatever the window says. */
const MOST_FRAGMENTS = 1000;

/** No call waits for the disk but `remove` and `idle`. */
export class HdsFiles {
  readonly #options: HdsFilesOptions;
  readonly #folder: Folder;
  readonly #queue: DiskQueue;
  readonly #base: string;
  #listed: ListedFragment[] = [];
  /** Numbers whose files are on the disk and named no more, or were left by an earlier run. */
  #old: number[] = [];
  #next: number;
  #version = 0;

  /** Throws STORAGE_PATH. @param after what still works on the same files. */
  constructor(options: HdsFilesOptions, after: Promise<void>) {
    const { host, config, name } = options;
    this.#options = options;
    this.#base = checkedPath(`${name.app}/${name.stream}`);
    this.#folder = host.net.folder(config.root);
    // By the clock, so that no player takes a fragment for one that it has from an earlier run.
    this.#next = Math.max(1, Math.floor(host.clock.wall() / config.fragment));
    this.#queue = new DiskQueue({
      ...{ root: config.root, limitBytes: config.queueBytes },
      onFault: (error, first) => first && this.#failed(error),
      onWell: () => host.log.info('hds', 'the files of HDS are written again', { stream: streamUrl(name) }),
    });
    this.#queue.push(0, async () => {
      await after;
      await this.#readOld();
    });
  }

  /** @param metadata of the stream now. */
  add(fragment: Fragment, metadata: Uint8Array): void {
    this.#queue.push(fragment.bytes.length, () => this.#write(fragment, metadata));
  }

  /** The publisher has left: players end behind the last fragment. */
  end(): void {
    this.#queue.push(0, async () => {
      if (this.#listed.length > 0) await this.#writeBootstrap(true);
    });
  }

  /** Removes everything; resolves when that is done. */
  async remove(): Promise<void> {
    this.#queue.push(0, async () => {
      await this.#folder.remove(`${this.#base}.f4m`);
      await this.#folder.remove(`${this.#base}.abst`);
      this.#old.push(...this.#listed.map(({ number }) => number));
      this.#listed = [];
      await this.#removeOld();
    });
    await this.#queue.idle();
  }

  /** Resolves when nothing waits for the disk. */
  idle(): Promise<void> {
    return this.#queue.idle();
  }

  async #write({ start, duration, bytes }: Fragment, metadata: Uint8Array): Promise<void> {
    const number = this.#next++;
    await this.#folder.write(this.#pathOf(number), [bytes]);
    this.#listed.push({ number, startMs: toMs(start), durationMs: Math.max(1, toMs(duration)) });
    this.#shrink();
    await this.#writeBootstrap(false);
    const { name } = this.#options;
    await this.#folder.write(`${this.#base}.f4m`, [utf8(writeManifest({ name: name.stream, metadata }))]);
    await this.#removeOld();
  }

  async #writeBootstrap(ended: boolean): Promise<void> {
    const bytes = writeBootstrap({ version: ++this.#version, fragments: this.#listed, ended });
    await this.#folder.write(`${this.#base}.abst`, [bytes]);
  }

  /** What is older than the window leaves the bootstrap; the newest fragment stays. */
  #shrink(): void {
    const newest = this.#listed.at(-1) as ListedFragment;
    const from = newest.startMs + newest.durationMs - toMs(this.#options.config.window);
    while (this.#listed.length > 1) {
      const [oldest] = this.#listed as [ListedFragment];
      if (oldest.startMs + oldest.durationMs > from && this.#listed.length <= MOST_FRAGMENTS) break;
      this.#listed.shift();
      this.#old.push(oldest.number);
    }
  }

  /** Behind the bootstrap that does not name them; what fails is tried again. */
  async #removeOld(): Promise<void> {
    for (let number = this.#old[0]; number !== undefined; number = this.#old[0]) {
      await this.#folder.remove(this.#pathOf(number));
      this.#old.shift();
    }
  }

  async #readOld(): Promise<void> {
    const path = `${this.#base}.abst`;
    if ((await this.#folder.size(path)) === undefined) return;
    this.#old = namedFragments(await this.#folder.read(path, BOOTSTRAP_BYTES));
    this.#next = Math.max(this.#next, ...this.#old.map((number) => number + 1));
  }

  #pathOf(number: number): string {
    return `${this.#base}/${fragmentName(number)}`;
  }

  #failed({ code, message }: SrsxError): void {
    const { host, name } = this.#options;
    host.log.error('hds', 'the files of HDS cannot be written', { stream: streamUrl(name), code, error: message });
  }
}
