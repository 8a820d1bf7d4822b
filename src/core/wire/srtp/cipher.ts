// What turns packets into protected ones and back with the keys of one direction: by node:crypto, unless a faster one is given
// from outside (docs/adr/0005). Both must do the same to the bit.
import type { SessionKeys, SrtpProfile } from './keys.ts';

/** One packet in the memory of a batch: behind `end` must be as much room as the protector wants. */
export interface Slot {
  begin: number;
  /** Header with its extension. */
  headerBytes: number;
  end: number;
  /** Roll-over counter of its sequence number. */
  rollOver: number;
}

/** Of SRTP or SRTCP of one direction. */
export interface Protector {
  /** Bytes behind each packet that `protectRtp` may write, those of the tag among them. */
  readonly room: number;
  /** Encrypts the first `count` slots of `memory` in place and writes their tags; `end` of each moves behind its tag. */
  protectRtp(memory: Uint8Array, slots: readonly Slot[], count: number): void;
  /** A compound RTCP packet under its index of 31 bits; a new array. */
  protectRtcp(packet: Uint8Array, index: number): Uint8Array;
}

/** Of SRTP or SRTCP of one direction; what is not authentic is undefined. */
export interface Opener {
  /** Behind an RTCP packet. */
  readonly trailerBytes: number;
  /** The word of an RTCP packet with its E bit and index. */
  indexWord(packet: Uint8Array): number;
  openRtp(packet: Uint8Array, header: number, rollOver: number): Uint8Array | undefined;
  openRtcp(packet: Uint8Array, word: number): Uint8Array | undefined;
}

/** Makes them of the keys of SRTP or SRTCP; a tag of AES-GCM has 16 bytes whatever `tagBytes` says. */
export interface SrtpCiphers {
  /** The profiles that a peer may choose from, the cheapest for us first; both are asked of all peers (RFC 8827 §6.5). */
  readonly preferred: readonly SrtpProfile[];
  protector(keys: SessionKeys, profile: SrtpProfile, tagBytes: number): Protector;
  opener(keys: SessionKeys, profile: SrtpProfile, tagBytes: number): Opener;
}

/** What SRTCP leaves plain (RFC 3711 §3.4). */
export const RTCP_HEADER_BYTES = 8;
/** The E bit in front of the index of SRTCP. */
export const ENCRYPTED = 0x80000000;
/** RFC 7714 §13.1. */
export const GCM_TAG_BYTES = 16;
