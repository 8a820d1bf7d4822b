// Protects what we send: packets of one session, in batches, in the memory in which they were built.
import { type CipherGCM, createCipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { HEADER_BYTES, putUint32, uint16, uint32 } from '../rtp/index.ts';
import { HmacSha1, putText } from './hmac.ts';
import { KeyStream, xorInto } from './key-stream.ts';
import {
  deriveKeys,
  type MasterKey,
  rtcpTagBytes,
  type SessionKeys,
  type SrtpProfile,
  srtpProfile,
  tagBytes,
} from './keys.ts';

/** One packet in the memory of a batch: room for the tag must be behind `end`. */
export interface Slot {
  begin: number;
  /** Header with its extension. */
  headerBytes: number;
  end: number;
  /** Roll-over counter of its sequence number. */
  rollOver: number;
}

/** One direction of a session. The caller counts sequences and their wraps. */
export class SrtpSender {
  readonly profile: SrtpProfile;
  readonly #rtp: Protector;
  readonly #rtcp: Protector;
  /** 31 bits (RFC 3711 §3.4). */
  #rtcpIndex = 0;

  constructor(master: MasterKey, profile: SrtpProfile) {
    this.profile = profile;
    const make = (keys: SessionKeys, tag: number): Protector =>
      profile === srtpProfile.aeadAes128Gcm ? new GcmProtector(keys) : new CounterProtector(keys, tag);
    this.#rtp = make(deriveKeys(master, profile, 'rtp'), tagBytes(profile));
    this.#rtcp = make(deriveKeys(master, profile, 'rtcp'), rtcpTagBytes(profile));
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

interface Protector {
  protectRtp(memory: Uint8Array, slots: readonly Slot[], count: number): void;
  protectRtcp(packet: Uint8Array, index: number): Uint8Array;
}

const RTCP_HEADER_BYTES = 8;
const ENCRYPTED = 0x80000000;

/** AES_CM_128_HMAC_SHA1_80 and _32 (RFC 3711 §4). */
class CounterProtector implements Protector {
  readonly #stream: KeyStream;
  readonly #hmac: HmacSha1;
  /** Bytes of the tag. */
  readonly #tag: number;

  constructor({ encryption, authentication, salt }: SessionKeys, tag: number) {
    this.#tag = tag;
    this.#stream = new KeyStream(encryption, salt);
    this.#hmac = new HmacSha1(authentication);
  }

  protectRtp(memory: Uint8Array, slots: readonly Slot[], count: number): void {
    let first = 0;
    while (first < count) first = this.#batch(memory, slots, first, count);
  }

  /** As many packets as the key stream has room for; gives the number of the next one. */
  #batch(memory: Uint8Array, slots: readonly Slot[], first: number, count: number): number {
    let next = first;
    for (; next < count; next++) {
      const { begin, headerBytes, end, rollOver } = slots[next] as Slot;
      const size = end - begin - headerBytes;
      if (next > first && !this.#stream.fits(size)) break;
      this.#stream.add(uint32(memory, begin + 8), rollOver, uint16(memory, begin + 2), size);
    }
    const stream = this.#stream.take();
    let from = 0;
    for (let i = first; i < next; i++) {
      const slot = slots[i] as Slot;
      const payload = slot.begin + slot.headerBytes;
      const size = slot.end - payload;
      xorInto(memory, payload, stream, from, size);
      from += Math.ceil(size / 16) * 16;
      putText(memory, slot.end, this.#hmac.sign(memory, slot.begin, slot.end, slot.rollOver), this.#tag);
      slot.end += this.#tag;
    }
    return next;
  }

  protectRtcp(packet: Uint8Array, index: number): Uint8Array {
    const out = new Uint8Array(packet.length + 4 + this.#tag);
    out.set(packet);
    const size = packet.length - RTCP_HEADER_BYTES;
    this.#stream.add(uint32(packet, 4), index >>> 16, index & 0xffff, size);
    xorInto(out, RTCP_HEADER_BYTES, this.#stream.take(), 0, size);
    putUint32(out, packet.length, (ENCRYPTED | index) >>> 0);
    const end = packet.length + 4;
    putText(out, end, this.#hmac.sign(out, 0, end, undefined), this.#tag);
    return out;
  }
}

const GCM_TAG = 16;

/** AEAD_AES_128_GCM (RFC 7714). */
class GcmProtector implements Protector {
  readonly #key: KeyObject;
  readonly #salt: Uint8Array;
  readonly #nonce = new Uint8Array(12);

  constructor({ encryption, salt }: SessionKeys) {
    this.#key = createSecretKey(encryption);
    this.#salt = salt;
  }

  protectRtp(memory: Uint8Array, slots: readonly Slot[], count: number): void {
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as Slot;
      const payload = slot.begin + slot.headerBytes;
      rtpNonce(this.#nonce, this.#salt, memory, slot.begin, slot.rollOver);
      const cipher = this.#cipher();
      cipher.setAAD(memory.subarray(slot.begin, payload));
      memory.set(cipher.update(memory.subarray(payload, slot.end)), payload);
      cipher.final();
      memory.set(cipher.getAuthTag(), slot.end);
      slot.end += GCM_TAG;
    }
  }

  protectRtcp(packet: Uint8Array, index: number): Uint8Array {
    const out = new Uint8Array(packet.length + GCM_TAG + 4);
    const word = (ENCRYPTED | index) >>> 0;
    rtcpNonce(this.#nonce, this.#salt, uint32(packet, 4), index);
    const associated = new Uint8Array(RTCP_HEADER_BYTES + 4);
    associated.set(packet.subarray(0, RTCP_HEADER_BYTES));
    putUint32(associated, RTCP_HEADER_BYTES, word);
    const cipher = this.#cipher();
    cipher.setAAD(associated);
    out.set(packet.subarray(0, RTCP_HEADER_BYTES));
    out.set(cipher.update(packet.subarray(RTCP_HEADER_BYTES)), RTCP_HEADER_BYTES);
    cipher.final();
    out.set(cipher.getAuthTag(), packet.length);
    putUint32(out, packet.length + GCM_TAG, word);
    return out;
  }

  #cipher(): CipherGCM {
    return createCipheriv('aes-128-gcm', this.#key, this.#nonce);
  }
}

/** RFC 7714 §8.1: two zeros, SSRC, roll-over counter and sequence, XOR the salt. */
export function rtpNonce(nonce: Uint8Array, salt: Uint8Array, packet: Uint8Array, at: number, rollOver: number): void {
  nonce.set(salt);
  for (let i = 0; i < 4; i++) {
    nonce[2 + i] = (nonce[2 + i] as number) ^ (packet[at + HEADER_BYTES - 4 + i] as number);
    nonce[6 + i] = (nonce[6 + i] as number) ^ ((rollOver >>> (24 - 8 * i)) & 0xff);
  }
  nonce[10] = (nonce[10] as number) ^ (packet[at + 2] as number);
  nonce[11] = (nonce[11] as number) ^ (packet[at + 3] as number);
}

/** RFC 7714 §9.1: two zeros, SSRC, two zeros, the index, XOR the salt. */
export function rtcpNonce(nonce: Uint8Array, salt: Uint8Array, ssrc: number, index: number): void {
  nonce.set(salt);
  for (let i = 0; i < 4; i++) {
    nonce[2 + i] = (nonce[2 + i] as number) ^ ((ssrc >>> (24 - 8 * i)) & 0xff);
    nonce[8 + i] = (nonce[8 + i] as number) ^ ((index >>> (24 - 8 * i)) & 0xff);
  }
}
