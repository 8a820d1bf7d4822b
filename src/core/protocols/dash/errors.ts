// Codes of DASH, and the HTTP status of every refusal.
import { defineErrors, type SrsxError } from '../../base/errors.ts';
import { type FailureAnswer, failureAnswer } from '../../wire/http/failure.ts';

/** Codes `DASH_*`. */
export const dashErrors = defineErrors('DASH', {
  NO_STREAM: { text: '{stream} is not there any more', advice: 'Start the publisher, or correct the name.' },
  WAIT: { text: 'no segment came within {seconds} s', advice: 'The publisher hangs or has left; try again.' },
  BUSY: { text: 'the limit of {limit} waiting requests is reached', advice: 'Raise limits.sessions.' },
  STOPPED: { text: 'the server stops', advice: 'Try again in a moment.' },
});

const statuses: Readonly<Record<string, number>> = {
  DASH_NO_STREAM: 404,
  DASH_WAIT: 503,
  DASH_STOPPED: 503,
  ADMISSION_NAME: 400,
};

/** The HTTP answer of a refusal. */
export const answerTo = (error: SrsxError): FailureAnswer => failureAnswer(error, statuses[error.code]);
