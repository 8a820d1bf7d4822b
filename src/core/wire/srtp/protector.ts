// Encrypts and signs by node:crypto.
import { type CipherGCM, createCipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { putUint32, uint16, uint32 } from '../rtp/index.ts';
import { Ahead } from './ahead.ts';
import { ENCRYPTED, GCM_TAG_BYTES, type Protector, RTCP_HEADER_BYTES, type Slot } from './cipher.ts';
import { HmacSha1, putText } from './hmac.ts';
import { KeyStream, xorInto } from './key-stream.ts';
import type { SessionKeys } from './keys.ts';
import { type HmacKey, type Lanes, MOST_JOBS, PADDING_BYTES, sharedLanes } from './lanes.ts';
import { rtcpNonce, rtpNonce } from './nonce.ts';

/** AES_CM_128_HMAC_SHA1_80 and _32 (RFC 3711 §4). */
export class CounterProtector implements Protector {
  readonly #stream: KeyStream;
  readonly #ahead: Ahead;
  readonly #hmac: HmacSha1;
  /** Undefined: this machine has none. */
  readonly #lanes = sharedLanes();
  readonly #key: HmacKey | undefined;
  /** Bytes of the tag. */
  readonly #tag: number;
  readonly room: number;

  constructor({ encryption, authentication, salt }: SessionKeys, tag: number) {
    this.#tag = tag;
    this.#stream = new KeyStream(encryption, salt);
    this.#ahead = new Ahead(this.#stream);
    this.#hmac = new HmacSha1(authentication);
    this.#key = this.#lanes?.keyOf(authentication);
    this.room = this.#lanes === undefined ? tag : PADDING_BYTES;
  }

  protectRtp(memory: Uint8Array, slots: readonly Slot[], count: number): void {
    if (count === 1 && this.#alone(memory, slots)) return;
    for (let first = 0; first < count; ) {
      const next = this.#add(memory, slots, first, count);
      this.#protect(memory, slots, first, next, this.#stream.take());
      first = next;
    }
  }

  /** False: a long packet. */
  #alone(memory: Uint8Array, slots: readonly Slot[]): boolean {
    const { begin, headerBytes, end, rollOver } = slots[0] as Slot;
    const size = end - begin - headerBytes;
    const stream = this.#ahead.take(uint32(memory, begin + 8), rollOver, uint16(memory, begin + 2), size);
    if (stream === undefined) return false;
    this.#protect(memory, slots, 0, 1, stream);
    return true;
  }

  #protect(memory: Uint8Array, slots: readonly Slot[], first: number, next: number, stream: Uint8Array): void {
    const [lanes, key] = [this.#lanes, this.#key];
    // One alone has three empty lanes beside it: the calls cost no more then, and less for a long one.
    const isWorth = next - first > 1 && memory === lanes?.batch;
    if (isWorth && key !== undefined) this.#together(lanes, key, slots, first, next, stream);
    else this.#oneByOne(memory, slots, first, next, stream);
  }

  /** As many packets as the key stream has room for; gives the number of the next one. */
  #add(memory: Uint8Array, slots: readonly Slot[], first: number, count: number): number {
    let next = first;
    for (; next < Math.min(count, first + MOST_JOBS); next++) {
      const { begin, headerBytes, end, rollOver } = slots[next] as Slot;
      const size = end - begin - headerBytes;
      if (next > first && !this.#stream.fits(size)) break;
      this.#stream.add(uint32(memory, begin + 8), rollOver, uint16(memory, begin + 2), size);
    }
    return next;
  }

  #oneByOne(memory: Uint8Array, slots: readonly Slot[], first: number, next: number, stream: Uint8Array): void {
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
  }

  /** Packets that were built in the memory of the lanes are signed there, four at a time. */
  #together(lanes: Lanes, key: HmacKey, slots: readonly Slot[], first: number, next: number, stream: Uint8Array): void {
    let from = 0;
    lanes.stream.set(stream);
    for (let i = first; i < next; i++) {
      const { begin, headerBytes, end, rollOver } = slots[i] as Slot;
      lanes.add(begin, begin + headerBytes, end, from, rollOver);
      from += Math.ceil((end - begin - headerBytes) / 16) * 16;
    }
    lanes.sign(key);
    for (let i = first; i < next; i++) {
      const slot = slots[i] as Slot;
      lanes.take(i - first, this.#tag, lanes.batch, slot.end);
      slot.end += this.#tag;
    }
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

/** AEAD_AES_128_GCM (RFC 7714). */
export class GcmProtector implements Protector {
  readonly room = GCM_TAG_BYTES;
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
      slot.end += GCM_TAG_BYTES;
    }
  }

  protectRtcp(packet: Uint8Array, index: number): Uint8Array {
    const out = new Uint8Array(packet.length + GCM_TAG_BYTES + 4);
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
    putUint32(out, packet.length + GCM_TAG_BYTES, word);
    return out;
  }

  #cipher(): CipherGCM {
    return createCipheriv('aes-128-gcm', this.#key, this.#nonce);
  }
}
