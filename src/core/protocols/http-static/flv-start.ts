// FLV from an offset in bytes, as players seek by the `keyframes` of onMetaData (SRS: VOD of FLV, `?start=OFFSET`).
import type { RandomAccess } from '../../base/link.ts';
import { TagType } from '../../format/flv/index.ts';
import type { Query } from '../../wire/http/query.ts';
import { httpStaticErrors } from './errors.ts';
import type { Piece } from './ranges.ts';

/** Header with the first back size (Adobe FLV 10.1, annex E.2, E.3). */
const FILE_HEADER_BYTES = 13;
const TAG_HEADER_BYTES = 11;
const BACK_BYTES = 4;
/** Sequence headers stand behind the metadata; chosen: an index of ten thousand key frames has 200 KB. */
const HEAD_BYTES = 1024 * 1024;
/** Tags that are looked at for them. */
const HEAD_TAGS = 64;
/** How far the next tag is looked for; chosen: a key frame of 4K. Behind it the offset is taken as it is, as SRS does. */
const SEARCH_BYTES = 4 * 1024 * 1024;

/** The `start` of a query; undefined: the whole file. */
export function parseStart(query: Query): number | undefined {
  const text = query.get('start');
  const start = text !== null && /^\d{1,15}(\.\d{1,9})?$/.test(text) ? Number(text) : 0;
  return start > 0 ? start : undefined;
}

/**
 * The file's header, its sequence headers, and everything from the first tag at or behind `start`. Undefined when it is no FLV.
 * Rejects with HTTP_STATIC_START and the errors of `read`.
 */
export async function flvFrom(file: RandomAccess, start: number): Promise<readonly Piece[] | undefined> {
  if (start >= file.size) throw httpStaticErrors.protocol('START', { start });
  const head = await file.read(0, Math.min(HEAD_BYTES, file.size));
  if (head[0] !== 0x46 || head[1] !== 0x4c || head[2] !== 0x56 || head.length < FILE_HEADER_BYTES) return undefined;
  const { configs, end } = findConfigs(head);
  const from = await nextTag(file, Math.max(Math.floor(start), FILE_HEADER_BYTES));
  // Before the sequence headers everything is sent anyway.
  if (from <= end) return [{ start: 0, end: file.size }];
  return [head.subarray(0, FILE_HEADER_BYTES), ...configs, { start: from, end: file.size }];
}

/** The tags that are sequence headers, and where the last one ends. */
function findConfigs(head: Uint8Array): { configs: Uint8Array[]; end: number } {
  const configs: Uint8Array[] = [];
  let end = 0;
  let at = FILE_HEADER_BYTES;
  for (let count = 0; count < HEAD_TAGS && at + TAG_HEADER_BYTES < head.length; count++) {
    const next = at + TAG_HEADER_BYTES + sizeAt(head, at) + BACK_BYTES;
    if (next > head.length) break;
    if (isConfig(head, at)) {
      configs.push(head.subarray(at, next));
      end = next;
    }
    at = next;
  }
  return { configs, end };
}

/** Annex E.4.2.1, E.4.3.1, and E-RTMP "Enhanced video": packet type SequenceStart. */
function isConfig(bytes: Uint8Array, at: number): boolean {
  const [first = 0, second = 0] = bytes.subarray(at + TAG_HEADER_BYTES);
  if (bytes[at] === TagType.video) {
    return first >= 0x80 ? (first & 0x0f) === 0 : ((first & 0x0f) === 7 || (first & 0x0f) === 12) && second === 0;
  }
  if (bytes[at] !== TagType.audio) return false;
  return first >> 4 === 10 ? second === 0 : first >> 4 === 9 && (first & 0x0f) === 0;
}

/** The offset itself when a tag begins there, else that of the next one. */
async function nextTag(file: RandomAccess, start: number): Promise<number> {
  const base = start - BACK_BYTES;
  const bytes = await file.read(base, Math.min(SEARCH_BYTES, file.size - base));
  for (let at = BACK_BYTES; at + TAG_HEADER_BYTES <= bytes.length; at++) if (isTag(bytes, at)) return base + at;
  return start;
}

/** A header, and the size behind the tag, which is that of the tag; without a look behind what was read. */
function isTag(bytes: Uint8Array, at: number): boolean {
  const type = bytes[at];
  if (type !== TagType.audio && type !== TagType.video && type !== TagType.script) return false;
  if (bytes[at + 8] !== 0 || bytes[at + 9] !== 0 || bytes[at + 10] !== 0) return false;
  const size = TAG_HEADER_BYTES + sizeAt(bytes, at);
  const back = at + size;
  if (back + BACK_BYTES > bytes.length) return false;
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(back) === size;
}

const sizeAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at + 1] ?? 0) << 16) | ((bytes[at + 2] ?? 0) << 8) | (bytes[at + 3] ?? 0);
