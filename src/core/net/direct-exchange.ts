// One plain request with its answer, over the socket itself: what ServerExchange is over Node's request and response.
import { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { assert } from '../base/errors.ts';
import { type Address, formatAddress, type Link } from '../base/link.ts';
import type { HttpHeaders, HttpRequest } from '../wire/http/exchange.ts';
import type { PlainFields, PlainRequest } from '../wire/http/plain-request.ts';
import { type Query, TextQuery } from '../wire/http/query.ts';
import { BODY_BYTES, goodbye, type OwnExchange, splitTarget } from './http-exchange.ts';
import { sharedHead, writeHead } from './http-head.ts';
import { SocketLink } from './socket-link.ts';
import type { SocketWriter } from './socket-writer.ts';
import { ReadableLink, WritableLink } from './stream-link.ts';

/** An idle connection is kept so long for the next request; chosen: longer than the poll of a dashboard, short for a crowd. */
export const IDLE_MS = 10_000;

/** As Node says it. */
const stays: HttpHeaders = Object.freeze({ Connection: 'keep-alive', 'Keep-Alive': `timeout=${IDLE_MS / 1000}` });

/** The connection as its exchange sees it. */
export interface Carrier {
  readonly socket: Socket;
  readonly peer: Address;
  readonly local: Address;
  /** Over TLS. */
  readonly secure: boolean;
  readonly writer: SocketWriter;
  /** No request is served behind the answer that is given now. */
  readonly last: boolean;
  /** To be told that the socket takes more. */
  onDrain: (() => void) | undefined;
  /** The request under way has its answer. */
  done(): void;
  /** The socket for an answer without an end. */
  becomeRaw(): Link;
}

/** A plain request that waits for its answer, or has it. */
export class DirectExchange implements OwnExchange {
  readonly request: HttpRequest;
  readonly #connection: Carrier;
  #answered = false;
  onGone: () => void = nobodyWaits;

  constructor(connection: Carrier, plain: PlainRequest) {
    this.#connection = connection;
    this.request = new DirectRequest(connection, plain);
  }

  get answered(): boolean {
    return this.#answered;
  }

  /** What the kernel took is copied; what waits is not. */
  get flushed(): boolean {
    return this.#connection.socket.writableLength === 0;
  }

  reply(status: number, headers: HttpHeaders, body?: string | Uint8Array): void {
    this.#begin();
    const connection = this.#connection;
    const { socket } = connection;
    const head = this.request.method === 'HEAD';
    const closes = connection.last;
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    const size = bytes?.length ?? 0;
    const length = (head && body === undefined) || status === 204 || status === 304 ? undefined : size;
    const lines = sharedHead(status, headers, length, closes ? goodbye : stays);
    if (socket.writable) {
      const alone = head || bytes === undefined || size === 0;
      connection.writer.write(socket, alone ? [lines] : [lines, bytes]);
    }
    connection.done();
  }

  send(status: number, headers: HttpHeaders): Link {
    this.#begin();
    const connection = this.#connection;
    const { socket } = connection;
    // Who has left is told so.
    if (!socket.writable) return new SocketLink(socket, { linkBytes: BODY_BYTES, reads: 'never' });
    const response = makeResponse(socket, this.request.method);
    response.writeHead(status, { ...headers, ...(connection.last ? goodbye : stays) });
    response.on('finish', () => {
      response.detachSocket(socket);
      connection.done();
    });
    connection.onDrain = () => response.emit('drain');
    const { peer, local } = connection;
    const finish = (reason: unknown): void => void (reason === undefined ? response.end() : response.destroy());
    return new WritableLink(response, { peer, local, at: formatAddress(peer), linkBytes: BODY_BYTES, finish });
  }

  stream(status: number, headers: HttpHeaders): { readonly link: Link; readonly chunked: boolean } {
    this.#begin();
    const link = this.#connection.becomeRaw();
    link.send([writeHead(status, headers, { 'Transfer-Encoding': 'chunked' }, goodbye)]);
    return { link, chunked: true };
  }

  upgrade(): Link {
    assert(false, 'a plain request asks for no upgrade');
  }

  /** It has none. */
  body(): Link {
    const { peer, local } = this.#connection;
    return new ReadableLink(Readable.from([]), { peer, local, at: formatAddress(peer), stop: () => undefined });
  }

  destroy(): void {
    this.#connection.socket.destroy();
  }

  /** The peer has left. */
  gone(): void {
    if (!this.#answered) this.onGone();
  }

  #begin(): void {
    assert(!this.#answered, 'a request is answered once');
    this.#answered = true;
  }
}

class DirectRequest implements HttpRequest {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly webSocket = false;
  readonly header: PlainFields['get'];
  readonly #connection: Carrier;
  #query: Query | undefined;

  constructor(connection: Carrier, { method, target, fields }: PlainRequest) {
    const { path, search } = splitTarget(target);
    this.method = method;
    this.path = path;
    this.search = search;
    this.header = fields.get;
    this.#connection = connection;
  }

  get query(): Query {
    return (this.#query ??= new TextQuery(this.search));
  }

  get peer(): HttpRequest['peer'] {
    return this.#connection.peer;
  }

  get local(): HttpRequest['local'] {
    return this.#connection.local;
  }

  get secure(): boolean {
    return this.#connection.secure;
  }
}

const nobodyWaits = (): undefined => undefined;

/** Node's response writes bodies of a length, which come piece by piece. */
function makeResponse(socket: Socket, method: string): ServerResponse {
  const incoming = new IncomingMessage(socket);
  Object.assign(incoming, { method, httpVersionMajor: 1, httpVersionMinor: 1 });
  const response = new ServerResponse(incoming);
  response.assignSocket(socket);
  return response;
}
