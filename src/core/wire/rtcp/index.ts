// RTCP: reports, feedback and estimates.
export { parseRtcp, type ReportBlock, type RtcpPacket, writeRtcp } from './packet.ts';
export type { TransportFeedback } from './transport-feedback.ts';
