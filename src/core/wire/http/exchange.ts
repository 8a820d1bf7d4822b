// HTTP as the protocols see it: a request and its answer, without node:http.
import type { Address, Link, Peer } from '../../base/link.ts';
import type { Query } from './query.ts';

export interface HttpRequest {
  readonly method: string;
  /** Percent-encoding as received, without the query. */
  readonly path: string;
  readonly query: Query;
  /** The query as received, with its `?`; empty when there is none. */
  readonly search: string;
  /** Value of a header by its lower-case name; repeated ones joined by `, `. */
  header(name: string): string | undefined;
  /** The TCP peer. Forwarding headers are looked at by the control layer, not here. */
  readonly peer: Peer;
  readonly local: Address;
  /** Came over TLS. */
  readonly secure: boolean;
  /** Asks for a WebSocket (RFC 6455 §4.1). */
  readonly webSocket: boolean;
}

/** Several values are lines of their own. */
export type HttpHeaders = Readonly<Record<string, string | number | string[]>>;

/** One request with its answer. Exactly one of `reply`, `send`, `stream` and `upgrade` is called, once. */
export interface HttpExchange {
  readonly request: HttpRequest;
  /** A complete answer; HEAD gets the head only. */
  reply(status: number, headers: HttpHeaders, body?: string | Uint8Array): void;
  /**
   * Behind `reply`: nobody reads the body any more, so that its bytes may be written over. Without it they belong to the
   * answer for ever.
   */
  readonly flushed?: boolean;
  /**
   * Begins an answer whose length the headers say (`Content-Length`), for a body that is not in memory. Exactly so many
   * bytes are sent to the link, then it is closed; closed with a reason, the peer sees a broken answer.
   */
  send(status: number, headers: HttpHeaders): Link;
  /**
   * Begins an answer without an end. What is sent to the link goes to the wire as it is: when `chunked` (HTTP/1.1),
   * the sender adds the chunk framing, once for all players (`chunkEnvelope`). The link's `onData` gives nothing.
   */
  stream(status: number, headers: HttpHeaders): { readonly link: Link; readonly chunked: boolean };
  /**
   * Accepts a WebSocket. What is sent to the link goes to the wire as it is: the sender adds the frame header, once for
   * all players (`messageEnvelope`). `onData` gives the payload of each data message; ping and close are answered.
   */
  upgrade(headers?: HttpHeaders): Link;
  /**
   * The request's body as it comes; `onClose(undefined)` is its regular end. May be called before `reply`, and the
   * answer may be given before the body has ended.
   */
  body(): Link;
  /**
   * Called once when the peer leaves before an answer was begun, so that who waits need not wait for nobody. To be set
   * by the handler.
   */
  onGone?: () => void;
}

/** Errors thrown or rejected become a 500 answer, or the status of a refusal. */
export type HttpHandler = (exchange: HttpExchange) => void | Promise<void>;

export interface HttpResponse {
  readonly status: number;
  /** Where redirects led; without one the request's own. What the body names is relative to it (RFC 3986 §5.1.3). */
  readonly url?: URL;
  header(name: string): string | undefined;
  /** The body as it comes, unframed; `onClose(undefined)` is its regular end, `close` ends the request. */
  readonly body: Link;
}
