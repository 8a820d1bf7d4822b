// Types as SRS has them, and refusals.
import type { SrsxError } from '../../base/errors.ts';
import { corsHeaders } from '../../wire/http/cors.ts';
import type { HttpExchange } from '../../wire/http/exchange.ts';
import { answerTo } from './errors.ts';

/** SRS's types. */
export const MediaType = {
  playlist: 'application/vnd.apple.mpegurl',
  ts: 'video/MP2T',
  fmp4: 'video/mp4',
  key: 'application/octet-stream',
} as const;

/** Answers with an error, which no cache keeps. */
export function refuse(exchange: HttpExchange, error: SrsxError): void {
  const { status, headers, body } = answerTo(error);
  // A cache must not remember that something is not there yet.
  exchange.reply(status, { ...headers, 'Cache-Control': 'no-store', ...corsHeaders(exchange.request) }, body);
}
