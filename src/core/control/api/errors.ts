// Codes of requests that the API cannot read.
import { defineErrors } from '../../base/errors.ts';

/** Why a request is refused before its endpoint is asked. */
export const apiErrors = defineErrors('API', {
  BODY: { text: 'the body of the request is not {"value": ...}', advice: 'Send JSON: {"value": "on"}.' },
  JSON: { text: 'the body of the request is not JSON: {why}', advice: 'Send JSON with Content-Type application/json.' },
  BODY_SIZE: { text: 'the body of the request is longer than {limit} bytes', advice: 'Send less.' },
  BODY_TIME: { text: 'the body of the request did not come within {seconds} s', advice: 'Send it at once.' },
  LISTENERS: {
    text: 'all {limit} places for listeners to events are taken',
    advice: 'Close some of them, or share one.',
  },
});
