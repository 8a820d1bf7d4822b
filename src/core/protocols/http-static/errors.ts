// Codes of files over HTTP, and the HTTP status of every refusal.
import { defineErrors, type SrsxError, SystemError } from '../../base/errors.ts';
import { type FailureAnswer, failureAnswer } from '../../wire/http/failure.ts';

/** What a request can be refused for. */
export const httpStaticErrors = defineErrors('HTTP_STATIC', {
  PATH: { text: 'the path is none of a file: {why}', advice: 'Percent-encode names, without .. and slashes in them.' },
  RANGE: { text: 'no part of {size} bytes is in the range {range}', advice: 'Ask for bytes that the file has.' },
  START: {
    srs: 3014,
    text: 'the start {start} is beyond the end of the file',
    advice: 'FLV begins at an offset in bytes, MP4 at a time in seconds.',
  },
  BUSY: { text: '{limit} files are open already', advice: 'Try again in a moment.' },
  STALLED: { text: 'the peer took nothing for {seconds} s', advice: 'Its network is too slow.' },
  SHRUNK: { text: '{path} became shorter while it was sent', advice: 'Write files beside, and rename them.' },
});

const statuses: Readonly<Record<string, number>> = {
  HTTP_STATIC_RANGE: 416,
  HTTP_STATIC_START: 416,
  HTTP_STATIC_BUSY: 503,
  NET_FILES_OPEN: 503,
  NET_FILE_ACCESS: 403,
};

/** The status is that of the code, else that of the kind of error. */
export function answerTo(error: SrsxError): FailureAnswer {
  const answer = failureAnswer(error, statuses[error.code]);
  if (!(error instanceof SystemError)) return answer;
  // What the machine says names places on its disk, which are no peer's business.
  const body = { code: error.srs ?? 0, error: error.code, message: 'the file cannot be read' };
  return { ...answer, body: JSON.stringify(body) };
}
