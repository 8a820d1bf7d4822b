// A connection as the link of a feed: merged writes go out as messages of whole transport stream packets.

import type { Clock } from '../../base/clock.ts';
import type { SrsxError } from '../../base/errors.ts';
import { type Address, idle, type Link, type Peer } from '../../base/link.ts';
import { fromMs } from '../../base/time.ts';
import type { SrtConnection } from './connection.ts';
import type { Cutter } from './messages.ts';

/**
 * Longest time for which packets of a feed are held back: picture and sound of one moment share messages, and a receiver
 * with the usual 120 ms of latency notices nothing.
 */
export const MERGE_WINDOW = fromMs(20);

export interface SrtLinkOptions {
  readonly local: Address;
  readonly cutter: Cutter;
  readonly clock: Clock;
  /** Bytes of messages that were taken. */
  readonly onSent?: (bytes: number) => void;
}

/**
 * Never full: a live sender does not wait. What the connection cannot take any more is dropped and counted, and the
 * too-late drop at the peer does the rest.
 */
export class SrtLink implements Link {
  readonly peer: Peer;
  readonly local: Address;
  readonly pending = 0;
  readonly #connection: SrtConnection;
  readonly #cutter: Cutter;
  readonly #clock: Clock;
  readonly #onSent: (bytes: number) => void;
  /** Messages that found no place. */
  dropped = 0;
  sentBytes = 0;
  onData: (bytes: Uint8Array) => void = idle.onData;
  onDrain: () => void = idle.onDrain;
  onClose: (reason: Error | undefined) => void = idle.onClose;

  constructor(connection: SrtConnection, options: SrtLinkOptions) {
    this.peer = connection.peer;
    this.local = options.local;
    this.#connection = connection;
    this.#cutter = options.cutter;
    this.#clock = options.clock;
    this.#onSent = options.onSent ?? (() => undefined);
  }

  send(chunks: readonly Uint8Array[]): boolean {
    this.messages(this.#cutter.cut(chunks));
    return true;
  }

  /** Messages that are cut already. */
  messages(messages: readonly Uint8Array[]): void {
    const now = this.#clock.now();
    const taken = this.#connection.sendAll(messages, now);
    this.dropped += messages.length - taken;
    let bytes = 0;
    for (let i = 0; i < taken; i++) bytes += (messages[i] as Uint8Array).length;
    this.sentBytes += bytes;
    this.#onSent(bytes);
  }

  close(reason?: SrsxError): void {
    if (reason === undefined) this.#connection.finish(this.#clock.now());
    else this.#connection.close(reason, this.#clock.now());
  }

  pause(): void {
    // A player sends nothing.
  }

  resume(): void {
    // Nothing was paused.
  }
}
