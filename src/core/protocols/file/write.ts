// Writes a stream into a link until the stream ends and everything has left.
import type { Clock } from '../../base/clock.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Link } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import { fromMs, fromSeconds, type Micros } from '../../base/time.ts';
import type { PushOptions } from '../../control/host.ts';
import type { Cursor } from '../../media/feed.ts';
import type { Stream } from '../../media/stream.ts';
import type { Codec, Track } from '../../media/track.ts';
import { fileErrors, fileFault } from './errors.ts';
import type { FileFormat } from './formats.ts';

export interface WriteOptions extends PushOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly path: string;
}

/** Resolves when the publication has ended or the signal came, and the link took every byte; rejects with FILE_CLOSED or the link's error. */
export function writeMedia(stream: Stream, format: FileFormat, link: Link, options: WriteOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    new Writing(stream, format, link, options, (error) => (error === undefined ? resolve() : reject(error))).start();
  });
}

class Writing {
  readonly #stream: Stream;
  readonly #format: FileFormat;
  readonly #link: Link;
  readonly #options: WriteOptions;
  readonly #done: (error: SrsxError | undefined) => void;
  #cursor: Cursor | undefined;
  #flushing = false;
  #finished = false;
  readonly #endings: (() => void)[] = [];
  /** Codecs that have been reported. */
  readonly #left = new Set<Codec>();

  constructor(
    stream: Stream,
    format: FileFormat,
    link: Link,
    options: WriteOptions,
    done: (error: SrsxError | undefined) => void,
  ) {
    this.#stream = stream;
    this.#format = format;
    this.#link = link;
    this.#options = options;
    this.#done = done;
  }

  start(): void {
    const { signal, onBytes, onLink, mergeWindow } = this.#options;
    const link = this.#link;
    link.onClose = (reason) => this.#closed(reason);
    onLink?.(link);
    const send = link.send.bind(link);
    link.send = (chunks) => {
      for (const chunk of chunks) onBytes(chunk.length);
      return send(chunks);
    };
    this.#cursor = this.#stream.play(this.#format.format, link, mergeWindow);
    const ended = this.#stream.onEnd(() => this.#flush());
    const tracks = { fromGop: false, tracksOnly: true } as const;
    const tap = this.#stream.tap((event) => event.type === 'tracks' && this.#look(event.tracks), tracks);
    const abort = (): void => this.#abort();
    signal.addEventListener('abort', abort, { once: true });
    this.#endings.push(
      () => ended.close(),
      () => tap.close(),
      () => signal.removeEventListener('abort', abort),
    );
    if (signal.aborted) this.#abort();
  }

  /** Says which tracks the container has no place for. */
  #look(tracks: readonly Track[]): void {
    const { log, path } = this.#options;
    const { name, carries } = this.#format;
    for (const { kind, codec } of tracks) {
      if (kind === 'data' || this.#left.has(codec) || carries?.(codec) !== false) continue;
      this.#left.add(codec);
      log.warn('file', `${codec} is left out: ${name} has no place for it`, { path });
    }
  }

  /** What is there is written, but not for ever: whoever stops a command wants it to stop. */
  #abort(): void {
    this.#flush();
    if (!this.#finished) this.#endings.push(this.#options.clock.after(GRACE, () => this.#link.close()));
  }

  #flush(): void {
    if (this.#flushing || this.#finished) return;
    this.#flushing = true;
    this.#awaitEmpty();
  }

  /** Looks again and again: links tell that they drained only to those whose send they refused. */
  #awaitEmpty(): void {
    if (this.#finished) return;
    if (this.#cursor?.full === true || this.#link.pending > 0) {
      this.#options.clock.after(LOOK, () => this.#awaitEmpty());
      return;
    }
    this.#link.close();
  }

  #closed(reason: Error | undefined): void {
    if (this.#finished) return;
    this.#finished = true;
    this.#cursor?.close();
    for (const end of this.#endings) end();
    const { path } = this.#options;
    if (reason !== undefined) this.#done(fileFault(path, reason));
    else this.#done(this.#flushing ? undefined : fileErrors.system('CLOSED', { path }));
  }
}

/** Chosen: enough for a megabyte on a slow disk, short enough for a human who pressed ctrl-C. */
const GRACE: Micros = fromSeconds(5);
/** Chosen: not noticeable at the end of a command, and cheap while a slow pipe takes its time. */
const LOOK: Micros = fromMs(10);
