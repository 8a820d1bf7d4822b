// A recording as FLV: appended tag by tag, with length and size put into its metadata at the end.
import { concat } from '../../base/bytes.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';
import { type AmfValue, amfEntries, parseAmf0, writeAmf0 } from '../../wire/amf0/index.ts';
import { FlvMuxer } from './mux.ts';
import { BACK_SIZE_BYTES, TAG_HEADER_BYTES } from './wire.ts';

/** Bytes to put in the place of others. */
export interface Patch {
  readonly offset: number;
  readonly bytes: Uint8Array;
}

/** FLV header with the first back size (annex E.2, E.3). */
const FILE_HEADER_BYTES = 13;
/** Our own metadata is written here, which has no depth to speak of. */
const LIMITS = { amfDepth: 256, amfValues: 1_000_000 };

/**
 * Frames in, bytes to append out. What was appended is a whole file after each call, but for the `duration` and
 * `filesize` of onMetaData, which are 0 until `patches` are put in. One file has one set of parameters.
 */
export class FlvWriter {
  readonly #muxer = new FlvMuxer();
  readonly #tracks: readonly Track[];

  constructor(tracks: readonly Track[]) {
    this.#tracks = tracks;
  }

  /** What stands in front of the first frame. */
  begin(): Uint8Array[] {
    const [header, metadata, ...configs] = this.#muxer.header(this.#tracks);
    const chunks = [header, ...configs].flatMap((packet) => packet?.chunks ?? []);
    const tag = concat(metadata?.chunks ?? []);
    const body = tag.subarray(TAG_HEADER_BYTES, tag.length - BACK_SIZE_BYTES);
    return [chunks[0] as Uint8Array, scriptTag(timed(body)), ...chunks.slice(1)];
  }

  write(frame: Frame): Uint8Array[] {
    return this.#muxer.write(frame).flatMap(({ chunks }) => chunks);
  }

  /** For a complete file of that size and media time. */
  patches(sizeBytes: number, duration: Micros): Patch[] {
    return [
      { offset: DURATION_AT, bytes: double(toSeconds(duration)) },
      { offset: SIZE_AT, bytes: double(sizeBytes) },
    ];
  }
}

/** onMetaData as an ECMA array that begins with the two numbers, so that their places are known. */
function timed(body: Uint8Array): Uint8Array {
  const [, properties] = parseAmf0(body, LIMITS);
  const rest = [...(amfEntries(properties) ?? [])].filter(([name]) => !(name in times));
  const entries = new Map<string, AmfValue>([...Object.entries(times), ...rest]);
  return writeAmf0(['onMetaData', { type: 'ecma', entries }]);
}

const times = { duration: 0, filesize: 0 } as const;

/** AMF0: a string has a marker and 2 bytes of size, an array a marker and 4, a name 2, a number a marker. */
const ENTRIES_AT = FILE_HEADER_BYTES + TAG_HEADER_BYTES + 3 + 'onMetaData'.length + 5;
const DURATION_AT = ENTRIES_AT + 2 + 'duration'.length + 1;
const SIZE_AT = DURATION_AT + 8 + 2 + 'filesize'.length + 1;

function double(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setFloat64(0, value);
  return bytes;
}

/** Annex E.4.1, at time 0. */
function scriptTag(body: Uint8Array): Uint8Array {
  const head = Uint8Array.of(18, body.length >>> 16, body.length >>> 8, body.length, 0, 0, 0, 0, 0, 0, 0);
  const back = new Uint8Array(BACK_SIZE_BYTES);
  new DataView(back.buffer).setUint32(0, TAG_HEADER_BYTES + body.length);
  return concat([head, body, back]);
}
