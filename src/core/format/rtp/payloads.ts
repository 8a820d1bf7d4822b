// A row of RTP payloads as bytes, so that the feed of a stream can keep and join them as it does for every format.
import { readU32, totalSize, writeU32 } from '../../base/bytes.ts';

/** Bytes in front of each payload: size 16 bits, kind 8 bits, flags 8 bits, time stamp 32 bits; big-endian. */
export const HEAD_BYTES = 8;

/** Which of the player's two streams a payload belongs to. */
export const payloadKind = { video: 0, audio: 1 } as const;

/** Flags: the last payload of a frame. */
const MARKER = 1;

/** Payloads of one frame, each made of parts that are joined here: the one copy that is made of a frame for all players. */
export function writePayloads(
  payloads: readonly (readonly Uint8Array[])[],
  kind: number,
  timestamp: number,
  markLast: boolean,
): Uint8Array {
  let size = 0;
  for (const parts of payloads) size += HEAD_BYTES + totalSize(parts);
  const out = new Uint8Array(size);
  let at = 0;
  for (let i = 0; i < payloads.length; i++) {
    const parts = payloads[i] as readonly Uint8Array[];
    const length = totalSize(parts);
    const marker = markLast && i === payloads.length - 1 ? MARKER : 0;
    out[at] = length >>> 8;
    out[at + 1] = length;
    out[at + 2] = kind;
    out[at + 3] = marker;
    writeU32(out, at + 4, timestamp);
    at += HEAD_BYTES;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
  }
  return out;
}

/** Told of each payload in a row; `begin` and `end` are offsets into the same bytes. */
export type OnPayload = (kind: number, marker: boolean, timestamp: number, begin: number, end: number) => void;

/** Goes through what `writePayloads` wrote, any number of rows behind each other. */
export function readPayloads(bytes: Uint8Array, on: OnPayload): void {
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const begin = at + HEAD_BYTES;
    const end = begin + (((bytes[at] as number) << 8) | (bytes[at + 1] as number));
    on(bytes[at + 2] as number, bytes[at + 3] === MARKER, readU32(bytes, at + 4), begin, end);
    at = end;
  }
}

/** A payload in a row. */
export interface RtpPayload {
  readonly kind: number;
  readonly marker: boolean;
  readonly timestamp: number;
  /** A view of the row. */
  readonly bytes: Uint8Array;
}

let lastRow: Uint8Array = new Uint8Array(0);
let lastPayloads: readonly RtpPayload[] = [];

/** The payloads of rows behind each other. All players are given the same ones in turn: the last answer is kept. */
export function payloadsOf(row: Uint8Array): readonly RtpPayload[] {
  if (row === lastRow) return lastPayloads;
  const payloads: RtpPayload[] = [];
  readPayloads(row, (kind, marker, timestamp, begin, end) => {
    payloads.push({ kind, marker, timestamp, bytes: row.subarray(begin, end) });
  });
  lastRow = row;
  lastPayloads = payloads;
  return payloads;
}
