// The numbers of a connection under libsrt's names (SRT_TRACEBSTATS), and in the form of srt-live-transmit's JSON.
import { type Micros, toMs, toSeconds } from '../../base/time.ts';
import { OVERHEAD_BYTES } from './packet.ts';

/** Totals since the connection was made; the parts of it count in place. */
export class Counters {
  // Those of each packet that is sent are together: hundreds of connections find them in no cache.
  pktSent = 0;
  pktRecvACK = 0;
  byteSent = 0;
  pktRecv = 0;
  pktRecvUnique = 0;
  pktSndLoss = 0;
  pktRcvLoss = 0;
  pktRetrans = 0;
  pktRcvRetrans = 0;
  pktSentACK = 0;
  pktSentNAK = 0;
  pktRecvNAK = 0;
  pktSndDrop = 0;
  pktRcvDrop = 0;
  pktRcvBelated = 0;
  pktRcvUndecrypt = 0;
  byteRecv = 0;
  byteRecvUnique = 0;
  byteRetrans = 0;
  byteSndDrop = 0;
  byteRcvDrop = 0;
  byteRcvUndecrypt = 0;
  /** Datagrams that were no packets of this protocol or lied; not in libsrt. */
  pktInvalid = 0;
}

/** What a connection knows besides its counters. */
export interface Gauges {
  readonly start: Micros;
  readonly rtt: Micros;
  readonly flowWindow: number;
  /** In live mode the whole of SRTO_FC. */
  readonly congestionWindow: number;
  readonly flightSize: number;
  /** Bytes per second, Infinity without a bound. */
  readonly maxBandwidth: number;
  readonly linkPackets: number;
  readonly sendPeriod: Micros;
  readonly sendBuffer: BufferGauge;
  readonly receiveBuffer: BufferGauge;
  readonly sendDelay: Micros;
  readonly receiveDelay: Micros;
  readonly reorderTolerance: number;
  readonly mss: number;
}

/** How full a buffer is. */
export interface BufferGauge {
  readonly packets: number;
  readonly bytes: number;
  readonly span: Micros;
  readonly freeBytes: number;
}

/** libsrt's names; `ms` are milliseconds, `us` microseconds, `mbps` Mbit/s. */
export type Statistics = ReturnType<typeof makeStatistics>;

/** libsrt's reading of a bandwidth without a bound: 1 Gbit/s. */
const UNBOUNDED_MBPS = 1000;
const mbps = (bytesPerSecond: number): number => (bytesPerSecond * 8) / 1e6;

/** Totals and instants; bytes include the headers of IP, UDP and SRT, as libsrt counts them. */
export function makeStatistics(counters: Counters, gauges: Gauges, now: Micros) {
  const seconds = Math.max(toSeconds(now - gauges.start), 1e-6);
  const wire = (bytes: number, packets: number): number => bytes + packets * OVERHEAD_BYTES;
  const c = counters;
  const byteSent = wire(c.byteSent, c.pktSent);
  const byteRecv = wire(c.byteRecv, c.pktRecv);
  return {
    msTimeStamp: toMs(now - gauges.start),
    pktSentTotal: c.pktSent,
    pktRecvTotal: c.pktRecv,
    pktSentUniqueTotal: c.pktSent - c.pktRetrans,
    pktRecvUniqueTotal: c.pktRecvUnique,
    pktSndLossTotal: c.pktSndLoss,
    pktRcvLossTotal: c.pktRcvLoss,
    pktRetransTotal: c.pktRetrans,
    pktRcvRetransTotal: c.pktRcvRetrans,
    pktSentACKTotal: c.pktSentACK,
    pktRecvACKTotal: c.pktRecvACK,
    pktSentNAKTotal: c.pktSentNAK,
    pktRecvNAKTotal: c.pktRecvNAK,
    pktSndDropTotal: c.pktSndDrop,
    pktRcvDropTotal: c.pktRcvDrop,
    pktRcvBelatedTotal: c.pktRcvBelated,
    pktRcvUndecryptTotal: c.pktRcvUndecrypt,
    pktInvalidTotal: c.pktInvalid,
    byteSentTotal: byteSent,
    byteRecvTotal: byteRecv,
    byteSentUniqueTotal: wire(c.byteSent - c.byteRetrans, c.pktSent - c.pktRetrans),
    byteRecvUniqueTotal: wire(c.byteRecvUnique, c.pktRecvUnique),
    byteRetransTotal: wire(c.byteRetrans, c.pktRetrans),
    byteSndDropTotal: wire(c.byteSndDrop, c.pktSndDrop),
    byteRcvDropTotal: wire(c.byteRcvDrop, c.pktRcvDrop),
    byteRcvUndecryptTotal: wire(c.byteRcvUndecrypt, c.pktRcvUndecrypt),
    mbpsSendRate: mbps(byteSent / seconds),
    mbpsRecvRate: mbps(byteRecv / seconds),
    usPktSndPeriod: gauges.sendPeriod,
    pktFlowWindow: gauges.flowWindow,
    pktCongestionWindow: gauges.congestionWindow,
    pktFlightSize: gauges.flightSize,
    msRTT: gauges.rtt / 1e3,
    mbpsBandwidth: mbps(gauges.linkPackets * gauges.mss),
    mbpsMaxBW: Number.isFinite(gauges.maxBandwidth) ? mbps(gauges.maxBandwidth) : UNBOUNDED_MBPS,
    byteMSS: gauges.mss,
    pktReorderTolerance: gauges.reorderTolerance,
    pktSndBuf: gauges.sendBuffer.packets,
    byteSndBuf: gauges.sendBuffer.bytes,
    msSndBuf: toMs(gauges.sendBuffer.span),
    byteAvailSndBuf: gauges.sendBuffer.freeBytes,
    msSndTsbPdDelay: toMs(gauges.sendDelay),
    pktRcvBuf: gauges.receiveBuffer.packets,
    byteRcvBuf: gauges.receiveBuffer.bytes,
    msRcvBuf: toMs(gauges.receiveBuffer.span),
    byteAvailRcvBuf: gauges.receiveBuffer.freeBytes,
    msRcvTsbPdDelay: toMs(gauges.receiveDelay),
  };
}

/**
 * The object that srt-live-transmit 1.5.1 prints with `-pf:json`, for dashboards that read it; here the counts are totals,
 * as there with `-f`. `wall` is the time since 1970.
 */
export function toTransmitJson(statistics: Statistics, socketId: number, wall: Micros) {
  const s = statistics;
  return {
    sid: socketId,
    timepoint: timePoint(wall),
    time: s.msTimeStamp,
    window: { flow: s.pktFlowWindow, congestion: s.pktCongestionWindow, flight: s.pktFlightSize },
    link: { rtt: s.msRTT, bandwidth: s.mbpsBandwidth, maxBandwidth: s.mbpsMaxBW },
    send: {
      packets: s.pktSentTotal,
      packetsUnique: s.pktSentUniqueTotal,
      packetsLost: s.pktSndLossTotal,
      packetsDropped: s.pktSndDropTotal,
      packetsRetransmitted: s.pktRetransTotal,
      packetsFilterExtra: 0,
      bytes: s.byteSentTotal,
      bytesUnique: s.byteSentUniqueTotal,
      bytesDropped: s.byteSndDropTotal,
      byteAvailBuf: s.byteAvailSndBuf,
      msBuf: s.msSndBuf,
      mbitRate: s.mbpsSendRate,
      sendPeriod: Math.trunc(s.usPktSndPeriod),
    },
    recv: {
      packets: s.pktRecvTotal,
      packetsUnique: s.pktRecvUniqueTotal,
      packetsLost: s.pktRcvLossTotal,
      packetsDropped: s.pktRcvDropTotal,
      packetsRetransmitted: s.pktRcvRetransTotal,
      packetsBelated: s.pktRcvBelatedTotal,
      packetsFilterExtra: 0,
      packetsFilterSupply: 0,
      packetsFilterLoss: 0,
      bytes: s.byteRecvTotal,
      bytesUnique: s.byteRecvUniqueTotal,
      bytesLost: 0,
      bytesDropped: s.byteRcvDropTotal,
      byteAvailBuf: s.byteAvailRcvBuf,
      msBuf: s.msRcvBuf,
      mbitRate: s.mbpsRecvRate,
      msTsbPdDelay: s.msRcvTsbPdDelay,
    },
  };
}

/** `2026-11-24T10:52:57.257089+0000`. */
const timePoint = (wall: Micros): string => {
  const micros = String(wall % 1_000_000).padStart(6, '0');
  return `${new Date(toMs(wall)).toISOString().slice(0, 20)}${micros}+0000`;
};
