// Reads a container from a link as fast as its consumer allows.
import { concat, toHex } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import { Reporter } from '../../base/counters.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import type { FileLink, RandomAccess } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import { toSrsxError } from '../../base/session.ts';
import type { PullOptions } from '../../control/host.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import type { MediaSink } from '../../media/sink.ts';
import type { TrackKind } from '../../media/track.ts';
import { fileErrors, fileFault } from './errors.ts';
import { type FileDemuxer, type FileFormat, formatByContent, knownFormats } from './formats.ts';

export interface ReadOptions extends Pick<PullOptions, 'signal' | 'ready' | 'onBytes' | 'onContainer'> {
  readonly clock: Clock;
  readonly limits: Limits;
  readonly log: Log;
  readonly formats: readonly FileFormat[];
  /** How messages name the source. */
  readonly path: string;
}

/**
 * Gives the media of `link` to `to`. Resolves at the end of the file or at the signal; rejects with FILE_EMPTY,
 * FILE_CONTENT, the link's own error, or the demuxer's ProtocolError, after everything before the fault was delivered.
 *
 * The link is paused while the events of one chunk are handed over, and `ready` is asked before each frame: what
 * waits here is never more than one chunk, and a pace may hold each single frame. A format that is better read by its
 * index is read so where the link can; then the link only gives the first bytes, which say what the file is.
 */
export function readMedia(link: FileLink, to: MediaSink, options: ReadOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    new Reading(link, to, options, (error) => (error === undefined ? resolve() : reject(error))).start();
  });
}

class Reading {
  readonly #link: FileLink;
  readonly #to: MediaSink;
  readonly #options: ReadOptions;
  readonly #done: (error: SrsxError | undefined) => void;
  readonly #headBytes: number;
  #head: Uint8Array[] = [];
  #received = 0;
  #demuxer: FileDemuxer | undefined;
  /** Name of the container, once it is known. */
  #name = '';
  /** The file is read anywhere; what the link delivers is not needed any more. */
  #indexed = false;
  #promised = false;
  #events: MediaEvent[] = [];
  #pumping = false;
  #ended = false;
  #fault: SrsxError | undefined;
  #closed = false;
  readonly #abort = (): void => this.#finish(undefined);

  constructor(link: FileLink, to: MediaSink, options: ReadOptions, done: (error: SrsxError | undefined) => void) {
    this.#link = link;
    this.#to = to;
    this.#options = options;
    this.#done = done;
    this.#headBytes = Math.max(...options.formats.map((format) => format.headBytes));
  }

  start(): void {
    const { signal } = this.#options;
    if (signal.aborted) {
      this.#finish(undefined);
      return;
    }
    signal.addEventListener('abort', this.#abort, { once: true });
    this.#link.onData = (bytes) => this.#step(() => this.#receive(bytes));
    this.#link.onClose = (reason) => this.#step(() => this.#end(reason));
    this.#link.resume();
  }

  /** Parses, and hands over what came out; a fault waits until then. */
  #step(parse: () => void): void {
    if (this.#closed || this.#ended || this.#indexed) return;
    try {
      parse();
    } catch (error) {
      this.#ended = true;
      this.#fault = toSrsxError(error);
    }
    if (!this.#pumping && !this.#indexed) void this.#pump();
  }

  #receive(bytes: Uint8Array): void {
    this.#received += bytes.length;
    this.#options.onBytes(bytes.length);
    if (this.#demuxer !== undefined) {
      this.#push(this.#demuxer, bytes);
      return;
    }
    this.#head.push(bytes.slice());
    if (this.#received >= this.#headBytes) this.#begin();
  }

  #end(reason: Error | undefined): void {
    this.#ended = true;
    const { path, log } = this.#options;
    if (reason !== undefined) {
      this.#fault = fileFault(path, reason);
      return;
    }
    if (this.#received === 0) throw fileErrors.protocol('EMPTY', { path });
    const demuxer = this.#demuxer ?? this.#begin();
    if (demuxer === undefined) return;
    // A demuxer that found damage behind good frames tells it at the next call.
    this.#push(demuxer, new Uint8Array(0));
    try {
      this.#take(demuxer.end());
    } catch (error) {
      // A recording that was cut is worth what it holds: the last, incomplete part is missing, nothing else.
      log.warn('file', 'the file ends in the middle', { path, code: toSrsxError(error).code });
    }
  }

  /** Chooses the demuxer by the first bytes; undefined when the file is read anywhere. */
  #begin(): FileDemuxer | undefined {
    const { formats, limits, path } = this.#options;
    const head = concat(this.#head);
    this.#head = [];
    const format = formatByContent(formats, head);
    if (format === undefined) {
      throw fileErrors.protocol('CONTENT', { path, head: toHex(head.subarray(0, 8)), known: knownFormats(formats) });
    }
    const { log, clock } = this.#options;
    const bad = new Reporter((count, last) =>
      log.warn('file', 'parts of the file are left out', { path, count, last }),
    );
    const onBad = (code: string): void => bad.note(code, clock.now());
    const { anywhere } = this.#link;
    if (anywhere !== undefined && format.anywhere !== undefined) {
      this.#indexed = true;
      this.#link.pause();
      void this.#give(format.anywhere(this.#counted(anywhere), limits, onBad));
      return undefined;
    }
    const demuxer = format.demuxer(limits, onBad);
    this.#name = format.name;
    this.#demuxer = demuxer;
    this.#push(demuxer, head);
    return demuxer;
  }

  #push(demuxer: FileDemuxer, bytes: Uint8Array): void {
    this.#options.onContainer?.(this.#name, bytes);
    this.#take(demuxer.push(bytes));
    if (!this.#promised) this.#promise(demuxer.promised?.() ?? []);
  }

  #promise(kinds: readonly TrackKind[]): void {
    if (kinds.length === 0) return;
    this.#promised = true;
    this.#to.promise?.(kinds);
  }

  #take(events: MediaEvent[]): void {
    if (this.#events.length === 0) this.#events = events;
    else for (const event of events) this.#events.push(event);
  }

  #counted({ size, read }: RandomAccess): RandomAccess {
    return {
      size,
      read: async (offset, count) => {
        const bytes = await read(offset, count);
        // Each track is read through a window of its own: what is read twice came once.
        const fresh = Math.min(bytes.length, size - this.#received);
        this.#received += fresh;
        this.#options.onBytes(fresh);
        return bytes;
      },
    };
  }

  /** All that a file which is read anywhere gives. */
  async #give(events: AsyncIterable<MediaEvent>): Promise<void> {
    try {
      for await (const event of events) {
        if (event.type === 'frame') await this.#options.ready();
        else if (!this.#promised) this.#promise([...new Set(event.tracks.map(({ kind }) => kind))]);
        if (this.#closed) return;
        this.#to.on(event);
      }
      this.#finish(undefined);
    } catch (error) {
      this.#finish(toSrsxError(error));
    }
  }

  async #pump(): Promise<void> {
    this.#pumping = true;
    this.#link.pause();
    try {
      while (this.#events.length > 0) {
        const events = this.#events;
        this.#events = [];
        for (const event of events) {
          if (event.type === 'frame') await this.#options.ready();
          if (this.#closed) return;
          this.#to.on(event);
        }
      }
    } catch (error) {
      this.#finish(toSrsxError(error));
      return;
    }
    this.#pumping = false;
    if (this.#ended) this.#finish(this.#fault);
    else if (!this.#closed) this.#link.resume();
  }

  #finish(error: SrsxError | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.signal.removeEventListener('abort', this.#abort);
    this.#link.close();
    this.#done(error);
  }
}
