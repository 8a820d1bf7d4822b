// Compound RTCP packets: values and bytes (RFC 3550 §6, RFC 4585 §6, RFC 5104 §4.3.1).
import { ByteWriter, utf8 } from '../../base/bytes.ts';
import { putUint16, putUint32, rtpErrors, uint16, uint32 } from '../rtp/index.ts';
import { parseRemb, REMB_NAME, writeRemb } from './remb.ts';
import { parseTransportFeedback, type TransportFeedback, writeTransportFeedback } from './transport-feedback.ts';

/** What a receiver says of one stream (RFC 3550 §6.4.1). */
export interface ReportBlock {
  readonly ssrc: number;
  /** 0 to 255: lost since the last report, in 256ths. */
  readonly fractionLost: number;
  /** 24 bits, signed. */
  readonly lost: number;
  /** Highest sequence with its wraps. */
  readonly highest: number;
  /** In ticks. */
  readonly jitter: number;
  /** Middle 32 bits of the NTP time of the last SR; 0: none. */
  readonly lastReport: number;
  /** In 65536ths of a second. */
  readonly delay: number;
}

/** One packet of a compound; numbers are as on the wire. */
export type RtcpPacket =
  | {
      readonly type: 'sr';
      readonly ssrc: number;
      /** 64 bits of NTP as two halves. */
      readonly ntpHigh: number;
      readonly ntpLow: number;
      readonly timestamp: number;
      readonly packets: number;
      readonly bytes: number;
      readonly reports: readonly ReportBlock[];
    }
  | { readonly type: 'rr'; readonly ssrc: number; readonly reports: readonly ReportBlock[] }
  | { readonly type: 'sdes'; readonly ssrc: number; readonly cname: string }
  | { readonly type: 'bye'; readonly ssrcs: readonly number[] }
  | { readonly type: 'nack'; readonly sender: number; readonly ssrc: number; readonly sequences: readonly number[] }
  | { readonly type: 'pli'; readonly sender: number; readonly ssrc: number }
  | { readonly type: 'fir'; readonly sender: number; readonly ssrc: number; readonly sequence: number }
  | { readonly type: 'remb'; readonly sender: number; readonly bitrateBps: number; readonly ssrcs: readonly number[] }
  | ({ readonly type: 'transport' } & TransportFeedback);

const packetType = { sr: 200, rr: 201, sdes: 202, bye: 203, transport: 205, payload: 206 } as const;
const format = { nack: 1, transport: 15, pli: 1, fir: 4, application: 15 } as const;
const HEADER_BYTES = 4;
const REPORT_BYTES = 24;
/** A datagram has no room for more. */
const MOST_PACKETS = 64;
/** Transport-wide feedbacks of a datagram: each can tell of thousands of packets in 24 bytes, and senders put in one. */
const MOST_FEEDBACKS = 4;
/** Sequences of one NACK: about what a window of a second holds; more is not asked by anybody in good faith. */
const MOST_SEQUENCES = 1024;

/** The packets of a datagram that are understood; others are left out. Throws RTP_RTCP for damaged lengths. */
export function parseRtcp(bytes: Uint8Array): RtcpPacket[] {
  const packets: RtcpPacket[] = [];
  let at = 0;
  let feedbacks = 0;
  for (let count = 0; at + HEADER_BYTES <= bytes.length && count < MOST_PACKETS; count++) {
    const first = bytes[at] as number;
    if (first >> 6 !== 2) throw rtpErrors.protocol('RTCP', { why: 'another version' });
    const end = at + (uint16(bytes, at + 2) + 1) * 4;
    if (end > bytes.length) throw rtpErrors.protocol('RTCP', { why: 'a length beyond its end' });
    const type = bytes[at + 1] as number;
    if (type === packetType.transport && (first & 0x1f) === format.transport) feedbacks++;
    const packet = feedbacks > MOST_FEEDBACKS ? undefined : parseOne(bytes.subarray(at, end), first & 0x1f, type);
    if (packet !== undefined) packets.push(packet);
    at = end;
  }
  return packets;
}

function parseOne(bytes: Uint8Array, count: number, type: number): RtcpPacket | undefined {
  switch (type) {
    case packetType.sr:
      return parseSenderReport(bytes, count);
    case packetType.rr:
      need(bytes, 8);
      return { type: 'rr', ssrc: uint32(bytes, 4), reports: parseReports(bytes, 8, count) };
    case packetType.sdes:
      return parseSdes(bytes);
    case packetType.bye:
      need(bytes, HEADER_BYTES + count * 4);
      return { type: 'bye', ssrcs: Array.from({ length: count }, (_, i) => uint32(bytes, 4 + i * 4)) };
    case packetType.transport:
      return parseTransport(bytes, count);
    case packetType.payload:
      return parsePayload(bytes, count);
    default:
      return undefined;
  }
}

function parseSenderReport(bytes: Uint8Array, count: number): RtcpPacket {
  need(bytes, 28);
  return {
    type: 'sr',
    ssrc: uint32(bytes, 4),
    ntpHigh: uint32(bytes, 8),
    ntpLow: uint32(bytes, 12),
    timestamp: uint32(bytes, 16),
    packets: uint32(bytes, 20),
    bytes: uint32(bytes, 24),
    reports: parseReports(bytes, 28, count),
  };
}

function parseReports(bytes: Uint8Array, begin: number, count: number): ReportBlock[] {
  need(bytes, begin + count * REPORT_BYTES);
  return Array.from({ length: count }, (_, i) => {
    const at = begin + i * REPORT_BYTES;
    const lost = uint32(bytes, at + 4) & 0xffffff;
    return {
      ssrc: uint32(bytes, at),
      fractionLost: bytes[at + 4] as number,
      lost: lost >= 0x800000 ? lost - 0x1000000 : lost,
      highest: uint32(bytes, at + 8),
      jitter: uint32(bytes, at + 12),
      lastReport: uint32(bytes, at + 16),
      delay: uint32(bytes, at + 20),
    };
  });
}

/** The name of the first source (§6.5.1). */
function parseSdes(bytes: Uint8Array): RtcpPacket | undefined {
  if (bytes.length < 12) return undefined;
  for (let at = 8; at + 2 <= bytes.length && bytes[at] !== 0; at += 2 + (bytes[at + 1] as number)) {
    const end = at + 2 + (bytes[at + 1] as number);
    if (end > bytes.length) throw rtpErrors.protocol('RTCP', { why: 'a name beyond its end' });
    if (bytes[at] === 1) {
      return { type: 'sdes', ssrc: uint32(bytes, 4), cname: new TextDecoder().decode(bytes.subarray(at + 2, end)) };
    }
  }
  return undefined;
}

function parseTransport(bytes: Uint8Array, kind: number): RtcpPacket | undefined {
  need(bytes, 12);
  const [sender, ssrc] = [uint32(bytes, 4), uint32(bytes, 8)];
  if (kind === format.transport) return { type: 'transport', ...parseTransportFeedback(bytes, sender, ssrc) };
  if (kind !== format.nack) return undefined;
  return { type: 'nack', sender, ssrc, sequences: nackedSequences(bytes) };
}

/** Each item is one sequence and a mask of the sixteen behind it (RFC 4585 §6.2.1). */
function nackedSequences(bytes: Uint8Array): number[] {
  const sequences: number[] = [];
  for (let at = 12; at + 4 <= bytes.length && sequences.length < MOST_SEQUENCES; at += 4) {
    const first = uint16(bytes, at);
    const mask = uint16(bytes, at + 2);
    sequences.push(first);
    for (let bit = 0; bit < 16; bit++) if ((mask & (1 << bit)) !== 0) sequences.push((first + bit + 1) & 0xffff);
  }
  return sequences;
}

function parsePayload(bytes: Uint8Array, kind: number): RtcpPacket | undefined {
  need(bytes, 12);
  const [sender, ssrc] = [uint32(bytes, 4), uint32(bytes, 8)];
  if (kind === format.pli) return { type: 'pli', sender, ssrc };
  if (kind === format.fir) {
    need(bytes, 20);
    return { type: 'fir', sender, ssrc: uint32(bytes, 12), sequence: bytes[16] as number };
  }
  if (kind !== format.application || bytes.length < 20 || uint32(bytes, 12) !== REMB_NAME) return undefined;
  return { type: 'remb', sender, ...parseRemb(bytes) };
}

function need(bytes: Uint8Array, size: number): void {
  if (bytes.length < size) throw rtpErrors.protocol('RTCP', { why: 'shorter than its fields' });
}

/** One datagram. A compound packet of RFC 3550 §6.1 begins with an `sr` or `rr`, reduced ones (RFC 5506) do not. */
export function writeRtcp(packets: readonly RtcpPacket[]): Uint8Array {
  const out = new ByteWriter();
  for (const packet of packets) out.put(writeOne(packet));
  return out.done();
}

function writeOne(packet: RtcpPacket): Uint8Array {
  switch (packet.type) {
    case 'sr':
      return writeSenderReport(packet);
    case 'rr':
      return framed(packetType.rr, packet.reports.length, [word(packet.ssrc), ...packet.reports.map(writeReport)]);
    case 'sdes':
      return writeSdes(packet.ssrc, packet.cname);
    case 'bye':
      return framed(packetType.bye, packet.ssrcs.length, packet.ssrcs.map(word));
    case 'nack':
      return framed(packetType.transport, format.nack, [
        word(packet.sender),
        word(packet.ssrc),
        ...nackItems(packet.sequences),
      ]);
    case 'pli':
      return framed(packetType.payload, format.pli, [word(packet.sender), word(packet.ssrc)]);
    case 'fir':
      return framed(packetType.payload, format.fir, [
        word(packet.sender),
        word(0),
        word(packet.ssrc),
        word((packet.sequence << 24) >>> 0),
      ]);
    case 'remb':
      return framed(packetType.payload, format.application, [
        word(packet.sender),
        word(0),
        writeRemb(packet.bitrateBps, packet.ssrcs),
      ]);
    case 'transport':
      return framed(packetType.transport, format.transport, [
        word(packet.sender),
        word(packet.ssrc),
        writeTransportFeedback(packet),
      ]);
  }
}

function writeSenderReport(packet: RtcpPacket & { type: 'sr' }): Uint8Array {
  const { ssrc, ntpHigh, ntpLow, timestamp, packets, bytes, reports } = packet;
  const words = [ssrc, ntpHigh, ntpLow, timestamp, packets, bytes].map(word);
  return framed(packetType.sr, reports.length, [...words, ...reports.map(writeReport)]);
}

function writeReport({ ssrc, fractionLost, lost, highest, jitter, lastReport, delay }: ReportBlock): Uint8Array {
  const bytes = new Uint8Array(REPORT_BYTES);
  putUint32(bytes, 0, ssrc);
  putUint32(bytes, 4, Math.max(-0x800000, Math.min(0x7fffff, lost)) & 0xffffff);
  bytes[4] = fractionLost;
  putUint32(bytes, 8, highest);
  putUint32(bytes, 12, jitter);
  putUint32(bytes, 16, lastReport);
  putUint32(bytes, 20, delay);
  return bytes;
}

function writeSdes(ssrc: number, cname: string): Uint8Array {
  const name = utf8(cname).subarray(0, 255);
  // The list ends with at least one zero, up to a whole word.
  const item = new Uint8Array(Math.ceil((name.length + 3) / 4) * 4);
  item.set([1, name.length]);
  item.set(name, 2);
  return framed(packetType.sdes, 1, [word(ssrc), item]);
}

/** As few items as possible; the sequences may come in any order. */
function nackItems(sequences: readonly number[]): Uint8Array[] {
  const items: Uint8Array[] = [];
  const waiting = [...new Set(sequences)];
  while (waiting.length > 0 && items.length < MOST_SEQUENCES) {
    const first = waiting.shift() as number;
    let mask = 0;
    for (let i = 0; i < waiting.length; ) {
      const distance = ((waiting[i] as number) - first) & 0xffff;
      if (distance >= 1 && distance <= 16) {
        mask |= 1 << (distance - 1);
        waiting.splice(i, 1);
      } else i++;
    }
    items.push(word(((first << 16) | mask) >>> 0));
  }
  return items;
}

function framed(type: number, count: number, parts: readonly Uint8Array[]): Uint8Array {
  const size = HEADER_BYTES + parts.reduce((sum, { length }) => sum + length, 0);
  const bytes = new Uint8Array(size);
  bytes[0] = 0x80 | count;
  bytes[1] = type;
  putUint16(bytes, 2, size / 4 - 1);
  let at = HEADER_BYTES;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function word(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  putUint32(bytes, 0, value);
  return bytes;
}
