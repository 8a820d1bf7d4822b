// A publisher at an edge: its stream goes on to an origin, which has the last word on it.
import type { Clock } from '../../base/clock.ts';
import { RefusedError, type SrsxError } from '../../base/errors.ts';
import type { Closer } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import { toSrsxError } from '../../base/session.ts';
import type { Micros } from '../../base/time.ts';
import type { Stream } from '../../media/stream.ts';
import { streamUrl } from '../../media/stream-name.ts';
import type { Push } from '../forward/line.ts';
import { hideSecrets } from '../hide-secrets.ts';
import type { PushOptions } from '../host.ts';
import { clusterErrors } from './errors.ts';

/** What a push needs. */
export interface EdgePushOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly stream: Stream;
  readonly urls: readonly URL[];
  readonly push: Push;
  readonly mergeWindow: Micros;
  readonly introduction: PushOptions['introduction'];
  /** The origin has left, or does not take it any more; not called after `close`. */
  readonly onBroken: (reason: SrsxError) => void;
}

/** One stream on its way to one origin. It is not connected again: its publisher shall know, and publish again. */
export class EdgePush implements Closer {
  readonly #options: EdgePushOptions;
  readonly #stop = new AbortController();
  #url: URL | undefined;
  #running = false;
  #bytes = 0;

  constructor(options: EdgePushOptions) {
    this.#options = options;
  }

  /**
   * Resolves when an origin takes the stream: the first that can be reached. Rejects with CLUSTER_PUBLISH when it
   * refuses, or when none can be reached.
   */
  async connect(): Promise<void> {
    const { stream, urls } = this.#options;
    // Until the push plays it, nothing else may hold the stream.
    const hold = stream.tap(() => undefined);
    try {
      let why = '';
      for (const url of urls) {
        const fault = await this.#try(url);
        if (fault === undefined) return;
        why = fault.message;
        if (fault instanceof RefusedError || this.#stop.signal.aborted) break;
      }
      throw clusterErrors.refused('PUBLISH', { stream: streamUrl(stream.name), why });
    } finally {
      hold.close();
    }
  }

  close(): void {
    this.#stop.abort();
  }

  /** For the API. */
  describe(): Record<string, unknown> {
    return {
      stream: streamUrl(this.#options.stream.name),
      url: this.#url === undefined ? null : hideSecrets(this.#url.href),
      state: this.#running ? 'running' : 'connecting',
      bytes: this.#bytes,
    };
  }

  /** Resolves when the origin has answered; undefined: with yes. */
  #try(url: URL): Promise<SrsxError | undefined> {
    const { push, stream, mergeWindow, introduction } = this.#options;
    this.#url = url;
    return new Promise((resolve) => {
      const onRunning = (): void => {
        this.#running = true;
        this.#tell('publishes at the origin');
        resolve(undefined);
      };
      const onBytes = (bytes: number): void => {
        this.#bytes += bytes;
      };
      const { signal } = this.#stop;
      void push(stream, url, { signal, mergeWindow, onBytes, onRunning, ...(introduction && { introduction }) })
        .then(() => clusterErrors.system('ENDED'), toSrsxError)
        .then((fault) => {
          resolve(fault);
          if (this.#running) this.#ended(fault);
        });
    });
  }

  #ended(fault: SrsxError): void {
    this.#running = false;
    // The end of the publication ends it too.
    if (this.#stop.signal.aborted) return;
    if (fault.code !== 'CLUSTER_ENDED') this.#tell('the origin is lost', fault);
    this.#options.onBroken(fault);
  }

  #tell(text: string, fault?: SrsxError): void {
    const { log, stream } = this.#options;
    const fields = {
      stream: streamUrl(stream.name),
      origin: this.#url?.host,
      code: fault?.code,
      error: fault?.message,
    };
    if (fault === undefined) log.info('cluster', text, fields);
    else log.warn('cluster', text, fields);
  }
}
