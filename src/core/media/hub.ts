// All streams by name, and who wants to know when one begins or ends.
import type { Clock } from '../base/clock.ts';
import type { Limits } from '../base/limits.ts';
import type { Closer } from '../base/link.ts';
import type { Micros } from '../base/time.ts';
import { streamErrors } from './errors.ts';
import { Stream } from './stream.ts';
import { type StreamName, streamKey } from './stream-name.ts';
import type { TimelineMode } from './timeline.ts';

export interface HubOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly gopCache: boolean;
  readonly mergeWindow: Micros;
  /** What a stream has of its own, asked when it begins; what is not said is that of all. */
  readonly settingsFor?: (name: StreamName) => StreamSettings;
}

/** Settings of one stream. */
export interface StreamSettings {
  readonly gopCache?: boolean;
  readonly mergeWindow?: Micros;
  readonly limits?: Partial<Pick<Limits, 'gopFrames' | 'feedSpan'>>;
  /** What is done with the publisher's times (SRS: time_jitter, atc). */
  readonly timeline?: TimelineMode;
  /** Sound and picture are put in the order of their times (SRS: mix_correct). */
  readonly interleave?: boolean;
  /** SRS: fast_cache. */
  readonly soundCache?: Micros;
}

export interface HubWatcher {
  readonly published?: (stream: Stream) => void;
  readonly unpublished?: (stream: Stream) => void;
}

export class Hub {
  readonly #options: HubOptions;
  readonly #streams = new Map<string, Stream>();
  readonly #watchers = new Set<HubWatcher>();

  constructor(options: HubOptions) {
    this.#options = options;
  }

  /** The streams that somebody publishes, plays or taps. */
  streams(): Iterable<Stream> {
    return this.#streams.values();
  }

  get size(): number {
    return this.#streams.size;
  }

  find(name: StreamName): Stream | undefined {
    return this.#streams.get(streamKey(name));
  }

  /** The stream of that name, made when it is not there; the caller must publish, play or tap it at once. */
  stream(name: StreamName): Stream {
    const key = streamKey(name);
    const known = this.#streams.get(key);
    if (known !== undefined) return known;
    const { limits } = this.#options;
    if (this.#streams.size >= limits.streams) throw streamErrors.limit('COUNT', { limit: limits.streams });
    const own = this.#options.settingsFor?.(name);
    const stream = new Stream(name, {
      ...this.#options,
      ...own,
      limits: { ...limits, ...own?.limits },
      // It may be told twice, and the name may have come to mean another one in between.
      onIdle: () => this.#streams.get(key) === stream && this.#streams.delete(key),
      onPublished: () => {
        for (const watcher of this.#watchers) watcher.published?.(stream);
      },
      onUnpublished: () => {
        for (const watcher of this.#watchers) watcher.unpublished?.(stream);
      },
    });
    this.#streams.set(key, stream);
    return stream;
  }

  watch(watcher: HubWatcher): Closer {
    this.#watchers.add(watcher);
    return { close: () => void this.#watchers.delete(watcher) };
  }
}
