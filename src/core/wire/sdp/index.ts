// SDP: offers and answers of WebRTC, descriptions of RTSP.
export { sdpErrors } from './errors.ts';
export { parseFragment, writeFragment } from './fragment.ts';
export {
  type Direction,
  type IceCredentials,
  MAX_SDP_BYTES,
  parseSdp,
  type SdpPayload,
  type SdpSection,
  type SessionDescription,
} from './parse.ts';
export { type Answer, type AnsweredPayload, type AnsweredSection, type Candidate, writeSdp } from './write.ts';
