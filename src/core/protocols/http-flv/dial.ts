// The client: plays from and publishes to another server.
import { Reporter } from '../../base/counters.ts';
import { type SrsxError, SystemError } from '../../base/errors.ts';
import type { Closer, Link } from '../../base/link.ts';
import { guard, type Session, toSrsxError } from '../../base/session.ts';
import { fromMs, fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import type { ClientHost, PullOptions, PushOptions } from '../../control/host.ts';
import { Intake } from '../../format/container/index.ts';
import type { Cursor } from '../../media/feed.ts';
import type { MediaSink } from '../../media/sink.ts';
import type { Stream } from '../../media/stream.ts';
import type { HttpResponse } from '../../wire/http/exchange.ts';
import { httpFlvErrors } from './errors.ts';
import { formatOf, type LiveFormat, liveFormats } from './format.ts';

const isWebSocket = (url: URL): boolean => url.protocol === 'ws:' || url.protocol === 'wss:';

/** By the ending of the path; `accepts` let no other through. */
const containerOf = (url: URL): LiveFormat => formatOf(url.pathname) ?? (liveFormats[0] as LiveFormat);

/** Passwords do not belong into messages. */
const shown = ({ protocol, host, pathname }: URL): string => `${protocol}//${host}${pathname}`;

/**
 * Rejects with NET_*, HTTP_FLV_STATUS (the status is in its details), FLV_* and, when the server goes quiet,
 * HTTP_FLV_NO_MEDIA or HTTP_FLV_SILENT.
 */
export async function pull(host: ClientHost, from: URL, to: MediaSink, options: PullOptions): Promise<void> {
  if (options.signal.aborted) return;
  let link: Link;
  try {
    link = isWebSocket(from) ? await openWebSocket(host, from, options) : await openHttp(host, from, options);
  } catch (error) {
    if (options.signal.aborted) return;
    throw error;
  }
  const format = containerOf(from);
  await new Promise<void>((resolve, reject) => {
    const done = (error: SrsxError | undefined): void => (error === undefined ? resolve() : reject(error));
    new PullSession({ ...options, host, link, format, to, done }).start();
  });
}

async function openHttp(host: ClientHost, url: URL, { signal, insecure = false }: PullOptions): Promise<Link> {
  const response = await host.net.request(url, {
    method: 'GET',
    headers: {},
    signal,
    // SRS, and we, answer when the publisher is there.
    timeout: host.limits.firstMediaTime,
    insecure,
  });
  if (response.status !== 200) throw await statusError(host, url, response);
  return response.body;
}

async function openWebSocket(host: ClientHost, url: URL, { signal, insecure = false }: PullOptions): Promise<Link> {
  try {
    return await host.net.dialWebSocket(url, { signal, timeout: host.limits.firstMediaTime, insecure });
  } catch (error) {
    const status = error instanceof SystemError ? error.details['status'] : undefined;
    if (typeof status !== 'number') throw error;
    throw refusal(url, status, '', error);
  }
}

/** What the server says in its own words, up to this many bytes and this long. */
const WORDS_BYTES = 500;
const WORDS_TIME = fromSeconds(2);

function statusError({ clock }: ClientHost, url: URL, { status, body }: HttpResponse): Promise<SrsxError> {
  const decoder = new TextDecoder();
  let words = '';
  return new Promise((resolve) => {
    const finish = (): void => {
      cancel();
      resolve(refusal(url, status, words.slice(0, WORDS_BYTES)));
      body.close();
    };
    const cancel = clock.after(WORDS_TIME, finish);
    body.onClose = finish;
    body.onData = (bytes) => {
      words += decoder.decode(bytes, { stream: true });
      if (words.length >= WORDS_BYTES) finish();
    };
  });
}

/** 4xx: we may not, or it is not there. Everything else is not what we asked. */
function refusal(url: URL, status: number, body: string, cause?: unknown): SrsxError {
  const details = { url: shown(url), status, body };
  const refused = status >= 400 && status < 500;
  return refused ? httpFlvErrors.refused('STATUS', details, cause) : httpFlvErrors.protocol('STATUS', details, cause);
}

interface PullSessionOptions extends PullOptions {
  readonly host: ClientHost;
  readonly link: Link;
  readonly format: LiveFormat;
  readonly to: MediaSink;
  readonly done: (error: SrsxError | undefined) => void;
}

class PullSession implements Session {
  readonly #options: PullSessionOptions;
  readonly #intake: Intake;
  #over = false;
  deadline: Micros;
  readonly #abort = (): void => this.close(undefined);

  constructor(options: PullSessionOptions) {
    const { limits, clock, log } = options.host;
    this.#options = options;
    const bad = new Reporter((count, last) => log.warn('http-flv', 'leaves parts out', { count, last }));
    const demuxer = options.format.demuxer(limits, (code) => bad.note(code, clock.now()));
    this.#intake = new Intake(demuxer, options.to);
    this.deadline = clock.now() + limits.firstMediaTime;
  }

  start(): void {
    const { link, host, signal } = this.#options;
    host.wheel.add(this);
    signal.addEventListener('abort', this.#abort);
    link.onClose = (reason) => guard(this, 0, () => this.#ended(reason));
    link.onData = (bytes) => {
      const now = host.clock.now();
      guard(this, now, () => this.receive(bytes, now));
    };
    if (signal.aborted) this.#abort();
  }

  receive(bytes: Uint8Array, now: Micros): void {
    const { onBytes, onContainer, format, host } = this.#options;
    onBytes(bytes.length);
    onContainer?.(format.name, bytes);
    this.#intake.push(bytes);
    // Players wait longer than publishers may be silent: the far end may have to find a new publisher.
    if (this.#intake.hasMedia) this.deadline = now + host.limits.stallTime;
  }

  tick(): void {
    const { firstMediaTime, stallTime } = this.#options.host.limits;
    if (this.#intake.hasMedia) throw httpFlvErrors.protocol('SILENT', { seconds: toSeconds(stallTime) });
    throw httpFlvErrors.protocol('NO_MEDIA', { seconds: toSeconds(firstMediaTime) });
  }

  close(reason: SrsxError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.deadline = Number.POSITIVE_INFINITY;
    const { host, link, signal, done } = this.#options;
    host.wheel.remove(this);
    signal.removeEventListener('abort', this.#abort);
    link.close();
    done(reason);
  }

  #ended(reason: Error | undefined): void {
    if (this.#over) return;
    if (reason === undefined) this.#intake.end();
    this.close(reason === undefined ? undefined : toSrsxError(reason));
  }
}

/**
 * Publishes by POST. Resolves when the stream has ended and the server answered 2xx; rejects with NET_*,
 * HTTP_FLV_STATUS, or HTTP_FLV_EARLY when the server ends the upload with a 2xx.
 */
export async function push(host: ClientHost, from: Stream, to: URL, options: PushOptions): Promise<void> {
  const { signal, insecure = false } = options;
  if (isWebSocket(to)) throw httpFlvErrors.refused('PUSH_WEBSOCKET', { url: shown(to) });
  if (signal.aborted) return;
  const format = containerOf(to);
  let upload: Upload | undefined;
  // The request outlives the signal by the flush of what was sent.
  const stop = new AbortController();
  const abort = (): void => {
    if (upload === undefined) stop.abort();
  };
  signal.addEventListener('abort', abort);
  try {
    const response = await host.net.request(to, {
      method: 'POST',
      headers: { 'Content-Type': format.contentType },
      signal: stop.signal,
      timeout: host.limits.firstMediaTime,
      insecure,
      upload: (link) => {
        upload = new Upload(host, from, link, { ...options, format }, () => stop.abort());
      },
    });
    const early = upload?.finished === false;
    if (response.status < 200 || response.status > 299) throw await statusError(host, to, response);
    response.body.close();
    if (early && !signal.aborted) throw httpFlvErrors.protocol('EARLY', { url: shown(to) });
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', abort);
    upload?.close();
  }
}

/** How long a push that was told to stop may flush. */
const GRACE = fromSeconds(5);
/** How often it is looked whether everything has left. */
const LOOK = fromMs(20);

interface UploadOptions extends PushOptions {
  readonly format: LiveFormat;
}

/** A stream on its way into the body of a request. */
class Upload {
  readonly #host: ClientHost;
  readonly #link: Link;
  readonly #cursor: Cursor;
  readonly #closers: Closer[] = [];
  /** The body was ended by us. */
  finished = false;
  #over = false;

  constructor(host: ClientHost, from: Stream, link: Link, options: UploadOptions, giveUp: () => void) {
    const { signal, onBytes, onLink, mergeWindow, format } = options;
    this.#host = host;
    this.#link = link;
    const send = link.send.bind(link);
    link.send = (chunks) => {
      for (const chunk of chunks) onBytes(chunk.length);
      return send(chunks);
    };
    onLink?.(link);
    this.#cursor = from.play(format.wires.plain, link, mergeWindow);
    const abort = (): void => {
      this.#closers.push({ close: host.clock.after(GRACE, giveUp) });
      this.#finishWhenSent();
    };
    signal.addEventListener('abort', abort);
    this.#closers.push(
      from.onEnd(() => this.#finishWhenSent()),
      { close: () => signal.removeEventListener('abort', abort) },
    );
    if (signal.aborted) abort();
  }

  close(): void {
    if (this.#over) return;
    this.#over = true;
    for (const closer of this.#closers) closer.close();
    this.#cursor.close();
  }

  #finishWhenSent(): void {
    if (this.#over || this.finished) return;
    if (this.#cursor.full) {
      this.#host.clock.after(LOOK, () => this.#finishWhenSent());
      return;
    }
    this.finished = true;
    this.#link.close();
  }
}
