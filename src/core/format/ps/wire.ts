// Headers of the program stream: packs, PES packets, the map (ISO 13818-1 §2.5.3, ISO 11172-1 §2.4.3 for MPEG-1).
import { parsePes } from '../ts/pes.ts';
import { readTimestamp } from '../ts/wire.ts';

/** The byte behind 00 00 01 (table 2-22); what is below `programEnd` belongs to the elementary streams. */
export const startCode = {
  programEnd: 0xb9,
  pack: 0xba,
  systemHeader: 0xbb,
  map: 0xbc,
  padding: 0xbe,
} as const;

/** Bytes of 00 00 01 and the code. */
export const CODE_BYTES = 4;
/** program_stream_map_length is at most 0x3fa (§2.5.4.2). */
export const MAX_MAP_BYTES = 6 + 0x3fa;

/** What is found in a stream. */
export type PsKind = 'h264' | 'h265' | 'aac' | 'mp3' | 'pcma' | 'pcmu';

/** What sort of media a kind is. */
export const mediaKind = (kind: PsKind): 'video' | 'audio' => (kind === 'h264' || kind === 'h265' ? 'video' : 'audio');

/** stream_type (table 2-34; GB/T 28181 annex C for G.711). */
const kinds = new Map<number, PsKind>([
  [0x03, 'mp3'],
  [0x04, 'mp3'],
  [0x0f, 'aac'],
  [0x1b, 'h264'],
  [0x24, 'h265'],
  [0x90, 'pcma'],
  [0x91, 'pcmu'],
]);

/** The sort of a stream by its id (table 2-22); undefined when it has neither sound nor picture by itself. */
export function rangeOf(streamId: number): 'video' | 'audio' | undefined {
  if (streamId >= 0xe0 && streamId <= 0xef) return 'video';
  return streamId >= 0xc0 && streamId <= 0xdf ? 'audio' : undefined;
}

/** Bytes of the pack header at `at`; 0: more are needed to tell, at most 21; -1: it is none. */
export function packBytes(bytes: Uint8Array, at: number): number {
  if (at + 5 > bytes.length) return 0;
  const mark = bytes[at + 4] as number;
  if ((mark & 0xf0) === 0x20) return at + 12 > bytes.length ? 0 : 12;
  if ((mark & 0xc0) !== 0x40) return -1;
  if (at + 14 > bytes.length) return 0;
  const size = 14 + ((bytes[at + 13] as number) & 7);
  return at + size > bytes.length ? 0 : size;
}

/** Of a PES packet. */
export interface PesHead {
  /** With the start code and the length; what is behind is payload. */
  readonly bytes: number;
  /** 33-bit ticks. */
  readonly pts: number | undefined;
  readonly dts: number | undefined;
}

/** The PES header at `at`; undefined: more bytes are needed, at most 264; `damaged`: it contradicts itself. */
export function pesHead(bytes: Uint8Array, at: number): PesHead | 'damaged' | undefined {
  if (at + 7 > bytes.length) return undefined;
  if (((bytes[at + 6] as number) & 0xc0) !== 0x80) return oldPesHead(bytes, at);
  if (at + 9 > bytes.length) return undefined;
  const size = 9 + (bytes[at + 8] as number);
  if (at + size > bytes.length) return undefined;
  const pes = parsePes(bytes.subarray(at, at + size), false);
  return pes === undefined ? 'damaged' : { bytes: size, pts: pes.pts, dts: pes.dts };
}

/** Stuffing bytes of a packet of MPEG-1 (ISO 11172-1 §2.4.3.3). */
const MAX_STUFFING = 16;

/** MPEG-1: stuffing, the size of a buffer, then the times or 0x0f. */
function oldPesHead(bytes: Uint8Array, at: number): PesHead | 'damaged' | undefined {
  let place = at + 6;
  while (bytes[place] === 0xff) {
    place++;
    if (place - at - 6 > MAX_STUFFING) return 'damaged';
  }
  if (((bytes[place] ?? 0) & 0xc0) === 0x40) place += 2;
  const mark = bytes[place];
  if (mark === undefined) return undefined;
  if (mark === 0x0f) return { bytes: place + 1 - at, pts: undefined, dts: undefined };
  const times = mark >> 4;
  if (times !== 2 && times !== 3) return 'damaged';
  const end = place + (times === 2 ? 5 : 10);
  if (end > bytes.length) return undefined;
  const dts = times === 3 ? readTimestamp(bytes, place + 5) : undefined;
  return { bytes: end - at, pts: readTimestamp(bytes, place), dts };
}

/** One stream of a map. */
export interface MapEntry {
  readonly streamId: number;
  /** Undefined: none that we carry. */
  readonly kind: PsKind | undefined;
}

/**
 * The streams of a whole program stream map (§2.5.4.1); undefined when its lengths contradict each other. Its CRC is not
 * looked at: cameras write anything there.
 */
export function readMap(bytes: Uint8Array): MapEntry[] | undefined {
  if (bytes.length < 16) return undefined;
  const word = (at: number): number => ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  const list = 10 + word(8);
  if (list + 2 > bytes.length - 4) return undefined;
  const end = list + 2 + word(list);
  if (end > bytes.length - 4) return undefined;
  const entries: MapEntry[] = [];
  for (let at = list + 2; at < end; ) {
    if (at + 4 > end) return undefined;
    entries.push({ streamId: bytes[at + 1] as number, kind: kinds.get(bytes[at] as number) });
    at += 4 + word(at + 2);
    if (at > end) return undefined;
  }
  return entries;
}
