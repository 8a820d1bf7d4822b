// The streams that a protocol cuts into files: from their first publication until what they left is thrown away.
import { isDeepStrictEqual } from 'node:util';
import type { Closer } from '../../base/link.ts';
import { toSrsxError } from '../../base/session.ts';
import type { Micros } from '../../base/time.ts';
import type { Stream } from '../../media/stream.ts';
import { type StreamName, streamKey, streamUrl } from '../../media/stream-name.ts';
import type { Host } from '../host.ts';

/** One stream. A publisher may come again while it is there. */
export interface StreamChannel<Config> {
  readonly config: Config;
  /** A publisher is there. */
  readonly live: boolean;
  /** When what is left of the stream may go. */
  readonly deadline: Micros;
  begin(stream: Stream): void;
  end(): void;
  tick(now: Micros): void;
  /** Resolves when its files are left alone; with `files` they are removed. */
  forget(what: { readonly files: boolean }): Promise<void>;
}

/** What a channel is made of. */
export interface ChannelPlan<Config> {
  readonly config: Config;
  readonly name: StreamName;
  /** What still works on the files of this stream. */
  readonly after: Promise<void>;
}

/** Whose channels these are. */
export interface ChannelsOptions<Config, Channel> {
  readonly host: Pick<Host, 'hub' | 'limits' | 'log'>;
  /** Of log lines. */
  readonly topic: string;
  /** What a stream has not when its channel cannot be made: `HLS`. */
  readonly title: string;
  readonly configOf: (vhost: string) => Config;
  /** Whether a stream gets a channel at all. */
  readonly wanted: (config: Config) => boolean;
  /** May throw: the stream goes on without. */
  readonly make: (plan: ChannelPlan<Config>) => Channel;
  readonly onOpened?: (channel: Channel) => void;
  readonly onForgotten?: (channel: Channel) => void;
}

/** Begins with the streams that are published already. `tick` is to be called by the wheel. */
export class Channels<Config, Channel extends StreamChannel<Config>> {
  readonly #options: ChannelsOptions<Config, Channel>;
  readonly #watch: Closer;
  /** Bounded by limits.streams. */
  readonly #channels = new Map<string, Channel>();
  /** Streams whose files are being removed. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Counts up when a name gets or loses its channel: what `find` said stays true until then. */
  version = 0;

  constructor(options: ChannelsOptions<Config, Channel>) {
    const { hub } = options.host;
    this.#options = options;
    this.#watch = hub.watch({
      published: (stream) => this.#published(stream),
      unpublished: ({ name }) => this.find(name)?.end(),
    });
    for (const stream of hub.streams()) if (stream.published) this.#published(stream);
  }

  get size(): number {
    return this.#channels.size;
  }

  find(name: StreamName): Channel | undefined {
    return this.#channels.get(streamKey(name));
  }

  tick(now: Micros): void {
    for (const [key, channel] of this.#channels) {
      channel.tick(now);
      if (channel.deadline <= now) this.#forget(key, channel, { files: true });
    }
  }

  /** The program stops. @param stop tells who waits, and says whether the files of a channel go. */
  close(stop: (channel: Channel) => { readonly files: boolean }): void {
    this.#watch.close();
    for (const channel of this.#channels.values()) {
      const what = stop(channel);
      channel.end();
      void channel.forget(what);
    }
    this.#channels.clear();
    this.version++;
  }

  #published(stream: Stream): void {
    const { configOf, wanted } = this.#options;
    const key = streamKey(stream.name);
    const config = configOf(stream.name.vhost);
    let channel = this.#channels.get(key);
    // Settings were reloaded: what the stream left does not fit them.
    if (channel !== undefined && !isDeepStrictEqual(channel.config, config)) {
      this.#forget(key, channel, { files: false });
      channel = undefined;
    }
    if (!wanted(config)) return;
    channel ??= this.#open(stream.name, key, config);
    channel?.begin(stream);
  }

  #open(name: StreamName, key: string, config: Config): Channel | undefined {
    const { host, topic, title, make, onOpened } = this.#options;
    this.#makeRoom();
    try {
      const channel = make({ config, name, after: this.#leaving.get(key) ?? Promise.resolve() });
      this.#channels.set(key, channel);
      this.version++;
      onOpened?.(channel);
      return channel;
    } catch (error) {
      const { code, message } = toSrsxError(error);
      host.log.error(topic, `the stream has no ${title}`, { stream: streamUrl(name), code, error: message });
      return undefined;
    }
  }

  /** What ended streams left goes first, the oldest first. */
  #makeRoom(): void {
    if (this.#channels.size < this.#options.host.limits.streams) return;
    for (const [key, channel] of this.#channels) {
      if (channel.live) continue;
      this.#forget(key, channel, { files: false });
      return;
    }
  }

  #forget(key: string, channel: Channel, what: { readonly files: boolean }): void {
    this.#channels.delete(key);
    this.version++;
    this.#options.onForgotten?.(channel);
    const leaving = channel.forget(what).finally(() => {
      if (this.#leaving.get(key) === leaving) this.#leaving.delete(key);
    });
    this.#leaving.set(key, leaving);
  }
}
