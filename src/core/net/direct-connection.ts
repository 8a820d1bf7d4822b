// A connection whose requests are answered without node:http as long as all of them are plain (docs/adr/0006).
//
//   waiting -- whole plain heads --> under way -- answered --> waiting
//      |                                 '-- stream --> raw: nothing more is served
//      '-- anything else --> Node's, with the bytes of it; never comes back
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Address } from '../base/link.ts';
import { type PlainFields, readPlainRequest } from '../wire/http/plain-request.ts';
import { type Carrier, DirectExchange } from './direct-exchange.ts';
import { isRaw, rawLink, writerOf } from './http-exchange.ts';
import type { NetContext } from './options.ts';
import { closeGently, localOf, peerOf, type SocketLink } from './socket-link.ts';
import type { SocketWriter } from './socket-writer.ts';

/** The listener of a connection. */
export interface DirectOwner {
  readonly context: NetContext;
  /** It accepts nothing more, and its connections end with their answers. */
  readonly closing: boolean;
  handle(exchange: DirectExchange): void;
  /** Forgets the connection; nobody listens to its socket then. */
  release(connection: DirectConnection): void;
  /** Gives the socket to Node, whose parser reads `bytes` first. */
  handOver(socket: Socket, bytes: Buffer): void;
}

/** The connection of one client. */
export class DirectConnection implements Carrier {
  readonly socket: Socket;
  readonly peer: Address;
  readonly local: Address;
  readonly secure: boolean;
  readonly writer: SocketWriter;
  readonly #owner: DirectOwner;
  /** Of the newest request. */
  #fields: PlainFields | undefined;
  #exchange: DirectExchange | undefined;
  /** What came while an answer was under way: at most one read, since the socket pauses then. */
  #rest: Buffer | undefined;
  #serving = false;
  /** Somebody else has the socket. */
  #released = false;
  /** How often the listener has looked at it since something was done. */
  looks = 0;
  /** It has had an answer. */
  served = false;
  onDrain: (() => void) | undefined;

  constructor(owner: DirectOwner, socket: Socket) {
    this.#owner = owner;
    this.socket = socket;
    this.peer = peerOf(socket);
    this.local = localOf(socket);
    this.secure = socket instanceof TLSSocket;
    this.writer = writerOf(socket, owner.context);
  }

  /** Nothing is under way, and everything that was answered has left. */
  get idle(): boolean {
    return this.#exchange === undefined && this.#rest === undefined && this.socket.writableLength === 0;
  }

  get last(): boolean {
    return this.#owner.closing;
  }

  receive(bytes: Buffer): void {
    this.looks = 0;
    if (this.#exchange === undefined && this.#rest === undefined && !this.socket.writableNeedDrain) {
      this.#serve(bytes);
      return;
    }
    // A client that does not wait for its answers (RFC 9112 §9.3.2) waits itself.
    this.#rest = this.#rest === undefined ? bytes : Buffer.concat([this.#rest, bytes]);
    this.socket.pause();
  }

  /** What was written has left. */
  drained(): void {
    this.onDrain?.();
    if (this.#exchange === undefined) this.#next();
  }

  done(): void {
    this.#exchange = undefined;
    this.onDrain = undefined;
    this.served = true;
    this.looks = 0;
    if (this.last) {
      this.#release();
      closeGently(this.socket);
    } else if (!this.#serving) this.#next();
  }

  /** The socket has closed. */
  gone(): void {
    this.#rest = undefined;
    this.#exchange?.gone();
  }

  becomeRaw(): SocketLink {
    const { socket } = this;
    this.#release();
    const link = rawLink(socket, this.#owner.context);
    // Nobody who wants a stream sends more: there would be no telling whose answer it gets.
    const cut = (): void => void socket.destroy();
    socket.on('data', cut);
    if (this.#rest !== undefined) cut();
    this.#rest = undefined;
    return link;
  }

  #release(): void {
    this.#released = true;
    this.#owner.release(this);
  }

  #next(): void {
    const bytes = this.#rest;
    if (bytes === undefined || this.socket.writableNeedDrain || this.socket.destroyed) return;
    this.#rest = undefined;
    this.socket.resume();
    this.#serve(bytes);
  }

  /** Serves the requests in `bytes` one by one, for as long as they are answered at once. */
  #serve(bytes: Buffer): void {
    const { socket } = this;
    this.#serving = true;
    let at = 0;
    while (at < bytes.length && !socket.destroyed) {
      if (this.#released) {
        // Requests behind a stream, see `becomeRaw`; behind a last answer they are read and thrown away.
        if (isRaw(socket)) socket.destroy();
        break;
      }
      if (this.#exchange !== undefined || socket.writableNeedDrain) {
        this.#rest = bytes.subarray(at);
        socket.pause();
        break;
      }
      const plain = readPlainRequest(bytes, at, this.#fields);
      if (plain === undefined) {
        this.#release();
        this.#owner.handOver(socket, bytes.subarray(at));
        break;
      }
      this.#fields = plain.fields;
      at += plain.size;
      this.#exchange = new DirectExchange(this, plain);
      this.#owner.handle(this.#exchange);
    }
    this.#serving = false;
  }
}
