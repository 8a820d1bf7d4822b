// Cross-origin headers as SRS sends them, so that pages made for SRS work unchanged.
import type { HttpHeaders, HttpRequest } from './exchange.ts';

const anyOrigin: HttpHeaders = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Headers': '*',
  'Access-Control-Allow-Methods': '*',
  'Access-Control-Expose-Headers': '*',
  'Access-Control-Allow-Credentials': 'false',
  'Access-Control-Request-Private-Network': 'true',
};

/** For requests without an Origin. */
export const noCors: HttpHeaders = {};

/** Headers for an answer to `request`; only a request with an Origin gets them (SRS: crossdomain on). */
export const corsHeaders = (request: Pick<HttpRequest, 'header'>): HttpHeaders =>
  request.header('origin') === undefined ? noCors : anyOrigin;
