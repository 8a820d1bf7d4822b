// The client: pulls a remote stream, or pushes one of ours, over rtmp:// and rtmps://.
import { Reporter } from '../../base/counters.ts';
import { RefusedError, type SrsxError } from '../../base/errors.ts';
import type { Closer, Link } from '../../base/link.ts';
import { guard } from '../../base/session.ts';
import { fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import { type ClientSession, connect, redirected, type SessionEnd } from '../../control/dialled.ts';
import type { ClientHost, Introduction, PullOptions, PushOptions } from '../../control/host.ts';
import { playErrors } from '../../media/errors.ts';
import type { Cursor } from '../../media/feed.ts';
import type { MediaSink } from '../../media/sink.ts';
import type { Stream } from '../../media/stream.ts';
import { type ClientEvents, RtmpClient } from './client.ts';
import { defaults } from './config.ts';
import { rtmpFormat } from './egress.ts';
import { RtmpIngest } from './ingest.ts';
import type { Message } from './message.ts';
import { parseRemote } from './url.ts';

/** Reads a remote stream until it ends (resolves), fails (rejects with SrsxError), or the signal (resolves). */
export async function pull(host: ClientHost, from: URL, to: MediaSink, options: PullOptions): Promise<void> {
  const attempt = (url: URL): Promise<void> =>
    connect(host, parseRemote(url), options, (link, end) => new PullSession(host, url, link, to, options, end));
  await redirected(from, attempt, redirectTarget);
}

/** Publishes a stream until it ends (resolves), the remote fails (rejects with SrsxError), or the signal (resolves). */
export async function push(host: ClientHost, from: Stream, to: URL, options: PushOptions): Promise<void> {
  // The publisher may leave while we dial.
  const gone = new AbortController();
  const ending = from.onEnd(() => gone.abort());
  try {
    const dialling = { ...options, dialSignal: gone.signal };
    const attempt = (url: URL): Promise<void> =>
      connect(host, parseRemote(url), dialling, (link, end) => new PushSession(host, url, link, from, options, end));
    await redirected(to, attempt, redirectTarget);
  } finally {
    ending.close();
  }
}

/** RTMP_REDIRECT. */
function redirectTarget(error: unknown): URL | undefined {
  if (!(error instanceof RefusedError) || error.code !== 'RTMP_REDIRECT') return undefined;
  const url = URL.parse(String(error.details['url']));
  return url !== null && /^rtmps?:$/.test(url.protocol) ? url : undefined;
}

const clientOptions = (host: ClientHost, url: URL, link: Link, introduction: Introduction = {}) => ({
  introduction,
  link,
  limits: host.limits,
  rng: host.rng,
  log: host.log,
  remote: parseRemote(url),
  chunkSize: defaults.chunkSize,
  windowAckSize: defaults.windowAckSize,
  now: host.clock.now(),
});

/** Plays a remote stream into a sink. */
class PullSession implements ClientSession, ClientEvents {
  readonly #client: RtmpClient;
  readonly #ingest: RtmpIngest;
  readonly #onBytes: (bytes: number) => void;
  readonly #onRunning: () => void;
  readonly #end: SessionEnd;

  constructor(host: ClientHost, url: URL, link: Link, sink: MediaSink, options: PullOptions, end: SessionEnd) {
    const report = new Reporter((count, last) => host.log.warn('rtmp', `${count} tags dropped, last: ${last}`));
    this.#ingest = new RtmpIngest(sink, host.limits, report);
    this.#onBytes = options.onBytes;
    this.#onRunning = options.onRunning ?? (() => undefined);
    this.#end = end;
    this.#client = new RtmpClient({
      ...clientOptions(host, url, link, options.introduction),
      action: 'play',
      events: this,
    });
  }

  get deadline(): Micros {
    return this.#client.deadline;
  }

  receive(bytes: Uint8Array, now: Micros): void {
    this.#onBytes(bytes.length);
    this.#client.receive(bytes, now);
  }

  tick(now: Micros): void {
    this.#client.tick(now);
  }

  close(reason: SrsxError | undefined, now: Micros): void {
    this.#client.close(reason, now);
  }

  finish(now: Micros): void {
    this.#client.finish(now);
  }

  /** Media comes by itself. */
  running(): void {
    this.#onRunning();
  }

  media(message: Message, now: Micros): void {
    this.#ingest.media(message, now);
  }

  ended(reason: SrsxError | undefined): void {
    this.#end(reason);
  }
}

/** How often the caller is told what was sent. */
const METER_TIME = fromSeconds(1);

/** Publishes a stream to a remote. */
class PushSession implements ClientSession, ClientEvents {
  readonly #client: RtmpClient;
  readonly #host: ClientHost;
  readonly #link: Link;
  readonly #stream: Stream;
  readonly #options: PushOptions;
  readonly #end: SessionEnd;
  readonly #ending: Closer;
  #cursor: Cursor | undefined;
  #counted = 0;
  #nextMeter: Micros = Number.POSITIVE_INFINITY;
  /** The publisher has left; the link may still hold what it sent. */
  #over = false;

  constructor(host: ClientHost, url: URL, link: Link, stream: Stream, options: PushOptions, end: SessionEnd) {
    this.#host = host;
    this.#link = link;
    this.#stream = stream;
    this.#options = options;
    this.#end = end;
    this.#ending = stream.onEnd(() => {
      this.#over = true;
      this.#finishWhenSent();
    });
    this.#client = new RtmpClient({
      ...clientOptions(host, url, link, options.introduction),
      action: 'publish',
      events: this,
    });
    options.onLink?.(link);
  }

  get deadline(): Micros {
    const stalled = this.#cursor?.full
      ? this.#cursor.fullSince + this.#host.limits.stallTime
      : Number.POSITIVE_INFINITY;
    return Math.min(this.#client.deadline, this.#nextMeter, stalled);
  }

  receive(bytes: Uint8Array, now: Micros): void {
    this.#client.receive(bytes, now);
  }

  /** Errors: RTMP_TIMEOUT, PLAYER_TOO_SLOW. */
  tick(now: Micros): void {
    this.#measure(now);
    const { stallTime } = this.#host.limits;
    if (this.#cursor?.full && now >= this.#cursor.fullSince + stallTime) {
      throw playErrors.limit('TOO_SLOW', { seconds: toSeconds(stallTime) });
    }
    this.#client.tick(now);
  }

  close(reason: SrsxError | undefined, now: Micros): void {
    this.#client.close(reason, now);
  }

  finish(now: Micros): void {
    this.#client.finish(now);
  }

  running(streamId: number): void {
    this.#cursor = this.#stream.play(rtmpFormat(defaults.chunkSize, streamId), this.#link, this.#options.mergeWindow);
    const drained = this.#link.onDrain;
    this.#link.onDrain = () => {
      drained();
      this.#finishWhenSent();
    };
    this.#nextMeter = this.#host.clock.now() + METER_TIME;
    this.#options.onRunning?.();
    this.#finishWhenSent();
  }

  media(): void {
    // A server that sends media to a publisher is not listened to.
  }

  ended(reason: SrsxError | undefined): void {
    this.#measure(this.#host.clock.now());
    this.#nextMeter = Number.POSITIVE_INFINITY;
    this.#ending.close();
    const cursor = this.#cursor;
    this.#cursor = undefined;
    cursor?.close();
    this.#end(reason);
  }

  /** A link that is full gets the rest of the feed first. */
  #finishWhenSent(): void {
    if (!this.#over || this.#cursor?.full) return;
    const now = this.#host.clock.now();
    guard(this, now, () => this.finish(now));
  }

  #measure(now: Micros): void {
    const cursor = this.#cursor;
    if (cursor === undefined) return;
    const bytes = cursor.sentBytes - this.#counted;
    if (bytes > 0) this.#options.onBytes(bytes);
    this.#counted = cursor.sentBytes;
    this.#nextMeter = now + METER_TIME;
  }
}
