// Protects what we send: packets of one session, in batches, in the memory in which they were built.
import type { Protector, Slot, SrtpCiphers } from './cipher.ts';
import { deriveKeys, type MasterKey, rtcpTagBytes, type SrtpProfile, tagBytes } from './keys.ts';
import { nodeCiphers } from './node-ciphers.ts';

/** One direction of a session. The caller counts sequences and their wraps. */
export class SrtpSender {
  readonly profile: SrtpProfile;
  readonly #rtp: Protector;
  readonly #rtcp: Protector;
  /** 31 bits (RFC 3711 §3.4). */
  #rtcpIndex = 0;

  constructor(master: MasterKey, profile: SrtpProfile, ciphers: SrtpCiphers = nodeCiphers) {
    this.profile = profile;
    this.#rtp = ciphers.protector(deriveKeys(master, profile, 'rtp'), profile, tagBytes(profile));
    this.#rtcp = ciphers.protector(deriveKeys(master, profile, 'rtcp'), profile, rtcpTagBytes(profile));
  }

  /** Bytes behind each packet of a batch that `protect` may write, those of the tag among them. */
  get room(): number {
    return this.#rtp.room;
  }

  /** Encrypts the first `count` slots of `memory` in place and writes their tags; `end` of each moves behind its tag. */
  protect(memory: Uint8Array, slots: readonly Slot[], count: number): void {
    this.#rtp.protectRtp(memory, slots, count);
  }

  /** A compound RTCP packet (RFC 3711 §3.4, RFC 7714 §9); a new array. */
  protectRtcp(packet: Uint8Array): Uint8Array {
    const index = this.#rtcpIndex;
    this.#rtcpIndex = (this.#rtcpIndex + 1) & 0x7fffffff;
    return this.#rtcp.protectRtcp(packet, index);
  }
}
