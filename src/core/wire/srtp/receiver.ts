// Opens what a peer sends: authentic packets once, everything else not at all.
import { createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { HEADER_BYTES, uint16, uint32 } from '../rtp/index.ts';
import { HmacSha1, sameText } from './hmac.ts';
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
import { ReplayWindow } from './replay.ts';
import { rtcpNonce, rtpNonce } from './sender.ts';

/** Streams of one session: a few layers with their retransmissions; more is an attack by an authentic peer. */
const MOST_STREAMS = 64;
const RTCP_HEADER_BYTES = 8;
/** Chosen: the first seconds of a stream that began shortly before the wrap; above, a second look costs for nothing. */
const WRAPPED_BELOW = 0x1000;
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
    const make = (keys: SessionKeys, tag: number): Opener =>
      profile === srtpProfile.aeadAes128Gcm ? new GcmOpener(keys) : new CounterOpener(keys, tag);
    this.#rtp = make(deriveKeys(master, profile, 'rtp'), tagBytes(profile));
    this.#rtcp = make(deriveKeys(master, profile, 'rtcp'), rtcpTagBytes(profile));
  }

  /** The RTP packet in a new array; undefined when it is refused. */
  openRtp(packet: Uint8Array): Uint8Array | undefined {
    const header = headerBytes(packet);
    if (header === undefined) return this.#refuse();
    const ssrc = uint32(packet, 8);
    const sequence = uint16(packet, 2);
    const window = this.#windows.get(ssrc);
    if (window === undefined) return this.#first(packet, header, ssrc, sequence);
    const index = window.indexOf(sequence);
    if (!window.fresh(index)) return this.#refuse();
    const opened = this.#rtp.openRtp(packet, header, Math.floor(index / 0x10000));
    if (opened === undefined) return this.#refuse();
    window.accept(index);
    return opened;
  }

  /** The compound RTCP packet in a new array; undefined when it is refused. */
  openRtcp(packet: Uint8Array): Uint8Array | undefined {
    if (packet.length < RTCP_HEADER_BYTES + this.#rtcp.trailerBytes) return this.#refuse();
    const ssrc = uint32(packet, 4);
    const word = this.#rtcp.indexWord(packet);
    const index = word & 0x7fffffff;
    const window = this.#rtcpWindows.get(ssrc);
    if (window === undefined ? this.#rtcpWindows.size >= MOST_STREAMS : !window.fresh(index)) return this.#refuse();
    const opened = this.#rtcp.openRtcp(packet, word);
    if (opened === undefined) return this.#refuse();
    (window ?? begun(this.#rtcpWindows, ssrc)).accept(index);
    return opened;
  }

  /**
   * The first packet of a stream that arrives need not be the first that was sent: with a low sequence it may be one behind
   * the first wrap, which libraries that begin at zero would refuse for ever. Nothing is kept of what is not authentic.
   */
  #first(packet: Uint8Array, header: number, ssrc: number, sequence: number): Uint8Array | undefined {
    if (this.#windows.size >= MOST_STREAMS) return this.#refuse();
    let rollOver = 0;
    let opened = this.#rtp.openRtp(packet, header, rollOver);
    if (opened === undefined && sequence < WRAPPED_BELOW) opened = this.#rtp.openRtp(packet, header, ++rollOver);
    if (opened === undefined) return this.#refuse();
    begun(this.#windows, ssrc).accept(rollOver * 0x10000 + sequence);
    return opened;
  }

  #refuse(): undefined {
    this.refused++;
    return undefined;
  }
}

/** The window of a stream whose first packet was authentic. */
function begun(windows: Map<number, ReplayWindow>, ssrc: number): ReplayWindow {
  const window = new ReplayWindow();
  windows.set(ssrc, window);
  return window;
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
