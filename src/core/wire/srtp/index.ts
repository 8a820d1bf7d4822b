// SRTP and SRTCP (RFC 3711, RFC 7714): ours, because it is what each packet costs.
export { type MasterKey, masterSizes, rtcpTrailerBytes, type SrtpProfile, srtpProfile, tagBytes } from './keys.ts';
export { SrtpReceiver } from './receiver.ts';
export { type Slot, SrtpSender } from './sender.ts';
