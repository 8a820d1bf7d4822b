// Bodies of the control packets of a connection: ACK, NAK, drop request (draft-sharabayko-srt-01 §3.2.4-3.2.9).
import { readU32, writeU32 } from '../../base/bytes.ts';
import { errors } from './errors.ts';
import { toSequence } from './sequence.ts';

/** A full ACK has all fields; a light one only the sequence number. */
export interface Ack {
  /** Everything before this one has arrived, 31 bits. */
  readonly sequence: number;
  readonly full?: FullAck;
}

/** Times in microseconds. */
export interface FullAck {
  readonly rtt: number;
  readonly rttVariance: number;
  /** Free packets in the receiver's buffer. */
  readonly availablePackets: number;
  /** Packets per second that arrive. */
  readonly receiveRate: number;
  /** Packets per second that the link could carry. */
  readonly linkCapacity: number;
  /** Bytes per second that arrive. */
  readonly receiveBytesRate: number;
}

/** The body that begins at `from`. Throws SRT_PACKET. A body of four words is a small ACK: the rates are 0. */
export function parseAck(packet: Uint8Array, from = 0): Ack {
  const size = packet.length - from;
  if (size < 4) throw errors.protocol('PACKET', { why: 'an ACK without a number' });
  const sequence = readU32(packet, from) & 0x7fffffff;
  if (size < 16) return { sequence };
  return {
    sequence,
    full: {
      rtt: readU32(packet, from + 4),
      rttVariance: readU32(packet, from + 8),
      availablePackets: readU32(packet, from + 12),
      receiveRate: size >= 20 ? readU32(packet, from + 16) : 0,
      linkCapacity: size >= 24 ? readU32(packet, from + 20) : 0,
      receiveBytesRate: size >= 28 ? readU32(packet, from + 24) : 0,
    },
  };
}

/** The body of an ACK: 28 bytes, or 4 without `full`. */
export function writeAck({ sequence, full }: Ack): Uint8Array {
  const body = new Uint8Array(full === undefined ? 4 : 28);
  writeU32(body, 0, sequence);
  if (full === undefined) return body;
  writeU32(body, 4, full.rtt);
  writeU32(body, 8, full.rttVariance);
  writeU32(body, 12, full.availablePackets);
  writeU32(body, 16, full.receiveRate);
  writeU32(body, 20, full.linkCapacity);
  writeU32(body, 24, full.receiveBytesRate);
  return body;
}

/** First and last lost packet, in the wire's 31 bits. */
export type Range = readonly [first: number, last: number];

/**
 * A loss list: single numbers, or a first number with its top bit set and the last one. Throws SRT_PACKET for a body
 * that is no list or whose range runs backwards; the caller compares with what it has sent.
 */
export function parseLossList(body: Uint8Array): Range[] {
  if (body.length === 0 || body.length % 4 !== 0) throw errors.protocol('PACKET', { why: 'a loss list of odd size' });
  const ranges: Range[] = [];
  for (let at = 0; at < body.length; at += 4) {
    const first = readU32(body, at);
    if (first < 0x80000000) {
      ranges.push([first, first]);
      continue;
    }
    at += 4;
    if (at >= body.length) throw errors.protocol('PACKET', { why: 'a loss list that ends within a range' });
    const last = readU32(body, at);
    ranges.push(checkRange(first & 0x7fffffff, last));
  }
  return ranges;
}

/** Words of a loss list of growing numbers; as many ranges as fit into `maxBytes`. */
export function writeLossList(ranges: readonly Range[], maxBytes: number): Uint8Array {
  const body = new Uint8Array(maxBytes);
  let at = 0;
  for (const [first, last] of ranges) {
    if (at + 8 > maxBytes) break;
    if (first === last) {
      writeU32(body, at, toSequence(first));
      at += 4;
      continue;
    }
    writeU32(body, at, (toSequence(first) | 0x80000000) >>> 0);
    writeU32(body, at + 4, toSequence(last));
    at += 8;
  }
  return body.subarray(0, at);
}

/** Throws SRT_PACKET. */
export function parseDropRequest(body: Uint8Array): Range {
  if (body.length < 8) throw errors.protocol('PACKET', { why: 'a drop request without a range' });
  return checkRange(readU32(body, 0), readU32(body, 4));
}

/** The body for a range of growing numbers. */
export function writeDropRequest([first, last]: Range): Uint8Array {
  const body = new Uint8Array(8);
  writeU32(body, 0, toSequence(first));
  writeU32(body, 4, toSequence(last));
  return body;
}

function checkRange(first: number, last: number): Range {
  if (first >= 0x80000000 || last >= 0x80000000) throw errors.protocol('PACKET', { why: 'a range of no numbers' });
  if (((last - first) << 1) >> 1 < 0) throw errors.protocol('PACKET', { why: `a range from ${first} back to ${last}` });
  return [first, last];
}
