// One stream as HDS has it: from its first publication until its files are removed.
import type { Closer } from '../../base/link.ts';
import type { Micros } from '../../base/time.ts';
import type { StreamChannel } from '../../control/storage/channels.ts';
import { type Fragment, Fragmenter } from '../../format/hds/index.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import type { Stream } from '../../media/stream.ts';
import type { HdsConfig } from './config.ts';
import { HdsFiles, type HdsFilesOptions } from './files.ts';

/** The fragments of one stream, from its publication until its last files are gone. */
export class HdsChannel implements StreamChannel<HdsConfig> {
  readonly config: HdsConfig;
  readonly #options: HdsFilesOptions;
  readonly #files: HdsFiles;
  #fragmenter: Fragmenter;
  #tap: Closer | undefined;
  #endedAt: Micros | undefined;

  /** Throws STORAGE_PATH. */
  constructor(options: HdsFilesOptions, after: Promise<void>) {
    this.config = options.config;
    this.#options = options;
    this.#files = new HdsFiles(options, after);
    this.#fragmenter = new Fragmenter(options.config);
  }

  get live(): boolean {
    return this.#tap !== undefined;
  }

  /** Files of a stream that has ended can be played for as long as it was a window. */
  get deadline(): Micros {
    return this.#endedAt === undefined ? Number.POSITIVE_INFINITY : this.#endedAt + this.config.window;
  }

  begin(stream: Stream): void {
    this.#stop();
    this.#endedAt = undefined;
    this.#fragmenter = new Fragmenter(this.config);
    this.#tap = stream.tap((event) => this.#on(event));
  }

  end(): void {
    this.#stop();
    this.#files.end();
    this.#endedAt = this.#options.host.clock.now();
  }

  tick(): void {
    // Nobody waits for anything.
  }

  async forget({ files }: { readonly files: boolean }): Promise<void> {
    this.#stop();
    await (files ? this.#files.remove() : this.#files.idle());
  }

  #stop(): void {
    if (this.#tap === undefined) return;
    this.#tap.close();
    this.#tap = undefined;
    this.#add(this.#fragmenter.end());
  }

  #on(event: MediaEvent): void {
    this.#add(event.type === 'tracks' ? this.#fragmenter.retrack(event.tracks) : this.#fragmenter.write(event.frame));
  }

  #add(fragments: readonly Fragment[]): void {
    for (const fragment of fragments) this.#files.add(fragment, this.#fragmenter.metadata);
  }
}
