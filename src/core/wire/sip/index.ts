// SIP messages: the parts that cameras use.
export { sipErrors } from './errors.ts';
export {
  headerOf,
  headersOf,
  latin1,
  MAX_BODY_BYTES,
  MAX_HEAD_BYTES,
  parseSip,
  type SipHeaders,
  type SipMessage,
  type SipRequest,
  type SipResponse,
  writeSip,
} from './message.ts';
export { SipReader } from './reader.ts';
export { type ResponseOptions, respond } from './response.ts';
export {
  addressOf,
  callIdOf,
  cseqOf,
  parseAddress,
  parseUri,
  parseVia,
  type SipAddress,
  type SipCSeq,
  type SipUri,
  type SipVia,
  viaOf,
} from './values.ts';
