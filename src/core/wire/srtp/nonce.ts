// The nonces of AES-GCM (RFC 7714).
import { HEADER_BYTES } from '../rtp/index.ts';

/** RFC 7714 §8.1: two zeros, SSRC, roll-over counter and sequence, XOR the salt. A `set` of twelve bytes costs more than all of it. */
export function rtpNonce(nonce: Uint8Array, salt: Uint8Array, packet: Uint8Array, at: number, rollOver: number): void {
  nonce[0] = salt[0] as number;
  nonce[1] = salt[1] as number;
  for (let i = 0; i < 4; i++) {
    nonce[2 + i] = (salt[2 + i] as number) ^ (packet[at + HEADER_BYTES - 4 + i] as number);
    nonce[6 + i] = (salt[6 + i] as number) ^ ((rollOver >>> (24 - 8 * i)) & 0xff);
  }
  nonce[10] = (salt[10] as number) ^ (packet[at + 2] as number);
  nonce[11] = (salt[11] as number) ^ (packet[at + 3] as number);
}

/** RFC 7714 §9.1: two zeros, SSRC, two zeros, the index, XOR the salt. */
export function rtcpNonce(nonce: Uint8Array, salt: Uint8Array, ssrc: number, index: number): void {
  nonce.set(salt);
  for (let i = 0; i < 4; i++) {
    nonce[2 + i] = (nonce[2 + i] as number) ^ ((ssrc >>> (24 - 8 * i)) & 0xff);
    nonce[8 + i] = (nonce[8 + i] as number) ^ ((index >>> (24 - 8 * i)) & 0xff);
  }
}
