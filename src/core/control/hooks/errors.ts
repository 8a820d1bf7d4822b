// Codes of the hooks; details never hold an answer, which may be hostile.
import { defineErrors } from '../../base/errors.ts';

/** Codes of questions to callback servers, and of what they are told. */
export const hookErrors = defineErrors('HOOKS', {
  REFUSED: {
    srs: 3064,
    text: '{hook} refused: {why}',
    advice: 'The callback server answered so; look at its log.',
  },
  URL: {
    srs: 3007,
    text: '{hook} has {url}, which is no http:// or https:// URL',
    advice: 'Correct the directive in http_hooks of the vhost.',
  },
  STATUS: {
    srs: 4005,
    text: '{hook} got HTTP status {status}',
    advice: 'A callback server answers with 200 and 0 or {"code":0}; redirects are not followed.',
  },
  ANSWER: {
    srs: 3065,
    text: '{hook} got an answer that is neither 0 nor {"code":0}: {why}',
    advice: 'Correct the callback server.',
  },
  FAILED: {
    srs: 1012,
    text: '{hook} failed: {why}',
    advice: 'Start the callback server, or correct its URL in http_hooks of the vhost.',
  },
  LATE: {
    srs: 1011,
    text: '{hook} got no answer in time',
    advice: 'The callback server hangs or is overloaded.',
  },
  BUSY: {
    srs: 1012,
    text: '{hook} has {waiting} requests waiting',
    advice: 'The callback server is too slow for so many clients.',
  },
});
