// From the master key of DTLS to the six session keys (RFC 3711 §4.3, RFC 7714 §11).
import { createCipheriv } from 'node:crypto';

/** Protection profiles by their number in DTLS (RFC 5764 §4.1.2, RFC 7714 §14.2). */
export const srtpProfile = { aes128CmSha1_80: 0x0001, aes128CmSha1_32: 0x0002, aeadAes128Gcm: 0x0007 } as const;
/** One of `srtpProfile`. */
export type SrtpProfile = (typeof srtpProfile)[keyof typeof srtpProfile];

/** Bytes that protection adds at the end of an RTP packet. */
export const tagBytes = (profile: SrtpProfile): number =>
  profile === srtpProfile.aeadAes128Gcm ? 16 : profile === srtpProfile.aes128CmSha1_32 ? 4 : 10;

/** Bytes of an RTCP packet's tag: the short one of AES_CM_128_HMAC_SHA1_32 is for RTP only (RFC 5764 §4.1.2). */
export const rtcpTagBytes = (profile: SrtpProfile): number => (profile === srtpProfile.aeadAes128Gcm ? 16 : 10);

/** Bytes that protection adds to an RTCP packet: the tag and its index. */
export const rtcpTrailerBytes = (profile: SrtpProfile): number => rtcpTagBytes(profile) + 4;

/** Bytes of the master key and salt of a profile, which DTLS exports. */
export const masterSizes = (profile: SrtpProfile): { readonly key: number; readonly salt: number } => ({
  key: 16,
  salt: profile === srtpProfile.aeadAes128Gcm ? 12 : 14,
});

/** Master key and salt of one direction. */
export interface MasterKey {
  readonly key: Uint8Array;
  readonly salt: Uint8Array;
}

/** What one direction encrypts and signs with; the authentication key is not used by GCM. */
export interface SessionKeys {
  readonly encryption: Uint8Array;
  readonly authentication: Uint8Array;
  /** 14 bytes; 12 for GCM. */
  readonly salt: Uint8Array;
}

const AUTHENTICATION_BYTES = 20;

/** Keys of SRTP (labels 0 to 2) or SRTCP (labels 3 to 5), with a key derivation rate of 0. */
export function deriveKeys(master: MasterKey, profile: SrtpProfile, what: 'rtp' | 'rtcp'): SessionKeys {
  const first = what === 'rtp' ? 0 : 3;
  const derive = (label: number, bytes: number): Uint8Array => derived(master, first + label, bytes);
  return {
    encryption: derive(0, 16),
    authentication: derive(1, AUTHENTICATION_BYTES),
    salt: derive(2, masterSizes(profile).salt),
  };
}

/** AES-CM as pseudo-random function (RFC 3711 §4.3.3); a salt of 12 bytes is filled up with zeros (RFC 7714 §11). */
function derived({ key, salt }: MasterKey, label: number, bytes: number): Uint8Array {
  const counter = new Uint8Array(16);
  counter.set(salt);
  counter[7] = (counter[7] as number) ^ label;
  return createCipheriv('aes-128-ctr', key, counter).update(new Uint8Array(bytes));
}
