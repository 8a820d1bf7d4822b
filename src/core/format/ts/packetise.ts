// One PES packet as whole transport stream packets, in one allocation of exact size (ISO 13818-1 §2.4.3).
//
//   first                 middle               last
//   | head | AF | PES head, ES | head | ES (184) | head | AF stuffing | ES |
//
// What does not fill the last packet is taken up by stuffing bytes in its adaptation field.
import { PACKET_BYTES, ROOM, SYNC_BYTE, writePcr, writeTimestamp } from './wire.ts';

/** Where a PES packet goes; one for each PID, kept by the muxer. */
export interface PidState {
  readonly pid: number;
  /** Of the last packet with payload. */
  continuity: number;
}

export interface PesHead {
  readonly streamId: number;
  /** Ticks of 90 kHz. */
  readonly pts: number;
  readonly dts: number;
  /** Ticks of 90 kHz; undefined: the PES carries no PCR. */
  readonly pcr: number | undefined;
  readonly randomAccess: boolean;
}

/**
 * Writes PES packets: `begin` with the size of the elementary stream bytes, `put` exactly those, `done`. Reused from
 * frame to frame, so that writing makes no objects but the result.
 */
export class Packetiser {
  #out: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** End of the payload of the packet that is being filled. */
  #end = 0;
  #left = 0;
  #to: PidState = { pid: 0, continuity: 0 };

  begin(to: PidState, head: PesHead, esBytes: number): void {
    const headBytes = head.pts === head.dts ? 14 : 19;
    const adaptation = head.pcr !== undefined ? 8 : head.randomAccess ? 2 : 0;
    const size = headBytes + esBytes;
    const count = Math.ceil((size + adaptation) / ROOM);
    this.#out = new Uint8Array(count * PACKET_BYTES);
    this.#to = to;
    this.#at = 0;
    this.#left = size;
    this.#first(head, adaptation);
    this.#pesHead(head, size - 6);
    this.#left -= headBytes;
  }

  /** Copies `bytes` from `from` to `to` behind what was put before. */
  put(bytes: Uint8Array, from = 0, to = bytes.length): void {
    let next = from;
    this.#left -= to - from;
    while (next < to) {
      if (this.#at === this.#end) this.#packet(to - next + this.#left);
      const part = Math.min(to - next, this.#end - this.#at);
      this.#out.set(bytes.subarray(next, next + part), this.#at);
      this.#at += part;
      next += part;
    }
  }

  /** The packets; the writer keeps no reference. */
  done(): Uint8Array {
    const out = this.#out;
    this.#out = new Uint8Array(0);
    return out;
  }

  #first(head: PesHead, adaptation: number): void {
    const out = this.#out;
    this.#header(0x40);
    const stuffing = Math.max(0, ROOM - adaptation - this.#left);
    this.#adaptation(adaptation + stuffing);
    if (adaptation === 0) return;
    out[5] = (head.randomAccess ? 0x40 : 0) | (head.pcr === undefined ? 0 : 0x10);
    if (head.pcr !== undefined) writePcr(out, 6, head.pcr);
  }

  /** The next packet, of which `left` bytes of payload are still to come. */
  #packet(left: number): void {
    this.#header(0);
    this.#adaptation(Math.max(0, ROOM - left));
  }

  #header(start: number): void {
    const out = this.#out;
    const at = this.#at;
    const to = this.#to;
    to.continuity = (to.continuity + 1) & 15;
    out[at] = SYNC_BYTE;
    out[at + 1] = start | (to.pid >> 8);
    out[at + 2] = to.pid;
    out[at + 3] = 0x10 | to.continuity;
    this.#at = at + 4;
    this.#end = at + PACKET_BYTES;
  }

  /** An adaptation field of `size` bytes with its length byte, all of it stuffing; 0: none. */
  #adaptation(size: number): void {
    if (size === 0) return;
    const out = this.#out;
    const at = this.#at;
    out[at - 1] = (out[at - 1] as number) | 0x20;
    out[at] = size - 1;
    if (size > 1) out[at + 1] = 0;
    if (size > 2) out.fill(0xff, at + 2, at + size);
    this.#at = at + size;
  }

  /** §2.4.3.6. Its length is 0 (unbounded, allowed for video only) when it does not fit into 16 bits. */
  #pesHead(head: PesHead, length: number): void {
    const out = this.#out;
    const at = this.#at;
    const both = head.pts !== head.dts;
    out[at + 2] = 1;
    out[at + 3] = head.streamId;
    if (length <= 0xffff) {
      out[at + 4] = length >> 8;
      out[at + 5] = length;
    }
    // Marker bits '10'; data_alignment_indicator: an access unit begins right behind this header.
    out[at + 6] = 0x84;
    out[at + 7] = both ? 0xc0 : 0x80;
    out[at + 8] = both ? 10 : 5;
    writeTimestamp(out, at + 9, both ? 3 : 2, head.pts);
    if (both) writeTimestamp(out, at + 14, 1, head.dts);
    this.#at = at + (both ? 19 : 14);
  }
}

/**
 * A packet with nothing but a PCR, the first one of a new time base when `discontinuity` is set. It has no payload, so the continuity counter stays.
 */
export function pcrPacket(to: PidState, pcr: number, discontinuity: boolean): Uint8Array {
  const out = new Uint8Array(PACKET_BYTES).fill(0xff);
  out[0] = SYNC_BYTE;
  out[1] = to.pid >> 8;
  out[2] = to.pid;
  out[3] = 0x20 | to.continuity;
  out[4] = 183;
  out[5] = discontinuity ? 0x90 : 0x10;
  writePcr(out, 6, pcr);
  return out;
}

/** Packets of a section that its table needs. */
export const sectionPackets = (section: Uint8Array): number => Math.ceil((section.length + 1) / ROOM);

/** Writes a section into `target` at `at`, padded with 0xff to whole packets; gives the position behind it. */
export function writeSection(target: Uint8Array, at: number, to: PidState, section: Uint8Array): number {
  let position = at;
  let from = 0;
  while (from < section.length) {
    const first = from === 0;
    to.continuity = (to.continuity + 1) & 15;
    target[position] = SYNC_BYTE;
    target[position + 1] = (first ? 0x40 : 0) | (to.pid >> 8);
    target[position + 2] = to.pid;
    target[position + 3] = 0x10 | to.continuity;
    const start = position + (first ? 5 : 4);
    if (first) target[position + 4] = 0;
    const end = position + PACKET_BYTES;
    const part = Math.min(section.length - from, end - start);
    target.set(section.subarray(from, from + part), start);
    target.fill(0xff, start + part, end);
    from += part;
    position = end;
  }
  return position;
}
