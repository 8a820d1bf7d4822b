// A row of RTP payloads as bytes, so that the feed of a stream can keep and join them as it does for every format.

/** Bytes in front of each payload: size 16 bits, kind 8 bits, flags 8 bits, time stamp 32 bits; big-endian. */
export const HEAD_BYTES = 8;

/** Which of the player's two streams a payload belongs to. */
export const payloadKind = { video: 0, audio: 1 } as const;

const MARKER = 1;

/** What a player needs to write the header. The time stamp is in ticks of the codec's clock, 32 bits. */
export interface PayloadHead {
  readonly kind: number;
  readonly marker: boolean;
  readonly timestamp: number;
}

/** Payloads of one frame, each made of parts that are joined here: the one copy that is made of a frame for all players. */
export function writePayloads(
  payloads: readonly (readonly Uint8Array[])[],
  kind: number,
  timestamp: number,
  markLast: boolean,
): Uint8Array {
  let size = 0;
  for (const parts of payloads) size += HEAD_BYTES + lengthOf(parts);
  const out = new Uint8Array(size);
  let at = 0;
  for (let i = 0; i < payloads.length; i++) {
    const parts = payloads[i] as readonly Uint8Array[];
    const length = lengthOf(parts);
    const marker = markLast && i === payloads.length - 1 ? MARKER : 0;
    out[at] = length >>> 8;
    out[at + 1] = length;
    out[at + 2] = kind;
    out[at + 3] = marker;
    out[at + 4] = timestamp >>> 24;
    out[at + 5] = timestamp >>> 16;
    out[at + 6] = timestamp >>> 8;
    out[at + 7] = timestamp;
    at += HEAD_BYTES;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
  }
  return out;
}

function lengthOf(parts: readonly Uint8Array[]): number {
  let size = 0;
  for (const part of parts) size += part.length;
  return size;
}

/** Told of each payload in a row; `begin` and `end` are offsets into the same bytes. */
export type OnPayload = (kind: number, marker: boolean, timestamp: number, begin: number, end: number) => void;

/** Goes through what `writePayloads` wrote, any number of rows behind each other. */
export function readPayloads(bytes: Uint8Array, on: OnPayload): void {
  for (let at = 0; at + HEAD_BYTES <= bytes.length; ) {
    const begin = at + HEAD_BYTES;
    const end = begin + (((bytes[at] as number) << 8) | (bytes[at + 1] as number));
    const timestamp =
      (((bytes[at + 4] as number) << 24) |
        ((bytes[at + 5] as number) << 16) |
        ((bytes[at + 6] as number) << 8) |
        (bytes[at + 7] as number)) >>>
      0;
    on(bytes[at + 2] as number, bytes[at + 3] === MARKER, timestamp, begin, end);
    at = end;
  }
}
