// One stream that an edge fetches from its origins, for as long as somebody here wants it.
//
//   origin 1 -- fails --> origin 2 -- fails --> wait 3 s .. 10 s --> origin 1 ...
//
// The publication goes on over a change of origins: players see a pause, not an end.
import type { Clock } from '../../base/clock.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { toSrsxError } from '../../base/session.ts';
import { fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import type { Hub } from '../../media/hub.ts';
import { Settler } from '../../media/settle.ts';
import type { MediaSink } from '../../media/sink.ts';
import type { Publication } from '../../media/stream.ts';
import { type StreamName, streamUrl } from '../../media/stream-name.ts';
import { hideSecrets } from '../hide-secrets.ts';
import type { PullOptions } from '../host.ts';
import { Patience } from '../patience.ts';
import { clusterErrors } from './errors.ts';

/** Reads a remote stream, as `Protocol.pull` does; handed down by the engine. */
export type Pull = (from: URL, to: MediaSink, options: PullOptions) => Promise<void>;
/** Makes one stream of several readings; `restart` before each. */
export type MakeSplice = (to: MediaSink) => MediaSink & { restart(): void };

/** What a pull needs. */
export interface EdgePullOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly hub: Hub;
  readonly name: StreamName;
  readonly pull: Pull;
  readonly splice: MakeSplice;
  readonly introduction: PullOptions['introduction'];
  /** The stream at each origin, as the settings say it now; not empty. Throws ConfigError. */
  readonly urls: () => readonly URL[];
}

/** SRS: an origin that sends nothing for so long is left. */
const SILENT_TIME = fromSeconds(5);
/** Chosen: so long players see a pause; after it the stream has ended. */
const PAUSE_TIME = fromSeconds(10);
/** SRS tries each 3 s; players that wait should not wait for much longer. */
const MAX_DELAY = fromSeconds(10);

/** connecting -- media --> running -- broken --> connecting (next origin) or waiting; `stopped` by `stop`. */
export class EdgePull {
  readonly #options: EdgePullOptions;
  readonly #patience = new Patience(MAX_DELAY);
  #state: 'connecting' | 'running' | 'waiting' | 'stopped' = 'connecting';
  /** The current attempt. */
  #attempt = new AbortController();
  #turn = 0;
  /** Attempts in a row that gave no media, this side of the last media included. */
  #misses = 0;
  #url: URL | undefined;
  #publication: Publication | undefined;
  #settler: Settler | undefined;
  #splice: ReturnType<MakeSplice> | undefined;
  #heard: Micros = 0;
  #frames = 0;
  #bytes = 0;
  #fault: SrsxError | undefined;
  #cancelWait: () => void = () => undefined;
  #cancelEnd: (() => void) | undefined;

  constructor(options: EdgePullOptions) {
    this.#options = options;
    void this.#run();
  }

  /** Ends the connection and the publication. Idempotent. */
  stop(): void {
    if (this.#state === 'stopped') return;
    this.#state = 'stopped';
    this.#cancelWait();
    this.#attempt.abort();
    this.#endPublication();
  }

  /** For the API. */
  describe(): Record<string, unknown> {
    return {
      stream: streamUrl(this.#options.name),
      url: this.#url === undefined ? null : hideSecrets(this.#url.href),
      state: this.#state,
      bytes: this.#bytes,
      attempts: this.#turn,
      last_error: this.#fault?.message ?? null,
    };
  }

  async #run(): Promise<void> {
    this.#state = 'connecting';
    const since = this.#options.clock.now();
    const count = await this.#try().catch((error: unknown) => {
      this.#fault = toSrsxError(error);
      return 1;
    });
    if (this.#isStopped()) return;
    this.#tell('the origin is lost');
    if (this.#publication !== undefined) this.#endLater();
    // The next origin at once, until each had its chance.
    const again = this.#misses % count !== 0;
    const delay = again ? 0 : this.#patience.ended(this.#options.clock.now() - since);
    this.#state = 'waiting';
    this.#cancelWait = this.#options.clock.after(delay, () => void this.#run());
  }

  readonly #isStopped = (): boolean => this.#state === 'stopped';

  /** One connection to one origin, to its end. Gives the number of origins. */
  async #try(): Promise<number> {
    const { pull, introduction } = this.#options;
    const urls = this.#options.urls();
    const url = urls[this.#turn++ % urls.length] as URL;
    this.#url = url;
    this.#attempt = new AbortController();
    const before = this.#frames;
    const unwatch = this.#watch(urls.length > 1);
    this.#splice?.restart();
    const sink: MediaSink = { on: (event) => this.#on(event), promise: (kinds) => this.#open()?.promise?.(kinds) };
    this.#fault = await pull(url, sink, {
      signal: this.#attempt.signal,
      ready: async () => undefined,
      onBytes: (bytes) => {
        this.#bytes += bytes;
      },
      ...(introduction && { introduction }),
    }).then(() => this.#fault ?? clusterErrors.system('ENDED'), toSrsxError);
    unwatch();
    this.#misses = this.#frames > before ? 1 : this.#misses + 1;
    return urls.length;
  }

  /** Leaves an origin that is silent. @param others whether there is one that may have what has not begun here. */
  #watch(others: boolean): () => void {
    const { clock } = this.#options;
    const attempt = this.#attempt;
    const before = this.#frames;
    this.#fault = undefined;
    this.#heard = clock.now();
    let cancel = (): void => undefined;
    const look = (): void => {
      const left = this.#heard + SILENT_TIME - clock.now();
      // Alone, an origin is waited for as its protocol does it: its publisher may come.
      const silent = left <= 0 && (others || this.#frames > before);
      if (silent) {
        this.#fault = clusterErrors.system('SILENT', { seconds: toSeconds(SILENT_TIME) });
        attempt.abort();
      } else {
        cancel = clock.after(left > 0 ? left : SILENT_TIME, look);
      }
    };
    look();
    return () => cancel();
  }

  #on(event: MediaEvent): void {
    const splice = this.#open();
    if (splice === undefined) return;
    if (event.type === 'frame') {
      this.#frames++;
      this.#heard = this.#options.clock.now();
      this.#cancelEnd?.();
      this.#cancelEnd = undefined;
      if (this.#state === 'connecting') this.#running();
    }
    splice.on(event);
  }

  #running(): void {
    this.#state = 'running';
    this.#fault = undefined;
    this.#tell('plays from the origin');
  }

  /** The way into the hub; undefined when somebody publishes here. */
  #open(): MediaSink | undefined {
    if (this.#splice !== undefined || this.#attempt.signal.aborted) return this.#splice;
    const { hub, name, splice } = this.#options;
    try {
      const publication = hub.stream(name).publish({ policy: 'refuse', onEvicted: (reason) => this.#evicted(reason) });
      this.#publication = publication;
      this.#settler = new Settler(publication);
      this.#splice = splice(this.#settler);
    } catch (error) {
      this.#evicted(toSrsxError(error));
    }
    return this.#splice;
  }

  #evicted(reason: SrsxError): void {
    this.#fault = reason;
    this.#forget();
    this.#attempt.abort();
  }

  #endLater(): void {
    this.#cancelEnd ??= this.#options.clock.after(PAUSE_TIME, () => this.#endPublication());
  }

  #endPublication(): void {
    const publication = this.#publication;
    this.#settler?.settle();
    this.#forget();
    publication?.end();
  }

  #forget(): void {
    this.#cancelEnd?.();
    this.#cancelEnd = undefined;
    this.#publication = undefined;
    this.#settler = undefined;
    this.#splice = undefined;
  }

  #tell(text: string): void {
    const fields = {
      stream: streamUrl(this.#options.name),
      origin: this.#url?.host,
      code: this.#fault?.code,
      error: this.#fault?.message,
    };
    if (this.#fault === undefined) this.#options.log.info('cluster', text, fields);
    else this.#options.log.warn('cluster', text, fields);
  }
}
