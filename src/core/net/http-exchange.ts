// One HTTP request with its answer, over Node's request and response.
//
// Short answers use Node's response and keep the connection. Answers without an end (players) do not: their head and
// body go straight to the socket, because a response object costs memory and time for every write of every player.
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { assert } from '../base/errors.ts';
import { formatAddress, type Link } from '../base/link.ts';
import type { HttpExchange, HttpHeaders, HttpRequest } from '../wire/http/exchange.ts';
import { type Query, TextQuery } from '../wire/http/query.ts';
import { acceptValue, asksForWebSocket } from '../wire/websocket/index.ts';
import { writeHead } from './http-head.ts';
import type { NetContext } from './options.ts';
import { localOf, peerOf, SocketLink } from './socket-link.ts';
import { plainWriter, type SocketWriter } from './socket-writer.ts';
import { ReadableLink, WritableLink } from './stream-link.ts';
import { WebSocketLink } from './websocket-link.ts';

/** What of a body may wait in a socket. Chosen: keeps a gigabit busy over a LAN; a thousand downloads hold 64 MiB. */
export const BODY_BYTES = 64 * 1024;

/** RFC 9112 §9.6: the last answer of its connection. */
export const goodbye: HttpHeaders = Object.freeze({ Connection: 'close' });

/** An exchange as the listener sees it. */
export interface OwnExchange extends HttpExchange {
  readonly answered: boolean;
  /** Ends a connection whose handler failed after it had begun to answer. */
  destroy(): void;
}

export class ServerExchange implements OwnExchange {
  readonly request: HttpRequest;
  readonly #context: NetContext;
  readonly #socket: Socket;
  readonly #incoming: IncomingMessage;
  /** Undefined for a request to upgrade, whose socket Node has handed over. */
  readonly #response: ServerResponse | undefined;
  #answered = false;
  /** The peer waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1). */
  #expects: boolean;
  onGone: () => void = () => undefined;

  constructor(context: NetContext, incoming: IncomingMessage, response?: ServerResponse, expects = false) {
    this.#context = context;
    this.#incoming = incoming;
    this.#response = response;
    this.#expects = expects;
    this.#socket = incoming.socket;
    this.request = readRequest(incoming, response === undefined);
    (response ?? this.#socket).once('close', () => {
      if (!this.#answered) this.onGone();
    });
  }

  get answered(): boolean {
    return this.#answered;
  }

  reply(status: number, headers: HttpHeaders, body?: string | Uint8Array): void {
    this.#begin();
    const head = this.#incoming.method === 'HEAD';
    // A HEAD answer without a body says nothing about the length that GET would give.
    const length = (head && body === undefined) || status === 204 || status === 304 ? {} : lengthOf(body);
    if (this.#response !== undefined && this.#bodyIsOver()) {
      this.#response.writeHead(status, { ...headers, ...length });
      // A text stays one: Node joins it with the head, and writes both as one piece.
      this.#response.end(body);
      return;
    }
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    // Somebody may still be sending a body without end: he is answered and then cut off.
    const link = this.#raw();
    link.send([writeHead(status, headers, length, goodbye)]);
    if (bytes !== undefined && !head) link.send([bytes]);
    link.close();
    this.#incoming.resume();
  }

  send(status: number, headers: HttpHeaders): Link {
    this.#begin();
    const response = this.#response;
    // Who has left is told so: a response that is closed says nothing.
    if (this.#socket.destroyed) return new SocketLink(this.#socket, { linkBytes: BODY_BYTES, reads: 'never' });
    if (response === undefined || !this.#bodyIsOver()) {
      const raw = this.#raw();
      raw.send([writeHead(status, headers, goodbye)]);
      return raw;
    }
    response.writeHead(status, headers);
    const { peer, local } = this.request;
    const linkBytes = BODY_BYTES;
    const finish = (reason: unknown): void => void (reason === undefined ? response.end() : response.destroy());
    return new WritableLink(response, { peer, local, at: formatAddress(peer), linkBytes, finish });
  }

  stream(status: number, headers: HttpHeaders): { readonly link: Link; readonly chunked: boolean } {
    this.#begin();
    const { httpVersionMajor: major, httpVersionMinor: minor } = this.#incoming;
    // HTTP/1.0 has no chunks: its body ends with the connection.
    const chunked = major === 1 && minor >= 1;
    const link = this.#raw();
    link.send([writeHead(status, headers, chunked ? { 'Transfer-Encoding': 'chunked' } : {}, goodbye)]);
    return { link, chunked };
  }

  upgrade(headers: HttpHeaders = {}): Link {
    assert(this.request.webSocket, 'only a WebSocket request is upgraded');
    this.#begin();
    const accept = acceptValue(this.request.header('sec-websocket-key')?.trim() ?? '');
    const { limits } = this.#context;
    const writer = writerOf(this.#socket, this.#context);
    const link = new SocketLink(this.#socket, { linkBytes: limits.linkBytes, reads: 'now', writer });
    const upgrade = { Upgrade: 'websocket', Connection: 'Upgrade', 'Sec-WebSocket-Accept': accept };
    link.send([writeHead(101, upgrade, headers)]);
    return new WebSocketLink(link, { limitBytes: limits.messageBytes });
  }

  body(): Link {
    if (this.#expects) {
      this.#expects = false;
      this.#response?.writeContinue();
    }
    const { peer, local } = this.request;
    const incoming = this.#incoming;
    return new ReadableLink(incoming, { peer, local, at: formatAddress(peer), stop: () => incoming.pause() });
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #begin(): void {
    assert(!this.#answered, 'a request is answered once');
    this.#answered = true;
  }

  /** The socket as a link that only sends; requests that come after it are not served (see `isRaw`). */
  #raw(): SocketLink {
    const socket = this.#socket;
    const response = this.#response;
    // A pipelined request whose turn has not come: nobody who wants a stream does this, and bytes would be mixed.
    if (response !== undefined && response.socket !== socket) socket.destroy();
    response?.detachSocket(socket);
    return rawLink(socket, this.#context);
  }

  #bodyIsOver(): boolean {
    const { complete, headers } = this.#incoming;
    return complete || (headers['transfer-encoding'] === undefined && (headers['content-length'] ?? '0') === '0');
  }
}

const rawSockets = new WeakSet<Socket>();

/** The socket as a link that only sends, from which no further request is served. */
export function rawLink(socket: Socket, context: NetContext): SocketLink {
  rawSockets.add(socket);
  socket.allowHalfOpen = false;
  const { linkBytes } = context.limits;
  return new SocketLink(socket, { linkBytes, reads: 'never', writer: writerOf(socket, context) });
}

/** TLS is node's. */
export const writerOf = (socket: Socket, { writer }: NetContext): SocketWriter =>
  socket instanceof TLSSocket ? plainWriter : writer;

/** Whether the socket carries an answer without end, after which no further request can be served. */
export const isRaw = (socket: Socket): boolean => rawSockets.has(socket);

const lengthOf = (body: string | Uint8Array | undefined): HttpHeaders => ({
  'Content-Length': typeof body === 'string' ? Buffer.byteLength(body) : (body?.length ?? 0),
});

function readRequest(incoming: IncomingMessage, upgrades: boolean): HttpRequest {
  const { headers, socket, method = 'GET', url = '/' } = incoming;
  const { path, search } = splitTarget(originForm(url));
  const header = (name: string): string | undefined => {
    const value = headers[name];
    return Array.isArray(value) ? value.join(', ') : value;
  };
  let query: Query | undefined;
  return {
    method,
    path,
    get query() {
      return (query ??= new TextQuery(search));
    },
    search,
    header,
    peer: peerOf(socket),
    local: localOf(socket),
    secure: socket instanceof TLSSocket,
    webSocket: upgrades && asksForWebSocket(method, header),
  };
}

/** The path and, with its `?`, the query of a target in origin form. */
export function splitTarget(target: string): { readonly path: string; readonly search: string } {
  const mark = target.indexOf('?');
  return mark < 0 ? { path: target, search: '' } : { path: target.slice(0, mark), search: target.slice(mark) };
}

/** A request to a proxy has the whole URL as its target (RFC 9112 §3.2.2). */
const originForm = (url: string): string => {
  const absolute = /^https?:\/\/[^/?]*/i.exec(url);
  return absolute === null ? url : url.slice(absolute[0].length) || '/';
};
