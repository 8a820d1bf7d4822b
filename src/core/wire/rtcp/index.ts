// RTCP: reports, feedback and estimates.
export { fromUnits, middleOf, type NtpTime, ntpOf, toUnits, wallOf } from './ntp.ts';
export { parseRtcp, type ReportBlock, type RtcpPacket, writeRtcp } from './packet.ts';
export type { TransportFeedback } from './transport-feedback.ts';
