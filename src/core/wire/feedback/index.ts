// Loss, congestion and clocks of RTP, for both ends of a session; see README.md.
export { ArrivalRecorder } from './arrivals.ts';
export { type BandwidthBounds, BandwidthEstimate, defaultBounds } from './bandwidth.ts';
export { ClockSync, type TrackClock } from './clock-sync.ts';
export type { PathUse } from './delay-trend.ts';
export { SentHistory, type SentPacket } from './history.ts';
export { KeyRequest } from './key-request.ts';
export { NackGenerator, type NackOptions } from './nack.ts';
export { Pacer } from './pacer.ts';
export { Reception, roundTripOf } from './reception.ts';
export { Row } from './row.ts';
export { type Retransmitted, RTX_BYTES, unwrapRtx, writeRtxHead } from './rtx.ts';
export { PlayerClock, SenderClock } from './sender-clock.ts';
export { SentLedger, type SentResult } from './sent.ts';
