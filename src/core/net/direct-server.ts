// In front of Node's HTTP server: connections are answered past it until one is not plain (docs/adr/0006).
import type { Socket } from 'node:net';
import { DirectConnection } from './direct-connection.ts';
import { type DirectExchange, IDLE_MS } from './direct-exchange.ts';
import type { NetContext } from './options.ts';
import { ignoreError } from './socket-link.ts';

/** What a listener gives, and how long it waits. */
export interface DirectServerOptions {
  readonly context: NetContext;
  readonly handle: (exchange: DirectExchange) => void;
  /** Takes a socket that nobody listens to, with what was read of it in front. */
  readonly handOver: (socket: Socket) => void;
  /** Silent connections are looked for this often, four times within `silentMs` at least. */
  readonly checkMs: number;
  /** A connection must ask for something within this time. */
  readonly silentMs: number;
}

/** The connections of one listener, as long as they are ours. */
export class DirectServer {
  readonly #options: DirectServerOptions;
  /** Bounded by the listener's `maxConnections`. */
  readonly #connections = new Map<Socket, DirectConnection>();
  /** The same functions for all sockets: a thousand players are five functions, not five thousand. */
  readonly #events: readonly (readonly [string, (this: Socket, bytes: Buffer) => void])[];
  #checks: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(options: DirectServerOptions) {
    this.#options = options;
    const of = (socket: Socket): DirectConnection | undefined => this.#connections.get(socket);
    const close = (socket: Socket): void => {
      const connection = of(socket);
      this.#forget(socket);
      connection?.gone();
    };
    this.#events = [
      ['data', onSocket((socket, bytes) => of(socket)?.receive(bytes))],
      ['drain', onSocket((socket) => of(socket)?.drained())],
      // As Node's: who ends his side gets what was answered, and has left.
      ['end', onSocket((socket) => socket.end())],
      ['close', onSocket(close)],
    ];
  }

  get context(): NetContext {
    return this.#options.context;
  }

  get closing(): boolean {
    return this.#closing;
  }

  accept(socket: Socket): void {
    this.#connections.set(socket, new DirectConnection(this, socket));
    this.#checks ??= setInterval(() => this.#check(), this.#options.checkMs).unref();
    socket.on('error', ignoreError);
    for (const [name, on] of this.#events) socket.on(name, on);
  }

  /** The listener closes: idle connections end now, the others with their answers. */
  close(): void {
    this.#closing = true;
    for (const connection of this.#connections.values()) if (connection.idle) connection.socket.destroy();
  }

  handle(exchange: DirectExchange): void {
    this.#options.handle(exchange);
  }

  release({ socket }: DirectConnection): void {
    for (const [name, on] of this.#events) socket.off(name, on);
    this.#forget(socket);
  }

  handOver(socket: Socket, bytes: Buffer): void {
    socket.off('error', ignoreError);
    // What is put back is given to the next who listens; nothing more is read before that.
    socket.pause();
    socket.unshift(bytes);
    this.#options.handOver(socket);
    socket.resume();
  }

  #forget(socket: Socket): void {
    this.#connections.delete(socket);
    if (this.#connections.size > 0) return;
    clearInterval(this.#checks);
    this.#checks = undefined;
  }

  #check(): void {
    const { checkMs, silentMs } = this.#options;
    for (const connection of this.#connections.values()) {
      const limitMs = connection.served ? IDLE_MS : silentMs;
      // The first look may come at once.
      if (connection.idle && connection.looks++ > limitMs / checkMs) connection.socket.destroy();
    }
  }
}

/** Listeners are told their socket as `this`. */
const onSocket = (on: (socket: Socket, bytes: Buffer) => void) =>
  function told(this: Socket, bytes: Buffer): void {
    on(this, bytes);
  };
