// Verifies and decrypts by node:crypto.
import { createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { uint16, uint32 } from '../rtp/index.ts';
import { GCM_TAG_BYTES, type Opener, RTCP_HEADER_BYTES } from './cipher.ts';
import { HmacSha1, sameText } from './hmac.ts';
import { KeyStream, xorInto } from './key-stream.ts';
import type { SessionKeys } from './keys.ts';
import { rtcpNonce, rtpNonce } from './nonce.ts';

/** Not `slice`: that of a Buffer is a view. */
const copy = (packet: Uint8Array, end: number): Uint8Array => new Uint8Array(packet.subarray(0, end));

/** AES_CM_128_HMAC_SHA1_80 and _32 (RFC 3711 §4). */
export class CounterOpener implements Opener {
  readonly trailerBytes: number;
  readonly #stream: KeyStream;
  readonly #hmac: HmacSha1;
  /** Bytes of the tag. */
  readonly #tag: number;

  constructor({ encryption, authentication, salt }: SessionKeys, tag: number) {
    this.#tag = tag;
    this.trailerBytes = 4 + tag;
    this.#stream = new KeyStream(encryption, salt);
    this.#hmac = new HmacSha1(authentication);
  }

  indexWord(packet: Uint8Array): number {
    return uint32(packet, packet.length - this.trailerBytes);
  }

  openRtp(packet: Uint8Array, header: number, rollOver: number): Uint8Array | undefined {
    const end = packet.length - this.#tag;
    if (end < header || !this.#authentic(packet, end, rollOver)) return undefined;
    this.#stream.add(uint32(packet, 8), rollOver, uint16(packet, 2), end - header);
    return this.#decrypted(packet, header, end);
  }

  openRtcp(packet: Uint8Array, word: number): Uint8Array | undefined {
    const end = packet.length - this.#tag;
    if (!this.#authentic(packet, end, undefined)) return undefined;
    // The E bit: some peers leave RTCP unencrypted, which is authentic all the same.
    if (word >>> 31 === 0) return copy(packet, end - 4);
    const index = word & 0x7fffffff;
    this.#stream.add(uint32(packet, 4), index >>> 16, index & 0xffff, end - 4 - RTCP_HEADER_BYTES);
    return this.#decrypted(packet, RTCP_HEADER_BYTES, end - 4);
  }

  #authentic(packet: Uint8Array, end: number, trailer: number | undefined): boolean {
    return sameText(packet, end, this.#hmac.sign(packet, 0, end, trailer), this.#tag);
  }

  #decrypted(packet: Uint8Array, header: number, end: number): Uint8Array {
    const out = copy(packet, end);
    if (end > header) xorInto(out, header, this.#stream.take(), 0, end - header);
    return out;
  }
}

/** AEAD_AES_128_GCM (RFC 7714). */
export class GcmOpener implements Opener {
  readonly trailerBytes = GCM_TAG_BYTES + 4;
  readonly #key: KeyObject;
  readonly #salt: Uint8Array;
  readonly #nonce = new Uint8Array(12);

  constructor({ encryption, salt }: SessionKeys) {
    this.#key = createSecretKey(encryption);
    this.#salt = salt;
  }

  indexWord(packet: Uint8Array): number {
    return uint32(packet, packet.length - 4);
  }

  openRtp(packet: Uint8Array, header: number, rollOver: number): Uint8Array | undefined {
    if (packet.length < header + GCM_TAG_BYTES) return undefined;
    rtpNonce(this.#nonce, this.#salt, packet, 0, rollOver);
    return this.#open(packet, header, packet.length, packet.subarray(0, header));
  }

  openRtcp(packet: Uint8Array, word: number): Uint8Array | undefined {
    const associated = new Uint8Array(RTCP_HEADER_BYTES + 4);
    associated.set(packet.subarray(0, RTCP_HEADER_BYTES));
    associated.set(packet.subarray(packet.length - 4), RTCP_HEADER_BYTES);
    rtcpNonce(this.#nonce, this.#salt, uint32(packet, 4), word & 0x7fffffff);
    return this.#open(packet, RTCP_HEADER_BYTES, packet.length - 4, associated);
  }

  #open(packet: Uint8Array, header: number, end: number, associated: Uint8Array): Uint8Array | undefined {
    const decipher = createDecipheriv('aes-128-gcm', this.#key, this.#nonce, { authTagLength: GCM_TAG_BYTES });
    decipher.setAAD(associated);
    decipher.setAuthTag(packet.subarray(end - GCM_TAG_BYTES, end));
    const out = copy(packet, end - GCM_TAG_BYTES);
    out.set(decipher.update(packet.subarray(header, end - GCM_TAG_BYTES)), header);
    try {
      decipher.final();
    } catch {
      // Not authentic.
      return undefined;
    }
    return out;
  }
}
