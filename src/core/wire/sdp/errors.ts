// The codes of SDP.
import { defineErrors } from '../../base/errors.ts';

/** ProtocolErrors of SDP. */
export const sdpErrors = defineErrors('SDP', {
  DECODE: { srs: 5012, text: 'the SDP cannot be read: {why}', advice: 'Send the offer as the browser made it.' },
});
