// SRTP and SRTCP (RFC 3711, RFC 7714): ours, because it is what each packet costs.

export { batchMemory } from './batch-memory.ts';
export {
  ENCRYPTED,
  GCM_TAG_BYTES,
  type Opener,
  type Protector,
  RTCP_HEADER_BYTES,
  type Slot,
  type SrtpCiphers,
} from './cipher.ts';
export {
  type MasterKey,
  masterSizes,
  rtcpTrailerBytes,
  type SessionKeys,
  type SrtpProfile,
  srtpProfile,
  tagBytes,
} from './keys.ts';
export { nodeCiphers } from './node-ciphers.ts';
export { rtcpNonce, rtpNonce } from './nonce.ts';
export { SrtpReceiver } from './receiver.ts';
export { SrtpSender } from './sender.ts';
