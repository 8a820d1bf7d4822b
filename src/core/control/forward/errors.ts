// What can be wrong with a forward; SRS's numbers.
import { defineErrors } from '../../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const forwardErrors = defineErrors('FORWARD', {
  TARGET: {
    srs: 1031,
    text: '{target} is no target for a forward',
    advice: 'Write destination host:port; the backend answers with rtmp:// URLs.',
  },
  LOOP: {
    srs: 1030,
    text: '{target} is this stream itself',
    advice: 'Take it out of the destinations: a stream cannot be forwarded to itself.',
  },
});
