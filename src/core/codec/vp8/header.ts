// The frame header of VP8 (RFC 6386 §9.1).
import { ByteReader } from '../../base/bytes.ts';
import { checkDimensions } from '../bounds.ts';
import { codecErrors } from '../errors.ts';

/** What a frame header says of its frame. */
export interface Vp8Header {
  readonly key: boolean;
  /** 0 to 3: which filters are used. */
  readonly version: number;
  readonly shown: boolean;
  /** Of key frames only. */
  readonly width?: number;
  readonly height?: number;
}

/** Whether the frame is a key frame; false for an empty one. */
export const isKeyFrame = (data: Uint8Array): boolean => data.length > 0 && ((data[0] as number) & 1) === 0;

/** Errors: BYTES_SHORT, CODEC_SYNC (no start code in a key frame), CODEC_DIMENSION. */
export function parseHeader(data: Uint8Array): Vp8Header {
  const reader = new ByteReader(data);
  const head = reader.u8();
  reader.skip(2); // the rest of first_part_size
  const header = { key: (head & 1) === 0, version: (head >> 1) & 7, shown: (head & 0x10) !== 0 };
  if (!header.key) return header;
  const startCode = reader.u24();
  if (startCode !== 0x9d012a) throw codecErrors.protocol('SYNC', { codec: 'vp8', found: startCode.toString(16) });
  // Little-endian, the two highest bits are the scaling.
  const width = (reader.u8() | (reader.u8() << 8)) & 0x3fff;
  const height = (reader.u8() | (reader.u8() << 8)) & 0x3fff;
  checkDimensions('vp8', width, height);
  return { ...header, width, height };
}
