// The codes of SIP.
import { defineErrors } from '../../base/errors.ts';

/** ProtocolErrors of SIP. */
export const sipErrors = defineErrors('SIP', {
  HEADER: { srs: 4046, text: 'the header {name} is missing or damaged', advice: 'The peer is damaged, or no camera.' },
  MESSAGE: {
    srs: 4047,
    text: 'a SIP message is damaged: {why}',
    advice: 'The peer is damaged, or does not speak SIP.',
  },
  STREAM: {
    srs: 4047,
    text: 'what comes is no stream of SIP messages: {why}',
    advice: 'The peer does not speak SIP over TCP, or sends too much at once.',
  },
});
