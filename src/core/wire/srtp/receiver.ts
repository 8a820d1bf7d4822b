// Opens what a peer sends: authentic packets once, everything else not at all.
import { createDecipheriv, createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto';
import { HEADER_BYTES, uint16, uint32 } from '../rtp/index.ts';
import { HmacSha1 } from './hmac.ts';
import { KeyStream, xorInto } from './key-stream.ts';
import { deriveKeys, type MasterKey, type SessionKeys, type SrtpProfile, srtpProfile } from './keys.ts';
import { ReplayWindow } from './replay.ts';
import { rtcpNonce, rtpNonce } from './sender.ts';

/** Streams of one session: a few layers with their retransmissions; more is an attack by an authentic peer. */
const MOST_STREAMS = 64;
const RTCP_HEADER_BYTES = 8;
const SHA1_TAG = 10;
const GCM_TAG = 16;

/** One direction of a session. Never throws for what a peer sends: what is not authentic is counted and gone. */
export class SrtpReceiver {
  readonly #rtp: Opener;
  readonly #rtcp: Opener;
  readonly #windows = new Map<number, ReplayWindow>();
  readonly #rtcpWindows = new Map<number, ReplayWindow>();
  /** Packets that were damaged, forged, seen before or too old. */
  refused = 0;

  constructor(master: MasterKey, profile: SrtpProfile) {
    const make = (keys: SessionKeys): Opener =>
      profile === srtpProfile.aeadAes128Gcm ? new GcmOpener(keys) : new CounterOpener(keys);
    this.#rtp = make(deriveKeys(master, profile, 'rtp'));
    this.#rtcp = make(deriveKeys(master, profile, 'rtcp'));
  }

  /** The RTP packet in a new array; undefined when it is refused. */
  openRtp(packet: Uint8Array): Uint8Array | undefined {
    const header = headerBytes(packet);
    if (header === undefined) return this.#refuse();
    const ssrc = uint32(packet, 8);
    const window = this.#windows.get(ssrc) ?? new ReplayWindow();
    const index = window.indexOf(uint16(packet, 2));
    if (!window.fresh(index)) return this.#refuse();
    const opened = this.#rtp.openRtp(packet, header, Math.floor(index / 0x10000));
    return opened === undefined ? this.#refuse() : this.#accepted(this.#windows, ssrc, window, index, opened);
  }

  /** The compound RTCP packet in a new array; undefined when it is refused. */
  openRtcp(packet: Uint8Array): Uint8Array | undefined {
    if (packet.length < RTCP_HEADER_BYTES + this.#rtcp.trailerBytes) return this.#refuse();
    const ssrc = uint32(packet, 4);
    const word = this.#rtcp.indexWord(packet);
    const index = word & 0x7fffffff;
    const window = this.#rtcpWindows.get(ssrc) ?? new ReplayWindow();
    if (!window.fresh(index)) return this.#refuse();
    const opened = this.#rtcp.openRtcp(packet, word);
    return opened === undefined ? this.#refuse() : this.#accepted(this.#rtcpWindows, ssrc, window, index, opened);
  }

  #accepted(
    windows: Map<number, ReplayWindow>,
    ssrc: number,
    window: ReplayWindow,
    index: number,
    opened: Uint8Array,
  ): Uint8Array | undefined {
    if (!windows.has(ssrc)) {
      if (windows.size >= MOST_STREAMS) return this.#refuse();
      windows.set(ssrc, window);
    }
    window.accept(index);
    return opened;
  }

  #refuse(): undefined {
    this.refused++;
    return undefined;
  }
}

/** Not `slice`: that of a Buffer is a view. */
const copy = (packet: Uint8Array, end: number): Uint8Array => new Uint8Array(packet.subarray(0, end));

/** Header with CSRCs and extension; undefined when they do not fit. */
function headerBytes(packet: Uint8Array): number | undefined {
  if (packet.length < HEADER_BYTES) return undefined;
  const first = packet[0] as number;
  let size = HEADER_BYTES + (first & 0x0f) * 4;
  if ((first & 0x10) !== 0) {
    if (size + 4 > packet.length) return undefined;
    size += 4 + uint16(packet, size + 2) * 4;
  }
  return size <= packet.length ? size : undefined;
}

interface Opener {
  /** Behind an RTCP packet. */
  readonly trailerBytes: number;
  indexWord(packet: Uint8Array): number;
  openRtp(packet: Uint8Array, header: number, rollOver: number): Uint8Array | undefined;
  openRtcp(packet: Uint8Array, word: number): Uint8Array | undefined;
}

class CounterOpener implements Opener {
  readonly trailerBytes = 4 + SHA1_TAG;
  readonly #stream: KeyStream;
  readonly #hmac: HmacSha1;

  constructor({ encryption, authentication, salt }: SessionKeys) {
    this.#stream = new KeyStream(encryption, salt);
    this.#hmac = new HmacSha1(authentication);
  }

  indexWord(packet: Uint8Array): number {
    return uint32(packet, packet.length - this.trailerBytes);
  }

  openRtp(packet: Uint8Array, header: number, rollOver: number): Uint8Array | undefined {
    const end = packet.length - SHA1_TAG;
    if (end < header || !this.#authentic(packet, end, rollOver)) return undefined;
    this.#stream.add(uint32(packet, 8), rollOver, uint16(packet, 2), end - header);
    return this.#decrypted(packet, header, end);
  }

  openRtcp(packet: Uint8Array, word: number): Uint8Array | undefined {
    const end = packet.length - SHA1_TAG;
    if (!this.#authentic(packet, end, undefined)) return undefined;
    // The E bit: some peers leave RTCP unencrypted, which is authentic all the same.
    if (word >>> 31 === 0) return copy(packet, end - 4);
    const index = word & 0x7fffffff;
    this.#stream.add(uint32(packet, 4), index >>> 16, index & 0xffff, end - 4 - RTCP_HEADER_BYTES);
    return this.#decrypted(packet, RTCP_HEADER_BYTES, end - 4);
  }

  #authentic(packet: Uint8Array, end: number, trailer: number | undefined): boolean {
    const tag = this.#hmac.sign(packet, 0, end, trailer).subarray(0, SHA1_TAG);
    return timingSafeEqual(tag, packet.subarray(end, end + SHA1_TAG));
  }

  #decrypted(packet: Uint8Array, header: number, end: number): Uint8Array {
    const out = copy(packet, end);
    if (end > header) xorInto(out, header, this.#stream.take(), 0, end - header);
    return out;
  }
}

class GcmOpener implements Opener {
  readonly trailerBytes = GCM_TAG + 4;
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
    if (packet.length < header + GCM_TAG) return undefined;
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
    const decipher = createDecipheriv('aes-128-gcm', this.#key, this.#nonce, { authTagLength: GCM_TAG });
    decipher.setAAD(associated);
    decipher.setAuthTag(packet.subarray(end - GCM_TAG, end));
    const out = copy(packet, end - GCM_TAG);
    out.set(decipher.update(packet.subarray(header, end - GCM_TAG)), header);
    try {
      decipher.final();
    } catch {
      // Not authentic.
      return undefined;
    }
    return out;
  }
}
