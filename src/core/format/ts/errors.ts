// Codes of the transport stream.
import { defineErrors } from '../../base/errors.ts';

export const tsErrors = defineErrors('TS', {
  SYNC: {
    text: 'no transport stream packets in {bytes} bytes',
    advice: 'This is not a transport stream, or it is encrypted.',
  },
});
