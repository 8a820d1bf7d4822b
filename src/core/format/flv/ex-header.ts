// The head of an E-RTMP tag, the same for sound and picture but for the numbers of the packet types.
//
//   video  | 1 | frame type 3 | packet type 4 |        audio  | 9: 4 bits | packet type 4 |
//   then as long as the type is ModEx:   size - 1 (8 bits, 255: 16 bits follow) | data | ModEx type 4 | packet type 4
//   then if the type is Multitrack:      multitrack type 4 | packet type 4
//   then unless each track has its own:  FourCC
import { MODEX_NANO_OFFSET, Multitrack } from './wire.ts';

/** Packet types that differ between audio and video. */
export interface ExNumbers {
  readonly multitrack: number;
  readonly modEx: number;
}

/** Filled again for each tag, so that none is allocated. */
export class ExHeader {
  packetType = 0;
  /** -1 when the tag has one track without a number. */
  multitrack = -1;
  /** 0 when each track has its own. */
  fourCc = 0;
  /** Added to the presentation time. */
  nanoOffset = 0;
  /** Where the header ends. */
  end = 0;

  /** Reads the header; false when the tag is too short for it or nests Multitrack. */
  read(body: Uint8Array, { multitrack, modEx }: ExNumbers): boolean {
    this.packetType = (body[0] as number) & 0x0f;
    this.multitrack = -1;
    this.fourCc = 0;
    this.nanoOffset = 0;
    this.end = 1;
    // Bounded by the body: each turn takes at least three bytes of it.
    while (this.packetType === modEx) if (!this.#readModEx(body)) return false;
    if (this.packetType === multitrack) {
      const byte = body[this.end++];
      if (byte === undefined) return false;
      this.multitrack = byte >> 4;
      this.packetType = byte & 0x0f;
      if (this.packetType === multitrack) return false;
      if (this.multitrack === Multitrack.manyTracksManyCodecs) return true;
    }
    return this.readFourCc(body);
  }

  /** Reads a FourCC at `end`. */
  readFourCc(body: Uint8Array): boolean {
    const at = this.end;
    if (body.length < at + 4) return false;
    this.fourCc = u32(body, at);
    this.end = at + 4;
    return true;
  }

  #readModEx(body: Uint8Array): boolean {
    const short = body[this.end++];
    if (short === undefined) return false;
    let size = short + 1;
    if (size === 256) {
      if (body.length < this.end + 2) return false;
      size = (((body[this.end] as number) << 8) | (body[this.end + 1] as number)) + 1;
      this.end += 2;
    }
    const data = this.end;
    this.end += size;
    const types = body[this.end++];
    if (types === undefined) return false;
    if (types >> 4 === MODEX_NANO_OFFSET && size >= 3) this.nanoOffset = u24(body, data);
    this.packetType = types & 0x0f;
    return true;
  }
}

export const u24 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);

export const u32 = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)) >>>
  0;
