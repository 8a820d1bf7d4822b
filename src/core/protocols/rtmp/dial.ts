// The client: pulls a remote stream, or pushes one of ours, over rtmp:// and rtmps://.
import { Reporter } from '../../base/counters.ts';
import { RefusedError, type SrsxError } from '../../base/errors.ts';
import type { Closer, Link } from '../../base/link.ts';
import { drive, guard, type Session } from '../../base/session.ts';
import { fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
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
import { parseRemote, type Remote } from './url.ts';

/** SRS follows as many. */
const MAX_REDIRECTS = 3;

/** Reads a remote stream until it ends (resolves), fails (rejects with SrsxError), or the signal (resolves). */
export async function pull(host: ClientHost, from: URL, to: MediaSink, options: PullOptions): Promise<void> {
  await redirected(from, (url) =>
    connect(host, url, options, (link, end) => new PullSession(host, url, link, to, options, end)),
  );
}

/** Publishes a stream until it ends (resolves), the remote fails (rejects with SrsxError), or the signal (resolves). */
export async function push(host: ClientHost, from: Stream, to: URL, options: PushOptions): Promise<void> {
  // The publisher may leave while we dial.
  const gone = new AbortController();
  const ending = from.onEnd(() => gone.abort());
  try {
    await redirected(to, (url) =>
      connect(
        host,
        url,
        { ...options, dialSignal: gone.signal },
        (link, end) => new PushSession(host, url, link, from, options, end),
      ),
    );
  } finally {
    ending.close();
  }
}

/** Calls `attempt`, again with another URL as long as the server sends us there (RTMP_REDIRECT). */
async function redirected(url: URL, attempt: (url: URL) => Promise<void>): Promise<void> {
  let next = url;
  for (let followed = 0; ; followed++) {
    const redirect = await attempt(next).then(
      () => undefined,
      (error: unknown) => error,
    );
    if (redirect === undefined) return;
    const target = followed < MAX_REDIRECTS ? redirectTarget(redirect) : undefined;
    if (target === undefined) throw redirect;
    next = target;
  }
}

function redirectTarget(error: unknown): URL | undefined {
  if (!(error instanceof RefusedError) || error.code !== 'RTMP_REDIRECT') return undefined;
  const url = URL.parse(String(error.details['url']));
  return url !== null && /^rtmps?:$/.test(url.protocol) ? url : undefined;
}

type End = (reason: SrsxError | undefined) => void;
type Running = Session & { finish(now: Micros): void };

interface ConnectOptions extends Pick<PullOptions, 'signal' | 'insecure'> {
  /** Ends the dialling, but not the session. */
  readonly dialSignal?: AbortSignal;
}

/** Dials, runs the session that `make` gives, and waits for its end. */
async function connect(
  host: ClientHost,
  url: URL,
  { signal, dialSignal = signal, insecure = false }: ConnectOptions,
  make: (link: Link, end: End) => Running,
): Promise<void> {
  const remote = parseRemote(url);
  const dialling = AbortSignal.any([signal, dialSignal]);
  const link = dialling.aborted ? undefined : await dialLink(host, remote, dialling, insecure);
  if (link === undefined) return;
  await new Promise<void>((resolve, reject) => {
    const session = make(link, (reason) => {
      signal.removeEventListener('abort', abort);
      if (reason === undefined) resolve();
      else reject(reason);
    });
    const abort = (): void => {
      const now = host.clock.now();
      guard(session, now, () => session.finish(now));
    };
    signal.addEventListener('abort', abort);
    drive(link, session, host);
  });
}

/** Undefined when the signal came first. */
async function dialLink(
  host: ClientHost,
  { host: name, port, secure }: Remote,
  signal: AbortSignal,
  insecure: boolean,
): Promise<Link | undefined> {
  const tls = secure ? { tls: { serverName: name, insecure } } : {};
  const timeout = host.limits.handshakeTime;
  return await host.net.dial({ host: name, port }, { signal, timeout, ...tls }).then(
    (link) => {
      // It came although nobody wants it any more.
      if (signal.aborted) link.close();
      return signal.aborted ? undefined : link;
    },
    (error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    },
  );
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
class PullSession implements Running, ClientEvents {
  readonly #client: RtmpClient;
  readonly #ingest: RtmpIngest;
  readonly #onBytes: (bytes: number) => void;
  readonly #onRunning: () => void;
  readonly #end: End;

  constructor(host: ClientHost, url: URL, link: Link, sink: MediaSink, options: PullOptions, end: End) {
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
class PushSession implements Running, ClientEvents {
  readonly #client: RtmpClient;
  readonly #host: ClientHost;
  readonly #link: Link;
  readonly #stream: Stream;
  readonly #options: PushOptions;
  readonly #end: End;
  readonly #ending: Closer;
  #cursor: Cursor | undefined;
  #counted = 0;
  #nextMeter: Micros = Number.POSITIVE_INFINITY;
  /** The publisher has left; the link may still hold what it sent. */
  #over = false;

  constructor(host: ClientHost, url: URL, link: Link, stream: Stream, options: PushOptions, end: End) {
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
