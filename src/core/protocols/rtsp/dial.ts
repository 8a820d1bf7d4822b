// The client: pulls a camera or a remote stream, or pushes one of ours, over rtsp:// and rtsps://.
import { Reporter } from '../../base/counters.ts';
import { RefusedError, type SrsxError } from '../../base/errors.ts';
import type { Closer, Link } from '../../base/link.ts';
import { guard } from '../../base/session.ts';
import { fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import { type ClientSession, connect, redirected, type SessionEnd } from '../../control/dialled.ts';
import type { ClientHost, PullOptions, PushOptions } from '../../control/host.ts';
import { playErrors } from '../../media/errors.ts';
import type { Cursor } from '../../media/feed.ts';
import type { MediaSink } from '../../media/sink.ts';
import type { Stream } from '../../media/stream.ts';
import { streamUrl } from '../../media/stream-name.ts';
import type { Track } from '../../media/track.ts';
import { writeRtcp } from '../../wire/rtcp/index.ts';
import { type ClientEvents, RtspClient } from './client.ts';
import { type DescribedTrack, type SentTrack, sentTracks } from './description.ts';
import { rtspFormat } from './egress.ts';
import { errors } from './errors.ts';
import { RtspIngest } from './ingest.ts';
import type { PortPair } from './transport.ts';
import { parseRemote, type Remote } from './url.ts';

/** Reads a remote stream until it ends (resolves), fails (rejects with SrsxError), or the signal (resolves). */
export async function pull(host: ClientHost, from: URL, to: MediaSink, options: PullOptions): Promise<void> {
  const attempt = (remote: Remote): Promise<void> =>
    connect(
      host,
      remote,
      options,
      (link, end) => new PullSession({ host, remote, link, end: unless(options.signal, end) }, to, options),
    );
  await redirected(parseRemote(from), attempt, redirectTarget);
}

/** Publishes a stream until it ends (resolves), the remote fails (rejects with SrsxError), or the signal (resolves). */
export async function push(host: ClientHost, from: Stream, to: URL, options: PushOptions): Promise<void> {
  // The publisher may leave while we dial.
  const gone = new AbortController();
  const ending = from.onEnd(() => gone.abort());
  try {
    if (from.tracks.length === 0) options.onTracksWanted?.();
    const sent = await tracksOf(from, AbortSignal.any([options.signal, gone.signal]));
    if (sent === undefined) return;
    const attempt = (remote: Remote): Promise<void> =>
      connect(
        host,
        remote,
        { ...options, dialSignal: gone.signal },
        (link, end) => new PushSession({ host, remote, link, end: unless(options.signal, end) }, from, sent, options),
      );
    await redirected(parseRemote(to), attempt, redirectTarget);
  } finally {
    ending.close();
  }
}

/** The first tracks; undefined when the stream ends before. Rejects with RTSP_NO_CODEC. */
async function tracksOf(from: Stream, signal: AbortSignal): Promise<readonly SentTrack[] | undefined> {
  const { promise, resolve } = Promise.withResolvers<readonly Track[]>();
  const abort = (): void => resolve([]);
  signal.addEventListener('abort', abort);
  if (signal.aborted) abort();
  const tap = from.tap((event) => event.type === 'tracks' && event.tracks.length > 0 && resolve(event.tracks));
  try {
    const tracks = await promise;
    if (signal.aborted) return undefined;
    const sent = sentTracks(tracks);
    const codecs = tracks.map(({ codec }) => codec).join(', ');
    if (sent.length === 0) throw errors.refused('NO_CODEC', { stream: streamUrl(from.name), codecs });
    return sent;
  } finally {
    tap.close();
    signal.removeEventListener('abort', abort);
  }
}

/** After the signal every end is in order: servers answer a good-bye as they like. */
const unless =
  (signal: AbortSignal, end: SessionEnd): SessionEnd =>
  (reason) =>
    end(signal.aborted ? undefined : reason);

/** Credentials are for the host that they were written for. */
function redirectTarget(error: unknown, before: Remote): Remote | undefined {
  if (!(error instanceof RefusedError) || error.code !== 'RTSP_REDIRECT') return undefined;
  const url = URL.parse(String(error.details['url']), before.url);
  if (url === null || !/^rtsps?:$/.test(url.protocol) || url.hostname === '') return undefined;
  const remote = parseRemote(url);
  if (remote.host !== before.host || remote.secure !== before.secure) return remote;
  return { ...remote, user: remote.user || before.user, password: remote.password || before.password };
}

/** What both sessions need. */
interface Ends {
  readonly host: ClientHost;
  readonly remote: Remote;
  readonly link: Link;
  readonly end: SessionEnd;
}

/** RFC 3550 §6.2. */
const REPORT_TIME = fromSeconds(5);

/** Plays a remote stream into a sink. */
class PullSession implements ClientSession, ClientEvents {
  readonly #ends: Ends;
  readonly #sink: MediaSink;
  readonly #options: PullOptions;
  readonly #client: RtspClient;
  readonly #ssrc: number;
  #ingest: RtspIngest | undefined;
  #tracks = 0;
  #nextReport: Micros = Number.POSITIVE_INFINITY;

  constructor(ends: Ends, sink: MediaSink, options: PullOptions) {
    const { host, link, remote } = ends;
    this.#ends = ends;
    this.#sink = sink;
    this.#options = options;
    this.#ssrc = host.rng.below(2 ** 32);
    const { limits, rng, log, clock } = host;
    this.#client = new RtspClient({ link, limits, rng, log, remote, sent: undefined, events: this, now: clock.now() });
  }

  get deadline(): Micros {
    return Math.min(this.#client.deadline, this.#nextReport);
  }

  receive(bytes: Uint8Array, now: Micros): void {
    this.#options.onBytes(bytes.length);
    this.#client.receive(bytes, now);
  }

  tick(now: Micros): void {
    if (now >= this.#nextReport) this.#report(now);
    this.#client.tick(now);
  }

  close(reason: SrsxError | undefined, now: Micros): void {
    this.#client.close(reason, now);
  }

  finish(now: Micros): void {
    this.#client.finish(now);
  }

  described(tracks: readonly DescribedTrack[]): void {
    const { log, clock } = this.#ends.host;
    const report = new Reporter((count, last) => log.warn('rtsp', 'packets are left out', { count, last }));
    this.#tracks = tracks.length;
    this.#ingest = new RtspIngest({ tracks, to: this.#sink, onBad: ({ code }) => report.note(code, clock.now()) });
  }

  running(): void {
    this.#nextReport = this.#ends.host.clock.now() + REPORT_TIME;
    this.#options.onRunning?.();
  }

  media(index: number, kind: 'rtp' | 'rtcp', data: Uint8Array, now: Micros): void {
    if (kind === 'rtp') this.#ingest?.rtp(index, data, now);
    else this.#ingest?.rtcp(index, data, now);
  }

  ended(reason: SrsxError | undefined): void {
    this.#nextReport = Number.POSITIVE_INFINITY;
    this.#ends.end(reason);
  }

  /** Cameras end a session of which nobody reports. */
  #report(now: Micros): void {
    this.#nextReport = now + REPORT_TIME;
    for (let index = 0; index < this.#tracks; index++) {
      const packets = this.#ingest?.report(index, this.#ssrc, now);
      if (packets !== undefined) this.#client.sendRtcp(index, writeRtcp(packets));
    }
  }
}

/** How often the caller is told what was sent. */
const METER_TIME = fromSeconds(1);

/** Publishes a stream to a remote. */
class PushSession implements ClientSession, ClientEvents {
  readonly #ends: Ends;
  readonly #stream: Stream;
  readonly #sent: readonly SentTrack[];
  readonly #options: PushOptions;
  readonly #client: RtspClient;
  readonly #ending: Closer;
  #cursor: Cursor | undefined;
  #counted = 0;
  #nextMeter: Micros = Number.POSITIVE_INFINITY;
  /** The publisher has left; the link may still hold what it sent. */
  #over = false;

  constructor(ends: Ends, stream: Stream, sent: readonly SentTrack[], options: PushOptions) {
    const { host, link, remote } = ends;
    this.#ends = ends;
    this.#stream = stream;
    this.#sent = sent;
    this.#options = options;
    this.#ending = stream.onEnd(() => {
      this.#over = true;
      this.#finishWhenSent();
    });
    const { limits, rng, log, clock } = host;
    this.#client = new RtspClient({ link, limits, rng, log, remote, sent, events: this, now: clock.now() });
    options.onLink?.(link);
  }

  get deadline(): Micros {
    const stalled = this.#cursor?.full
      ? this.#cursor.fullSince + this.#ends.host.limits.stallTime
      : Number.POSITIVE_INFINITY;
    return Math.min(this.#client.deadline, this.#nextMeter, stalled);
  }

  receive(bytes: Uint8Array, now: Micros): void {
    this.#client.receive(bytes, now);
  }

  /** Errors: RTSP_TIMEOUT, PLAYER_TOO_SLOW. */
  tick(now: Micros): void {
    this.#measure(now);
    const { stallTime } = this.#ends.host.limits;
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

  described(): void {
    // A publisher describes.
  }

  running(channels: readonly PortPair[]): void {
    const { rng, clock } = this.#ends.host;
    const tracks = this.#sent.flatMap((sent, index) => {
      const at = channels[index];
      return at === undefined ? [] : [{ sent, channels: at }];
    });
    const format = rtspFormat({ tracks, rng, wall: () => clock.wall(), live: this.#stream.newest });
    const { link } = this.#ends;
    this.#cursor = this.#stream.play(format, link, this.#options.mergeWindow);
    const drained = link.onDrain;
    link.onDrain = () => {
      drained();
      this.#finishWhenSent();
    };
    this.#nextMeter = clock.now() + METER_TIME;
    this.#options.onRunning?.();
    this.#finishWhenSent();
  }

  media(): void {
    // A server that sends media to a publisher is not listened to.
  }

  ended(reason: SrsxError | undefined): void {
    this.#measure(this.#ends.host.clock.now());
    this.#nextMeter = Number.POSITIVE_INFINITY;
    this.#ending.close();
    const cursor = this.#cursor;
    this.#cursor = undefined;
    cursor?.close();
    this.#ends.end(reason);
  }

  /** A link that is full gets the rest of the feed first. */
  #finishWhenSent(): void {
    if (!this.#over || this.#cursor?.full) return;
    const now = this.#ends.host.clock.now();
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
