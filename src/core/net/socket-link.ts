// A link over one open socket, plain or TLS. The hot path of every TCP player is `send`: one call of the socket, no
// closure, no timer.
import type { Socket } from 'node:net';
import type { SrsxError } from '../base/errors.ts';
import { type Address, formatAddress, idle, type Link } from '../base/link.ts';
import { isDeparture, netError } from './errors.ts';
import { FLUSH_MS, LINGER_MS } from './options.ts';
import { plainWriter, type SocketWriter } from './socket-writer.ts';

export interface SocketLinkOptions {
  /** Bytes that may wait before the link counts as full. */
  readonly linkBytes: number;
  /**
   * `later`: from when `onData` is set, because a dialled link comes out of a promise and a server that speaks first
   * must not speak to nobody; until then the end of the link is not noticed either. `never`: received bytes are somebody
   * else's (the HTTP parser's).
   */
  readonly reads: 'now' | 'later' | 'never';
  /** Default: node's stream. A socket with TLS has no other one. */
  readonly writer?: SocketWriter;
}

const nobody: Address = { host: '', port: 0 };
const NOTHING = new Uint8Array(0);

export class SocketLink implements Link {
  readonly peer: Address;
  readonly local: Address;
  readonly #socket: Socket;
  readonly #linkBytes: number;
  readonly #writer: SocketWriter;
  #closed = false;
  #error: Error | undefined;
  #reading: boolean;
  #onData: (bytes: Uint8Array) => void = idle.onData;
  onDrain: () => void = idle.onDrain;
  onClose: (reason: Error | undefined) => void = idle.onClose;

  /** Takes the socket over: nobody else may write to it or end it. */
  constructor(socket: Socket, { linkBytes, reads, writer = plainWriter }: SocketLinkOptions) {
    this.#socket = socket;
    this.#writer = writer;
    this.#linkBytes = linkBytes;
    this.#reading = reads !== 'later';
    this.peer = peerOf(socket);
    this.local = localOf(socket);
    if (socket.destroyed) {
      // It broke before we came: told in the next turn, when the callbacks are set.
      setImmediate(() => this.#broken());
      return;
    }
    if (reads === 'now') this.#read();
    socket.on('drain', () => this.#drained());
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => this.#broken());
  }

  get onData(): (bytes: Uint8Array) => void {
    return this.#onData;
  }

  set onData(onData: (bytes: Uint8Array) => void) {
    this.#onData = onData;
    if (this.#reading) return;
    this.#reading = true;
    this.#read();
  }

  get pending(): number {
    return this.#socket.writableLength;
  }

  send(chunks: readonly Uint8Array[]): boolean {
    const socket = this.#socket;
    if (this.#closed || !socket.writable) return true;
    this.#writer.write(socket, chunks);
    if (socket.writableLength <= this.#linkBytes) return true;
    // Below its own mark the socket would not say when it has drained: an empty write behind the others does.
    if (!socket.writableNeedDrain) socket.write(NOTHING, () => this.#drained());
    return false;
  }

  close(_reason?: SrsxError): void {
    if (this.#closed) return;
    this.#closed = true;
    closeGently(this.#socket);
    this.#tellClosed(undefined);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (!this.#closed) this.#socket.resume();
  }

  noDelay(on: boolean): void {
    this.#socket.setNoDelay(on);
  }

  #read(): void {
    this.#socket.on('data', (bytes) => this.#onData(bytes));
  }

  #drained(): void {
    if (!this.#closed) this.onDrain();
  }

  #broken(): void {
    if (this.#closed) return;
    this.#closed = true;
    const error = this.#error;
    this.#tellClosed(error === undefined || isDeparture(error) ? undefined : netError(error, formatAddress(this.peer)));
  }

  #tellClosed(reason: Error | undefined): void {
    const { onClose } = this;
    this.#onData = idle.onData;
    this.onDrain = idle.onDrain;
    this.onClose = idle.onClose;
    onClose(reason);
  }
}

/**
 * Flushes what waits and says goodbye, then destroys the socket when the peer has left. What the peer still sends is
 * read and thrown away: a socket with unread bytes is reset by the kernel, and the peer would lose the answer that was
 * just sent. Both the flush and the wait for the peer are bounded.
 */
export function closeGently(socket: Socket): void {
  if (socket.destroyed) return;
  const cut = (): void => void socket.destroy();
  let timer = setTimeout(cut, FLUSH_MS);
  socket.once('finish', () => {
    clearTimeout(timer);
    timer = setTimeout(cut, LINGER_MS);
  });
  socket.once('close', () => clearTimeout(timer));
  socket.once('end', () => socket.destroySoon());
  socket.resume();
  socket.end();
}

/** An error without a listener would end the process. */
export const ignoreError = (): undefined => undefined;

export const peerOf = ({ remoteAddress, remotePort }: Socket): Address =>
  remoteAddress === undefined ? nobody : { host: plainHost(remoteAddress), port: remotePort ?? 0 };

export const localOf = ({ localAddress, localPort }: Socket): Address =>
  localAddress === undefined ? nobody : { host: plainHost(localAddress), port: localPort ?? 0 };

/** An IPv4 peer of a dual-stack listener is shown as what it is. */
export const plainHost = (host: string): string => (host.startsWith('::ffff:') ? host.slice(7) : host);
