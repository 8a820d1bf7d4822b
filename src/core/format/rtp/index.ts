// RTP payloads of all codecs, both ways.
export { DecodeTimes } from './decode-times.ts';
export { makeDepacketiser } from './depacketiser.ts';
export { MAX_PAYLOAD, type RtpFormatOptions, RtpMuxer, rtpFormat } from './mux.ts';
export type { NalShape } from './nal-packetiser.ts';
export { clockRates } from './packetiser.ts';
export { HEAD_BYTES, payloadKind, readPayloads } from './payloads.ts';
export type { Depacketiser, MediaUnit, Payload } from './unit.ts';
