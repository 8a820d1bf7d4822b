// Types as SRS has them, and refusals.
import type { SrsxError } from '../../base/errors.ts';
import type { HttpExchange } from '../../wire/http/exchange.ts';
import { refuseMedia } from '../../wire/http/media-answer.ts';
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
  refuseMedia(exchange, answerTo(error));
}
