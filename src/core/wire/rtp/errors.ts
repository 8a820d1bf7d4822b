// The codes of RTP and RTCP.
import { defineErrors } from '../../base/errors.ts';

/** ProtocolErrors of RTP and RTCP. */
export const rtpErrors = defineErrors('RTP', {
  PACKET: { text: 'an RTP packet is damaged: {why}', advice: 'The peer is damaged or hostile.' },
  RTCP: { text: 'an RTCP packet is damaged: {why}', advice: 'The peer is damaged or hostile.' },
  FRAME: { text: 'a frame over TCP has {bytes} bytes', advice: 'The peer does not speak RFC 4571.' },
  PAYLOAD: { text: 'an RTP payload is damaged: {why}', advice: 'The peer is damaged, or packets were lost.' },
});
