// Opens what a peer sends: authentic packets once, everything else not at all.
import { HEADER_BYTES, uint16, uint32 } from '../rtp/index.ts';
import { type Opener, RTCP_HEADER_BYTES, type SrtpCiphers } from './cipher.ts';
import { deriveKeys, type MasterKey, rtcpTagBytes, type SrtpProfile, tagBytes } from './keys.ts';
import { nodeCiphers } from './node-ciphers.ts';
import { ReplayWindow } from './replay.ts';

/** Streams of one session: a few layers with their retransmissions; more is an attack by an authentic peer. */
const MOST_STREAMS = 64;
/** Chosen: the first seconds of a stream that began shortly before the wrap; above, a second look costs for nothing. */
const WRAPPED_BELOW = 0x1000;

/** One direction of a session. Never throws for what a peer sends: what is not authentic is counted and gone. */
export class SrtpReceiver {
  readonly #rtp: Opener;
  readonly #rtcp: Opener;
  readonly #windows = new Map<number, ReplayWindow>();
  readonly #rtcpWindows = new Map<number, ReplayWindow>();
  /** Packets that were damaged, forged, seen before or too old. */
  refused = 0;

  constructor(master: MasterKey, profile: SrtpProfile, ciphers: SrtpCiphers = nodeCiphers) {
    this.#rtp = ciphers.opener(deriveKeys(master, profile, 'rtp'), profile, tagBytes(profile));
    this.#rtcp = ciphers.opener(deriveKeys(master, profile, 'rtcp'), profile, rtcpTagBytes(profile));
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
