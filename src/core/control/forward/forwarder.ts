// `forward` blocks: published streams are pushed to other servers, natively.
import type { Clock } from '../../base/clock.ts';
import type { Closer } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import { toSrsxError } from '../../base/session.ts';
import type { Hub } from '../../media/hub.ts';
import type { Stream } from '../../media/stream.ts';
import { streamKey, streamUrl } from '../../media/stream-name.ts';
import { Crew, type Job } from '../children/crew.ts';
import type { Settings } from '../config/settings.ts';
import type { Hooks } from '../hooks/hooks.ts';
import { publisherOf } from '../publisher.ts';
import type { Sessions } from '../sessions.ts';
import { forwardErrors } from './errors.ts';
import { Line, type Push } from './line.ts';
import { destinationUrl, isItself, targetUrl } from './target.ts';

/** What a forwarder depends on. */
export interface ForwarderOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly settings: Settings;
  readonly hooks: Pick<Hooks, 'forward'>;
  readonly push: Push;
  /** Where this server listens for RTMP. */
  readonly ports: () => readonly number[];
}

/** One published stream with its lines. */
interface Forwarded {
  readonly stream: Stream;
  readonly crew: Crew;
  /** The backend whose answer is in force; empty: the static list is. */
  backend: string;
}

/** Starts and stops lines as streams come and go and settings change. */
export class Forwarder implements Closer {
  readonly #options: ForwarderOptions;
  /** By the stream's key; bounded by limits.streams. */
  readonly #streams = new Map<string, Forwarded>();
  readonly #closers: readonly Closer[];

  constructor(options: ForwarderOptions) {
    this.#options = options;
    this.#closers = [
      options.hub.watch({
        published: (stream) => this.#published(stream),
        unpublished: (stream) => this.#unpublished(stream),
      }),
      options.settings.onChange(() => {
        for (const forwarded of this.#streams.values()) this.#assign(forwarded);
      }),
    ];
  }

  close(): void {
    for (const closer of this.#closers) closer.close();
    for (const { crew } of this.#streams.values()) crew.set([]);
    this.#streams.clear();
  }

  /** Each line with its state. */
  describe(): Record<string, unknown>[] {
    return [...this.#streams.values()].flatMap(({ crew }) => crew.describe());
  }

  #published(stream: Stream): void {
    const forwarded: Forwarded = { stream, crew: new Crew(this.#options.log), backend: '' };
    this.#streams.set(streamKey(stream.name), forwarded);
    this.#assign(forwarded);
  }

  #unpublished({ name }: Stream): void {
    const key = streamKey(name);
    this.#streams.get(key)?.crew.set([]);
    this.#streams.delete(key);
  }

  #assign(forwarded: Forwarded): void {
    const { name } = forwarded.stream;
    const vhost = this.#options.settings.vhost(name.vhost);
    const enabled = vhost.get('vhost.forward.enabled');
    const backend = enabled ? vhost.get('vhost.forward.backend') : '';
    // SRS: with a backend the static list is not looked at, whatever the answer is.
    if (backend !== '') {
      if (backend !== forwarded.backend) void this.#ask(forwarded, backend);
      return;
    }
    forwarded.backend = '';
    const places = enabled ? vhost.get('vhost.forward.destination') : [];
    const { param } = places.length === 0 ? { param: '' } : publisherOf(this.#options.sessions, name);
    forwarded.crew.set(
      places.map((place) => this.#job(forwarded.stream, place, () => destinationUrl(place, name, param))),
    );
  }

  /** SRS: a backend that fails ends the publication. */
  async #ask(forwarded: Forwarded, backend: string): Promise<void> {
    const { hooks, log } = this.#options;
    const { stream, crew } = forwarded;
    forwarded.backend = backend;
    const still = (): boolean =>
      this.#streams.get(streamKey(stream.name)) === forwarded && forwarded.backend === backend;
    try {
      const urls = await hooks.forward(stream.name);
      if (still()) crew.set(urls.map((url) => this.#job(stream, url, () => targetUrl(url))));
    } catch (thrown) {
      const error = toSrsxError(thrown);
      log.warn('forward', 'the backend fails, so the publication ends', {
        stream: streamUrl(stream.name),
        code: error.code,
        error: error.message,
      });
      if (still()) stream.evict(error);
    }
  }

  #job(stream: Stream, target: string, toUrl: () => URL): Job {
    const { clock, log, push, ports } = this.#options;
    return {
      key: target,
      kind: 'forward',
      title: `${streamUrl(stream.name)} to ${target}`,
      start: () => {
        const url = toUrl();
        if (isItself(url, stream.name, ports())) throw forwardErrors.config('LOOP', { target });
        return new Line({ clock, log, push, stream, url });
      },
    };
  }
}
