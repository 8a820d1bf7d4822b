// Links over Node streams that are not sockets: files, pipes, bodies of HTTP messages.
import type { Readable, Writable } from 'node:stream';
import type { SrsxError } from '../base/errors.ts';
import { type Address, idle, type Link } from '../base/link.ts';
import { isDeparture, netError } from './errors.ts';

interface Ends {
  readonly peer: Address;
  readonly local: Address;
}

export interface ReadableLinkOptions extends Ends {
  /** For error texts. */
  readonly at: string;
  /** What `close` does before the end of the input. */
  readonly stop: () => void;
}

/**
 * The input of a stream. It begins to flow when `onData` is set, because a link often comes out of a promise and its
 * first bytes must not be lost on the way. `onClose(undefined)` is the regular end; an input that breaks off gives an
 * error.
 */
export class ReadableLink implements Link {
  readonly peer: Address;
  readonly local: Address;
  readonly pending = 0;
  readonly #stream: Readable;
  readonly #options: ReadableLinkOptions;
  #onData: (bytes: Uint8Array) => void = idle.onData;
  #flowing = false;
  #paused = false;
  #closed = false;
  #error: unknown;
  onDrain: () => void = idle.onDrain;
  onClose: (reason: Error | undefined) => void = idle.onClose;

  constructor(stream: Readable, options: ReadableLinkOptions) {
    this.#stream = stream;
    this.#options = options;
    this.peer = options.peer;
    this.local = options.local;
    stream.on('end', () => this.#tellClosed(undefined));
    stream.on('error', (error) => {
      this.#error = error;
    });
    stream.on('close', () => {
      const error = this.#error ?? Object.assign(new Error('the input broke off'), { code: 'ECONNRESET' });
      this.#tellClosed(netError(error, options.at));
    });
  }

  get onData(): (bytes: Uint8Array) => void {
    return this.#onData;
  }

  set onData(onData: (bytes: Uint8Array) => void) {
    this.#onData = onData;
    if (this.#flowing || this.#closed) return;
    this.#flowing = true;
    this.#stream.on('data', (bytes: Uint8Array) => this.#onData(bytes));
    if (this.#paused) this.#stream.pause();
  }

  /** There is nobody to send to. */
  send(): boolean {
    return true;
  }

  close(_reason?: SrsxError): void {
    if (this.#closed) return;
    this.#options.stop();
    this.#tellClosed(undefined);
  }

  pause(): void {
    this.#paused = true;
    this.#stream.pause();
  }

  resume(): void {
    this.#paused = false;
    if (this.#flowing && !this.#closed) this.#stream.resume();
  }

  #tellClosed(reason: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    const { onClose } = this;
    this.#onData = idle.onData;
    this.onClose = idle.onClose;
    onClose(reason);
  }
}

export interface WritableLinkOptions extends Ends {
  readonly at: string;
  readonly linkBytes: number;
  /** Begins the end, given why; the stream's 'finish', 'close' or 'error' completes it. */
  readonly finish: (reason: SrsxError | undefined) => void;
}

/**
 * The output of a stream. Unlike a socket it tells `onClose` only when everything is written, so that a full disk is
 * told and not lost; a reader that went away (EPIPE) is a regular end.
 */
export class WritableLink implements Link {
  readonly peer: Address;
  readonly local: Address;
  readonly #stream: Writable;
  readonly #options: WritableLinkOptions;
  #ending = false;
  #closed = false;
  onData: (bytes: Uint8Array) => void = idle.onData;
  onDrain: () => void = idle.onDrain;
  onClose: (reason: Error | undefined) => void = idle.onClose;

  constructor(stream: Writable, options: WritableLinkOptions) {
    this.#stream = stream;
    this.#options = options;
    this.peer = options.peer;
    this.local = options.local;
    stream.on('drain', () => {
      if (!this.#ending) this.onDrain();
    });
    stream.on('error', (error) => {
      this.ended(isDeparture(error) ? undefined : netError(error, options.at, 'FILE_ACCESS'));
    });
    stream.on('finish', () => this.ended(undefined));
    stream.on('close', () => this.ended(undefined));
  }

  get pending(): number {
    return this.#stream.writableLength;
  }

  send(chunks: readonly Uint8Array[]): boolean {
    const stream = this.#stream;
    if (this.#ending || this.#closed || !stream.writable) return true;
    if (chunks.length > 1) stream.cork();
    for (let i = 0; i < chunks.length; i++) stream.write(chunks[i] as Uint8Array);
    if (chunks.length > 1) stream.uncork();
    if (stream.writableLength <= this.#options.linkBytes) return true;
    if (!stream.writableNeedDrain) stream.write(new Uint8Array(0), () => this.#ending || this.onDrain());
    return false;
  }

  close(reason?: SrsxError): void {
    if (this.#ending || this.#closed) return;
    this.#ending = true;
    this.#options.finish(reason);
  }

  pause(): void {
    // Nothing is read.
  }

  resume(): void {
    // Nothing is read.
  }

  /** The output is over. Idempotent. */
  ended(reason: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    const { onClose } = this;
    this.onDrain = idle.onDrain;
    this.onClose = idle.onClose;
    onClose(reason);
  }
}
