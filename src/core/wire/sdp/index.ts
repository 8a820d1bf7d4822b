// SDP of WebRTC: offers and answers.
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
