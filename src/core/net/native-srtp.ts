// SRTP by plain calls into node's own OpenSSL, behind the seam of wire/srtp (docs/adr/0005).
import { putUint32, uint16, uint32 } from '../wire/rtp/index.ts';
import {
  ENCRYPTED,
  GCM_TAG_BYTES,
  nodeCiphers,
  type Opener,
  type Protector,
  RTCP_HEADER_BYTES,
  rtcpNonce,
  rtpNonce,
  type SessionKeys,
  type Slot,
  type SrtpCiphers,
  srtpProfile,
} from '../wire/srtp/index.ts';
import type { Native } from './native.ts';
import { allocate, NativeCrypto, type NativeMemory } from './native-crypto.ts';

/** A datagram, with room for its tag and a word behind it. */
const DATAGRAM_BYTES = 65_536 + 64;

/** Of the process: bindings and contexts are kept for ever. */
const known = new WeakMap<Native, SrtpCiphers | undefined>();

/** Undefined when this OpenSSL has not what is needed, or does not do the same as node:crypto. */
export function ciphersOf(native: Native): SrtpCiphers | undefined {
  if (!known.has(native)) known.set(native, make(native));
  return known.get(native);
}

function make(native: Native): SrtpCiphers | undefined {
  try {
    const tools = new Tools(native);
    const ciphers: SrtpCiphers = {
      preferred: [srtpProfile.aeadAes128Gcm, srtpProfile.aes128CmSha1_80],
      protector: (keys, profile, tagBytes) =>
        profile === srtpProfile.aeadAes128Gcm ? new GcmCipher(tools, keys) : new CounterCipher(tools, keys, tagBytes),
      opener: (keys, profile, tagBytes) =>
        profile === srtpProfile.aeadAes128Gcm ? new GcmCipher(tools, keys) : new CounterCipher(tools, keys, tagBytes),
    };
    return agree(ciphers) ? ciphers : undefined;
  } catch {
    return undefined;
  }
}

/** What all sessions share: each uses it within one call. */
class Tools {
  readonly native: Native;
  readonly crypto: NativeCrypto;
  /** The packet that is worked on, where its memory is not lent. */
  readonly packet: NativeMemory;
  #memory: ArrayBufferLike | undefined;
  #address = 0;

  constructor(native: Native) {
    this.native = native;
    this.crypto = new NativeCrypto(native);
    this.packet = allocate(native, DATAGRAM_BYTES);
  }

  /** Asked for each batch, nearly always of the same memory. */
  addressOf(memory: Uint8Array): number {
    if (memory.buffer !== this.#memory) {
      this.#memory = memory.buffer;
      this.#address = this.native.address(memory) - memory.byteOffset;
    }
    return this.#address + memory.byteOffset;
  }

  /** A copy of the work of `size` bytes. */
  take(size: number): Uint8Array {
    return this.packet.bytes.slice(0, size);
  }
}

const IV = 16;

/** AES_CM_128_HMAC_SHA1_80 and _32 (RFC 3711 §4). */
class CounterCipher implements Protector, Opener {
  /** The roll-over counter is written behind a packet, which a tag of four bytes has room for too. */
  readonly room: number;
  readonly trailerBytes: number;
  readonly #tools: Tools;
  readonly #salt: Uint8Array;
  /** The key, and the counter block in front of the first of a packet. */
  readonly #memory: NativeMemory;
  readonly #inner: Uint32Array;
  readonly #outer: Uint32Array;
  readonly #tag: number;

  constructor(tools: Tools, { encryption, authentication, salt }: SessionKeys, tag: number) {
    this.#tools = tools;
    this.#salt = salt;
    this.#tag = tag;
    this.room = tag;
    this.trailerBytes = 4 + tag;
    this.#memory = allocate(tools.native, IV + 16);
    this.#memory.bytes.set(encryption);
    ({ inner: this.#inner, outer: this.#outer } = tools.crypto.hmacStates(authentication));
  }

  protectRtp(memory: Uint8Array, slots: readonly Slot[], count: number): void {
    const base = this.#tools.addressOf(memory);
    let isFirst = true;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as Slot;
      const { begin, end, rollOver } = slot;
      const payload = begin + slot.headerBytes;
      if (end > payload) {
        this.#crypt(
          isFirst,
          uint32(memory, begin + 8),
          rollOver,
          uint16(memory, begin + 2),
          base + payload,
          end - payload,
        );
        isFirst = false;
      }
      // The roll-over counter is signed behind the packet, where the tag will be (§4.2).
      putUint32(memory, end, rollOver);
      this.#sign(base + begin, end + 4 - begin, memory, end);
      slot.end = end + this.#tag;
    }
  }

  protectRtcp(packet: Uint8Array, index: number): Uint8Array {
    const { bytes, address } = this.#tools.packet;
    const end = packet.length + 4;
    bytes.set(packet);
    const size = packet.length - RTCP_HEADER_BYTES;
    if (size > 0) this.#crypt(true, uint32(packet, 4), index >>> 16, index & 0xffff, address + RTCP_HEADER_BYTES, size);
    putUint32(bytes, packet.length, (ENCRYPTED | index) >>> 0);
    this.#sign(address, end, bytes, end);
    return this.#tools.take(end + this.#tag);
  }

  indexWord(packet: Uint8Array): number {
    return uint32(packet, packet.length - this.trailerBytes);
  }

  openRtp(packet: Uint8Array, header: number, rollOver: number): Uint8Array | undefined {
    const end = packet.length - this.#tag;
    if (end < header) return undefined;
    const { bytes, address } = this.#tools.packet;
    bytes.set(packet);
    putUint32(bytes, end, rollOver);
    if (!this.#isTag(packet, end, address, end + 4)) return undefined;
    const size = end - header;
    if (size > 0) this.#crypt(true, uint32(packet, 8), rollOver, uint16(packet, 2), address + header, size);
    return this.#tools.take(end);
  }

  openRtcp(packet: Uint8Array, word: number): Uint8Array | undefined {
    const end = packet.length - this.#tag;
    const { bytes, address } = this.#tools.packet;
    bytes.set(packet);
    if (!this.#isTag(packet, end, address, end)) return undefined;
    const index = word & 0x7fffffff;
    const size = end - 4 - RTCP_HEADER_BYTES;
    // The E bit: some peers leave RTCP unencrypted, which is authentic all the same.
    if (word >>> 31 !== 0 && size > 0) {
      this.#crypt(true, uint32(packet, 4), index >>> 16, index & 0xffff, address + RTCP_HEADER_BYTES, size);
    }
    return this.#tools.take(end - 4);
  }

  /** `high` and `low` are the 48 bits of the index (§4.1.1). */
  #crypt(newKey: boolean, ssrc: number, high: number, low: number, at: number, size: number): void {
    const { bytes, address } = this.#memory;
    const salt = this.#salt;
    for (let i = 0; i < 4; i++) bytes[IV + i] = salt[i] as number;
    putUint32(bytes, IV + 4, (uint32(salt, 4) ^ ssrc) >>> 0);
    putUint32(bytes, IV + 8, (uint32(salt, 8) ^ high) >>> 0);
    bytes[IV + 12] = (salt[12] as number) ^ (low >>> 8);
    bytes[IV + 13] = (salt[13] as number) ^ (low & 0xff);
    this.#tools.crypto.counter(newKey ? address : 0, address + IV, at, size);
  }

  #sign(at: number, size: number, target: Uint8Array, targetAt: number): void {
    const digest = this.#tools.crypto.hmac(this.#inner, this.#outer, at, size);
    for (let i = 0; i < this.#tag; i++) target[targetAt + i] = digest[i] as number;
  }

  /** Takes as long when they differ early as when late. */
  #isTag(packet: Uint8Array, tagAt: number, at: number, size: number): boolean {
    const digest = this.#tools.crypto.hmac(this.#inner, this.#outer, at, size);
    let difference = 0;
    for (let i = 0; i < this.#tag; i++) difference |= (packet[tagAt + i] as number) ^ (digest[i] as number);
    return difference === 0;
  }
}

/** AEAD_AES_128_GCM (RFC 7714). */
class GcmCipher implements Protector, Opener {
  readonly room = GCM_TAG_BYTES;
  readonly trailerBytes = GCM_TAG_BYTES + 4;
  readonly #tools: Tools;
  readonly #salt: Uint8Array;
  /** The key, the nonce, what is authenticated of RTCP, a tag. */
  readonly #memory: NativeMemory;
  readonly #nonce: Uint8Array;

  constructor(tools: Tools, { encryption, salt }: SessionKeys) {
    this.#tools = tools;
    this.#salt = salt;
    this.#memory = allocate(tools.native, 64);
    this.#memory.bytes.set(encryption);
    this.#nonce = this.#memory.bytes.subarray(IV, IV + 12);
  }

  protectRtp(memory: Uint8Array, slots: readonly Slot[], count: number): void {
    const base = this.#tools.addressOf(memory);
    const { address } = this.#memory;
    for (let i = 0; i < count; i++) {
      const slot = slots[i] as Slot;
      const { begin, headerBytes, end } = slot;
      const payload = begin + headerBytes;
      rtpNonce(this.#nonce, this.#salt, memory, begin, slot.rollOver);
      const [key, nonce] = [i === 0 ? address : 0, address + IV];
      this.#tools.crypto.seal(key, nonce, base + begin, headerBytes, base + payload, end - payload, base + end);
      slot.end = end + GCM_TAG_BYTES;
    }
  }

  protectRtcp(packet: Uint8Array, index: number): Uint8Array {
    const { bytes, address } = this.#tools.packet;
    const word = (ENCRYPTED | index) >>> 0;
    bytes.set(packet);
    rtcpNonce(this.#nonce, this.#salt, uint32(packet, 4), index);
    this.#tools.crypto.seal(
      ...this.#keyed(packet, word),
      address + RTCP_HEADER_BYTES,
      packet.length - RTCP_HEADER_BYTES,
      address + packet.length,
    );
    putUint32(bytes, packet.length + GCM_TAG_BYTES, word);
    return this.#tools.take(packet.length + GCM_TAG_BYTES + 4);
  }

  indexWord(packet: Uint8Array): number {
    return uint32(packet, packet.length - 4);
  }

  openRtp(packet: Uint8Array, header: number, rollOver: number): Uint8Array | undefined {
    const end = packet.length - GCM_TAG_BYTES;
    if (end < header) return undefined;
    const { bytes, address } = this.#tools.packet;
    const own = this.#memory.address;
    bytes.set(packet);
    rtpNonce(this.#nonce, this.#salt, packet, 0, rollOver);
    const payload = address + header;
    if (!this.#tools.crypto.open(own, own + IV, address, header, payload, end - header, address + end))
      return undefined;
    return this.#tools.take(end);
  }

  openRtcp(packet: Uint8Array, word: number): Uint8Array | undefined {
    const end = packet.length - 4 - GCM_TAG_BYTES;
    const { bytes, address } = this.#tools.packet;
    bytes.set(packet);
    rtcpNonce(this.#nonce, this.#salt, uint32(packet, 4), word & 0x7fffffff);
    const body = address + RTCP_HEADER_BYTES;
    const keyed = this.#keyed(packet, word);
    return this.#tools.crypto.open(...keyed, body, end - RTCP_HEADER_BYTES, address + end)
      ? this.#tools.take(end)
      : undefined;
  }

  /** Key, nonce, and what is authenticated: the header and the word of the index (RFC 7714 §9.2). */
  #keyed(packet: Uint8Array, word: number): [key: number, nonce: number, associated: number, size: number] {
    const { bytes, address } = this.#memory;
    bytes.set(packet.subarray(0, RTCP_HEADER_BYTES), 2 * IV);
    putUint32(bytes, 2 * IV + RTCP_HEADER_BYTES, word);
    return [address, address + IV, address + 2 * IV, RTCP_HEADER_BYTES + 4];
  }
}

/** Whether they make the same of one packet as node:crypto: `SHA_CTX` is not promised to be what it has been for decades. */
function agree(ciphers: SrtpCiphers): boolean {
  return Object.values(srtpProfile).every((profile) => {
    const keys = {
      encryption: new Uint8Array(16).fill(1),
      authentication: new Uint8Array(20).fill(2),
      salt: new Uint8Array(profile === srtpProfile.aeadAes128Gcm ? 12 : 14).fill(3),
    };
    const packet = new Uint8Array(200).fill(4);
    const made = [ciphers, nodeCiphers].map((some) => some.protector(keys, profile, 10).protectRtcp(packet, 5));
    const [own, theirs] = made as [Uint8Array, Uint8Array];
    return own.length === theirs.length && own.every((byte, at) => byte === theirs[at]);
  });
}
