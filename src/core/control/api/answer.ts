// What a handler of the API gives back, and the forms that SRS's clients expect.
import type { HttpHeaders, HttpRequest } from '../../wire/http/exchange.ts';
import { type Json, writeJson } from './json.ts';

/** Members of a successful answer; the envelope is put around them. */
export type Body = Readonly<Record<string, Json>>;

/** An answer that is not a success with an envelope. */
export class Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: HttpHeaders;

  constructor(status: number, body: string, headers: HttpHeaders = {}) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

/** One request as its handler sees it. */
export interface Call {
  readonly request: HttpRequest;
  /** GET, PUT, POST or DELETE; of JSONP it may be named in the query. */
  readonly method: string;
  /** What stands in the path for `{id}`, decoded; empty when there is none. */
  readonly id: string;
  /** The JSON of the request's body; undefined without one. */
  readonly body: unknown;
  /** Came with a credential. */
  readonly trusted: boolean;
}

/** Answers one endpoint. May throw or reject with a SrsxError, whose number and words are then the answer. */
export type Handler = (call: Call) => Body | Answer | Promise<Body | Answer>;

/** Codes that clients know, with SRS's numbers. */
export const code = {
  /** SRS: ERROR_SYSTEM_CONFIG_RAW and the three behind it. */
  raw: 1060,
  rawDisabled: 1061,
  rawNotAllowed: 1062,
  rawParams: 1063,
  noVhost: 2014,
  noStream: 2048,
  noClient: 2049,
  /** Of the endpoint that always fails. */
  test: 100,
} as const;

/** SRS answers errors with status 200 and nothing but the number. */
export const failure = (number: number): Answer => new Answer(200, writeJson({ code: number }));

/** A success without the ids of the server. */
export const bare = (body: Body): Answer => new Answer(200, writeJson({ code: 0, ...body }));

/** An answer in words. */
export const plain = (status: number, words: string, headers: HttpHeaders = {}): Answer =>
  new Answer(status, words, { 'Content-Type': 'text/plain; charset=utf-8', ...headers });

/** The method is not one of the endpoint's. */
export const notAllowed = plain(405, 'Method Not Allowed');

/** The client is to ask there. */
export const redirect = (status: 301 | 302, target: string): Answer =>
  plain(status, `Redirect to ${target}`, { Location: target });
