// A WebSocket over an open link, after its handshake: whole messages in, framed bytes out, control frames answered.
import type { SrsxError } from '../base/errors.ts';
import { type Address, idle, type Link } from '../base/link.ts';
import { toSrsxError } from '../base/session.ts';
import {
  closeCode,
  FrameReader,
  opcodes,
  type WebSocketEvent,
  webSocketErrors,
  writeClose,
  writeFrame,
} from '../wire/websocket/index.ts';

export interface WebSocketLinkOptions {
  /** Bytes of one message. */
  readonly limitBytes: number;
  /** A client's source of mask keys; a server has none. */
  readonly maskKey?: () => Uint8Array;
}

/** What waits before pings are answered no more: a peer that pings and never reads must not fill the memory. */
const PONG_LIMIT = 64 * 1024;

export class WebSocketLink implements Link {
  readonly peer: Address;
  readonly local: Address;
  readonly #link: Link;
  readonly #reader: FrameReader;
  readonly #maskKey: (() => Uint8Array) | undefined;
  #closed = false;
  #reading = false;
  #onData: (bytes: Uint8Array) => void = idle.onData;
  onDrain: () => void = idle.onDrain;
  onClose: (reason: Error | undefined) => void = idle.onClose;

  constructor(link: Link, { limitBytes, maskKey }: WebSocketLinkOptions) {
    this.#link = link;
    this.#maskKey = maskKey;
    this.#reader = new FrameReader({ masked: maskKey === undefined, limitBytes });
    this.peer = link.peer;
    this.local = link.local;
    if (maskKey === undefined) this.#read();
    link.onDrain = () => this.onDrain();
    link.onClose = (reason) => this.#tellClosed(reason);
  }

  get onData(): (bytes: Uint8Array) => void {
    return this.#onData;
  }

  /** A client's link reads from when this is set: it came out of a promise, and messages may be there already. */
  set onData(onData: (bytes: Uint8Array) => void) {
    this.#onData = onData;
    if (!this.#reading && !this.#closed) this.#read();
  }

  get pending(): number {
    return this.#link.pending;
  }

  send(chunks: readonly Uint8Array[]): boolean {
    return this.#link.send(chunks);
  }

  close(reason?: SrsxError): void {
    this.#end(closeCode(reason), reason?.message ?? '', undefined);
  }

  noDelay(on: boolean): void {
    this.#link.noDelay?.(on);
  }

  pause(): void {
    this.#link.pause();
  }

  resume(): void {
    this.#link.resume();
  }

  #read(): void {
    this.#reading = true;
    this.#link.onData = (bytes) => this.#receive(bytes);
  }

  #receive(bytes: Uint8Array): void {
    let events: WebSocketEvent[];
    try {
      events = this.#reader.push(bytes);
    } catch (caught) {
      const error = toSrsxError(caught);
      this.#end(closeCode(error), error.message, error);
      return;
    }
    for (const event of events) {
      if (this.#closed) return;
      this.#on(event);
    }
  }

  #on(event: WebSocketEvent): void {
    switch (event.type) {
      case 'message':
        this.#onData(event.data);
        return;
      case 'ping':
        if (this.pending <= PONG_LIMIT) this.#link.send([writeFrame(opcodes.pong, event.data, this.#maskKey?.())]);
        return;
      case 'pong':
        return;
      case 'close': {
        const { code, reason } = event;
        // 1000 and 1001 are regular ends (RFC 6455 §7.4.1), and so is a close frame without a code.
        const regular = code === 1000 || code === 1001 || code === 1005;
        this.#end(
          code === 1005 ? 1000 : code,
          '',
          regular ? undefined : webSocketErrors.protocol('PEER', { code, reason }),
        );
        return;
      }
    }
  }

  #end(code: number, text: string, error: SrsxError | undefined): void {
    if (this.#closed) return;
    this.#link.onClose = idle.onClose;
    this.#link.send([writeClose(code, text, this.#maskKey?.())]);
    this.#link.close();
    this.#tellClosed(error);
  }

  #tellClosed(reason: Error | undefined): void {
    if (this.#closed) return;
    this.#closed = true;
    const { onClose } = this;
    this.#onData = idle.onData;
    this.onDrain = idle.onDrain;
    this.onClose = idle.onClose;
    onClose(reason);
  }
}
