// The codes of STUN.
import { defineErrors } from '../../base/errors.ts';

/** ProtocolErrors of STUN. */
export const stunErrors = defineErrors('STUN', {
  MESSAGE: { text: 'a STUN message is damaged: {why}', advice: 'The peer is damaged or hostile.' },
});
