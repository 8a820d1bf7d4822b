// STREAMINFO of FLAC (RFC 9639 §8.2): the configuration of a flac track.
import { BitReader } from '../../base/bits.ts';
import { ByteReader } from '../../base/bytes.ts';
import { within } from '../bounds.ts';
import { codecErrors } from '../errors.ts';

/** What STREAMINFO says of the whole stream. */
export interface StreamInfo {
  /** Samples of a frame. */
  readonly minBlockSize: number;
  readonly maxBlockSize: number;
  readonly sampleRate: number;
  readonly channels: number;
  readonly bitDepth: number;
}

/** Bytes of STREAMINFO. */
export const streamInfoSize = 34;

/** Errors: BYTES_SHORT, CODEC_RESERVED (the first block is another), CODEC_RANGE. */
export function parseStreamInfo(bytes: Uint8Array): StreamInfo {
  const bits = new BitReader(streamInfoOf(bytes));
  const minBlockSize = bits.u(16);
  const maxBlockSize = within('flac', 'maximum block size', bits.u(16), 16, 65_535);
  bits.skip(48); // smallest and largest frame
  const sampleRate = within('flac', 'sample rate', bits.u(20), 1, 0xfffff);
  const channels = 1 + bits.u(3);
  const bitDepth = within('flac', 'bits per sample', 1 + bits.u(5), 4, 32);
  return { minBlockSize, maxBlockSize, sampleRate, channels, bitDepth };
}

/**
 * A view of the 34 bytes, out of what containers carry: the block alone, with its header, or behind `fLaC` as files
 * and E-RTMP have it.
 */
export function streamInfoOf(bytes: Uint8Array): Uint8Array {
  const reader = new ByteReader(bytes);
  if (bytes.length === streamInfoSize) return bytes;
  if (bytes[0] === 0x66 && bytes[1] === 0x4c && bytes[2] === 0x61 && bytes[3] === 0x43) reader.skip(4);
  const type = reader.u8() & 0x7f;
  const size = reader.u24();
  if (type !== 0 || size !== streamInfoSize) {
    throw codecErrors.protocol('RESERVED', { codec: 'flac', field: 'first metadata block', value: type });
  }
  return reader.take(streamInfoSize);
}
