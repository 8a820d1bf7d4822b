// Retransmission payloads: the original sequence in front of the original payload (RFC 4588 §4).
import { rtpErrors, uint16 } from '../rtp/index.ts';

/** Bytes that a retransmission has in front of the payload. */
export const RTX_BYTES = 2;

/** What a retransmission brings again. */
export interface Retransmitted {
  /** 16 bits. */
  readonly sequence: number;
  /** A view. */
  readonly payload: Uint8Array;
}

/**
 * The original of a payload; undefined for padding without a payload, which is how Chromium probes. Throws RTP_PAYLOAD.
 */
export function unwrapRtx(payload: Uint8Array): Retransmitted | undefined {
  if (payload.length === 0) return undefined;
  if (payload.length < RTX_BYTES) throw rtpErrors.protocol('PAYLOAD', { why: 'a retransmission of one byte' });
  return { sequence: uint16(payload, 0), payload: payload.subarray(RTX_BYTES) };
}

/** Writes the two bytes in front of a payload at `at`; gives the place of the payload. */
export function writeRtxHead(target: Uint8Array, at: number, sequence: number): number {
  target[at] = sequence >>> 8;
  target[at + 1] = sequence;
  return at + RTX_BYTES;
}
