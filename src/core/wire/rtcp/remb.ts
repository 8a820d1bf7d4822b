// Receiver estimated maximum bitrate (draft-alvestrand-rmcat-remb-03 §2.2).
import { putUint32, rtpErrors, uint32 } from '../rtp/index.ts';

/** `REMB` in ASCII. */
export const REMB_NAME = 0x52454d42;
const MANTISSA_BITS = 18;

/** The rate and the streams that it is for; `bytes` is the whole packet. */
export function parseRemb(bytes: Uint8Array): { readonly bitrateBps: number; readonly ssrcs: readonly number[] } {
  const word = uint32(bytes, 16);
  const count = word >>> 24;
  if (bytes.length < 20 + count * 4) throw rtpErrors.protocol('RTCP', { why: 'REMB is shorter than its list' });
  const exponent = (word >>> MANTISSA_BITS) & 0x3f;
  const mantissa = word & (2 ** MANTISSA_BITS - 1);
  const ssrcs = Array.from({ length: count }, (_, i) => uint32(bytes, 20 + i * 4));
  return { bitrateBps: mantissa * 2 ** exponent, ssrcs };
}

/** From the name on. */
export function writeRemb(bitrateBps: number, ssrcs: readonly number[]): Uint8Array {
  let mantissa = Math.max(0, Math.floor(bitrateBps));
  let exponent = 0;
  while (mantissa >= 2 ** MANTISSA_BITS) {
    mantissa = Math.floor(mantissa / 2);
    exponent++;
  }
  const bytes = new Uint8Array(8 + ssrcs.length * 4);
  putUint32(bytes, 0, REMB_NAME);
  putUint32(bytes, 4, ((ssrcs.length << 24) | (exponent << MANTISSA_BITS) | mantissa) >>> 0);
  for (const [i, ssrc] of ssrcs.entries()) putUint32(bytes, 8 + i * 4, ssrc);
  return bytes;
}
