// SDP of WebRTC: offers and answers.
export { sdpErrors } from './errors.ts';
export { type IceFragment, parseFragment, writeFragment } from './fragment.ts';
export {
  type Direction,
  type IceCredentials,
  MAX_SDP_BYTES,
  parseSdp,
  type SdpCandidate,
  type SdpPayload,
  type SdpSection,
  type SessionDescription,
} from './parse.ts';
export { type Answer, type AnsweredPayload, type AnsweredSection, type Candidate, writeSdp } from './write.ts';
