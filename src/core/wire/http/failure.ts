// An error as an HTTP answer: status and a JSON body in SRS's shape, never a stack.
import { LimitError, ProtocolError, RefusedError, type SrsxError } from '../../base/errors.ts';
import type { HttpHeaders } from './exchange.ts';

export interface FailureAnswer {
  readonly status: number;
  readonly headers: HttpHeaders;
  readonly body: string;
}

/** SRS's number for what has none of its own: an unsuccessful system call. */
const NO_NUMBER = 100;

/** @param status when the kind of the error does not say it well enough. */
export function failureAnswer(error: SrsxError, status = statusOf(error)): FailureAnswer {
  // What went wrong inside is for the log; the peer learns that it was not its fault.
  const inside = status === 500;
  const body = inside
    ? { code: NO_NUMBER, error: 'INTERNAL', message: 'internal error' }
    : { code: error.srs ?? NO_NUMBER, error: error.code, message: error.message, advice: error.advice };
  // A message may tell what was asked for, which is no markup whatever a browser makes of it.
  const headers = { 'Content-Type': 'application/json', 'X-Content-Type-Options': 'nosniff' };
  return { status, headers, body: JSON.stringify(body) };
}

function statusOf(error: SrsxError): number {
  if (error instanceof RefusedError) return 403;
  if (error instanceof ProtocolError) return 400;
  if (error instanceof LimitError) return 503;
  return 500;
}
