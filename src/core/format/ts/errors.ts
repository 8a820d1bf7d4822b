// Codes of the transport stream.
import { defineErrors } from '../../base/errors.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const tsErrors = defineErrors('TS', {
  SYNC: {
    text: 'no transport stream packets in {bytes} bytes',
    advice: 'This is not a transport stream, or it is encrypted.',
  },
});
