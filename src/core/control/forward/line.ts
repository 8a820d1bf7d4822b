// One stream on its way to one other server: connected again as long as both are wanted.
import type { Clock } from '../../base/clock.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { toSrsxError } from '../../base/session.ts';
import { fromMs, fromSeconds, type Micros } from '../../base/time.ts';
import type { Stream } from '../../media/stream.ts';
import { streamUrl } from '../../media/stream-name.ts';
import type { Running } from '../children/crew.ts';
import { hideSecrets } from '../hide-secrets.ts';
import type { PushOptions } from '../host.ts';
import { Patience } from '../patience.ts';

/** Publishes a stream to a remote, as `Protocol.push` does; handed down by the engine. */
export type Push = (stream: Stream, to: URL, options: PushOptions) => Promise<void>;

/** What a line needs. */
export interface LineOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly push: Push;
  readonly stream: Stream;
  readonly url: URL;
}

/** SRS tries each 3 s for ever; a remote that is away for long is asked more seldom. */
const MAX_DELAY = fromSeconds(30);
/** Chosen: a tenth of what players wait, at three system calls a second and stream. */
export const MERGE_WINDOW = fromMs(100);

/** connecting -- first bytes --> running -- broken --> waiting -- back-off --> connecting; `stopped` by `stop`. */
export class Line implements Running {
  readonly #options: LineOptions;
  readonly #stop = new AbortController();
  readonly #patience = new Patience(MAX_DELAY);
  #state: 'connecting' | 'running' | 'waiting' | 'stopped' = 'connecting';
  #since: Micros | undefined;
  #bytes = 0;
  #reconnects = 0;
  #fault: SrsxError | undefined;
  #cancel: () => void = () => undefined;

  constructor(options: LineOptions) {
    this.#options = options;
    void this.#run();
  }

  stop(): void {
    this.#state = 'stopped';
    this.#cancel();
    this.#stop.abort();
  }

  describe(): Record<string, unknown> {
    const { stream, url } = this.#options;
    return {
      title: streamUrl(stream.name),
      url: hideSecrets(url.href),
      state: this.#state,
      bytes: this.#bytes,
      reconnects: this.#reconnects,
      last_error: this.#fault?.message ?? null,
    };
  }

  async #run(): Promise<void> {
    const { push, stream, url, clock } = this.#options;
    this.#state = 'connecting';
    this.#since = undefined;
    const onBytes = (bytes: number): void => this.#flowed(bytes);
    this.#fault = await push(stream, url, { signal: this.#stop.signal, mergeWindow: MERGE_WINDOW, onBytes }).then(
      () => undefined,
      toSrsxError,
    );
    if (this.#stop.signal.aborted) return;
    const lasted = this.#since === undefined ? 0 : clock.now() - this.#since;
    const delay = this.#patience.ended(lasted);
    this.#state = 'waiting';
    this.#tell('the forward broke');
    this.#reconnects++;
    this.#cancel = clock.after(delay, () => void this.#run());
  }

  #flowed(bytes: number): void {
    this.#bytes += bytes;
    if (this.#state !== 'connecting') return;
    this.#state = 'running';
    this.#since = this.#options.clock.now();
    this.#tell('forwards');
  }

  #tell(text: string): void {
    const { log, stream, url } = this.#options;
    const fields = {
      stream: streamUrl(stream.name),
      to: url.host,
      code: this.#fault?.code,
      error: this.#fault?.message,
    };
    if (this.#fault === undefined) log.info('forward', text, fields);
    else log.warn('forward', text, fields);
  }
}
