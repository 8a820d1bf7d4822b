// The 16 bytes in front of every packet (draft-sharabayko-srt-01 §3), read and written in place.
import { readU32, writeU32 } from '../../base/bytes.ts';
import { errors } from './errors.ts';

/**
 *  0                   1                   2                   3
 *  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
 * +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
 * |0|                   packet sequence number                    |   |1|  control type  |  subtype  |
 * |P P|O|K K|R|                 message number                    |   |  type-specific information   |
 * |                           time stamp                          |
 * |                    destination socket id                      |
 */
export const HEADER_BYTES = 16;
/** Headers of IP, UDP and SRT: what libsrt adds to a payload when it counts bytes. */
export const OVERHEAD_BYTES = 28 + HEADER_BYTES;
/** The largest datagram accepted: an Ethernet frame's payload. */
export const MAX_DATAGRAM_BYTES = 1500;

/** draft-sharabayko-srt-01 §3.2, table 1. */
export const ControlType = {
  handshake: 0,
  keepAlive: 1,
  ack: 2,
  nak: 3,
  congestionWarning: 4,
  shutdown: 5,
  ackAck: 6,
  dropRequest: 7,
  peerError: 8,
  userDefined: 0x7fff,
} as const;

/** Bits of the second word of a data packet. */
const SOLO = 0xc0000000;
const RETRANSMITTED = 0x04000000;
const KEY_SHIFT = 27;
const MESSAGE_MASK = 0x03ffffff;

/** Throws SRT_PACKET when the datagram is too short for a header. */
export function checkPacket(datagram: Uint8Array): void {
  if (datagram.length < HEADER_BYTES) throw errors.protocol('PACKET', { why: `${datagram.length} bytes` });
  if (datagram.length > MAX_DATAGRAM_BYTES) throw errors.protocol('PACKET', { why: `${datagram.length} bytes` });
}

/** The first bit. */
export const isControl = (packet: Uint8Array): boolean => ((packet[0] as number) & 0x80) !== 0;
/** See `ControlType`. */
export const controlType = (packet: Uint8Array): number => (readU32(packet, 0) >>> 16) & 0x7fff;
/** The frequent one. */
export const isAck = (packet: Uint8Array): boolean => readU32(packet, 0) >>> 16 === (0x8000 | ControlType.ack);
/** Of a user-defined packet: an `ExtensionType`. */
export const controlSubtype = (packet: Uint8Array): number => readU32(packet, 0) & 0xffff;
/** Of a control packet: the number of an ACK, the message of a drop request. */
export const controlNumber = (packet: Uint8Array): number => readU32(packet, 4);
/** Of a data packet, 31 bits. */
export const sequenceOf = (packet: Uint8Array): number => readU32(packet, 0) & 0x7fffffff;
/** Microseconds since the peer's start, 32 bits. */
export const timestampOf = (packet: Uint8Array): number => readU32(packet, 8);
/** The socket id. */
export const destinationOf = (packet: Uint8Array): number => readU32(packet, 12);
/** 0: plain, 1: even key, 2: odd key. */
export const keyOf = (packet: Uint8Array): number => (readU32(packet, 4) >>> KEY_SHIFT) & 3;
/** Of a data packet. */
export const isRetransmitted = (packet: Uint8Array): boolean => (readU32(packet, 4) & RETRANSMITTED) !== 0;
/** A view of what follows the header. */
export const bodyOf = (packet: Uint8Array): Uint8Array => packet.subarray(HEADER_BYTES);

/** Fields of a data packet that is a whole message. */
export interface DataHeader {
  readonly sequence: number;
  readonly message: number;
  readonly key: number;
  readonly timestamp: number;
  readonly destination: number;
  /** It was sent before. */
  readonly again?: boolean;
}

/** Fills the first 16 bytes. */
export function writeDataHeader(packet: Uint8Array, header: DataHeader): void {
  writeU32(packet, 0, header.sequence);
  const again = header.again === true ? RETRANSMITTED : 0;
  writeU32(packet, 4, SOLO | (header.key << KEY_SHIFT) | again | (header.message & MESSAGE_MASK));
  writeU32(packet, 8, header.timestamp);
  writeU32(packet, 12, header.destination);
}

/** Fields of a control packet. */
export interface ControlHeader {
  readonly type: number;
  readonly subtype?: number;
  readonly number?: number;
  readonly timestamp: number;
  readonly destination: number;
}

/** The padding that libsrt sends where there is no body. */
const NO_BODY = new Uint8Array(4);
/** Bytes of a control packet without a body. */
export const CONTROL_BYTES = HEADER_BYTES + NO_BODY.length;

/** A control packet. */
export function writeControl(header: ControlHeader, body: Uint8Array = NO_BODY): Uint8Array {
  const packet = new Uint8Array(HEADER_BYTES + body.length);
  writeControlHeader(packet, header);
  packet.set(body, HEADER_BYTES);
  return packet;
}

/** Fills the first 16 bytes. */
export function writeControlHeader(packet: Uint8Array, header: ControlHeader): void {
  writeU32(packet, 0, (0x80000000 | (header.type << 16) | (header.subtype ?? 0)) >>> 0);
  writeU32(packet, 4, header.number ?? 0);
  writeU32(packet, 8, header.timestamp);
  writeU32(packet, 12, header.destination);
}
