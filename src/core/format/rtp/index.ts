// RTP payloads of all codecs, both ways.
export { AAC_HBR, type AacTerms, type AuHeaders } from './aac.ts';
export { DecodeTimes } from './decode-times.ts';
export { makeDepacketiser, type OutOfBand } from './depacketiser.ts';
export { MAX_PAYLOAD, type RtpFormatOptions, RtpMuxer, rtpFormat } from './mux.ts';
export type { NalShape } from './nal-packetiser.ts';
export { clockRateOf, clockRates } from './packetiser.ts';
export { HEAD_BYTES, payloadKind, payloadsOf, type RtpPayload, readPayloads } from './payloads.ts';
export type { Depacketiser, MediaUnit, Payload } from './unit.ts';
