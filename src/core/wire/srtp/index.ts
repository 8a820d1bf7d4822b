// SRTP and SRTCP (RFC 3711, RFC 7714): ours, because it is what each packet costs.
export { type MasterKey, masterSizes, type SrtpProfile, srtpProfile } from './keys.ts';
export { SrtpReceiver } from './receiver.ts';
export { rtcpTrailerBytes, type Slot, SrtpSender, tagBytes } from './sender.ts';
