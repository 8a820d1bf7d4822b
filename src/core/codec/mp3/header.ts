// The header of an MPEG audio frame (ISO 11172-3 §2.4.1.3, ISO 13818-3 §2.4.1.3, and MPEG 2.5), layers I to III.
import { ByteReader } from '../../base/bytes.ts';
import { codecErrors } from '../errors.ts';

/** What a frame header says of its frame. */
export interface Mp3Header {
  /** 2.5 is the extension to 8, 11.025 and 12 kHz. */
  readonly version: 1 | 2 | 2.5;
  readonly layer: 1 | 2 | 3;
  readonly bitrateBps: number;
  readonly sampleRate: number;
  readonly channels: 1 | 2;
  /** Header and payload in bytes. */
  readonly frameSize: number;
  readonly samplesPerFrame: number;
  /** A checksum of 2 bytes follows the header. */
  readonly hasCrc: boolean;
}

/** Bytes of the header. */
export const mp3HeaderSize = 4;

/**
 * Parses the header at `at`.
 *
 * Errors: BYTES_SHORT, CODEC_SYNC, CODEC_RESERVED, which also refuses the free format (bitrate index 0), whose frame
 * size only the next header tells.
 */
export function parseHeader(data: Uint8Array, at = 0): Mp3Header {
  const word = new ByteReader(data, at).u32();
  if (word >>> 21 !== 0x7ff) throw codecErrors.protocol('SYNC', { codec: 'mp3', found: word.toString(16) });
  const version = ([2.5, undefined, 2, 1] as const)[(word >> 19) & 3];
  const layer = ([undefined, 3, 2, 1] as const)[(word >> 17) & 3];
  if (version === undefined) throw reserved('version', 1);
  if (layer === undefined) throw reserved('layer', 0);
  const bitrateIndex = (word >> 12) & 15;
  const kbps = bitrates(version, layer)[bitrateIndex] ?? 0;
  if (kbps === 0) throw reserved('bitrate_index', bitrateIndex);
  const rateIndex = (word >> 10) & 3;
  const fullRate = [44_100, 48_000, 32_000][rateIndex];
  if (fullRate === undefined) throw reserved('sampling_frequency', rateIndex);
  const sampleRate = fullRate / (version === 1 ? 1 : version === 2 ? 2 : 4);
  const bitrateBps = kbps * 1000;
  const samplesPerFrame = layer === 1 ? 384 : layer === 3 && version !== 1 ? 576 : 1152;
  // A slot is 4 bytes in layer I and 1 byte in the others.
  const slot = layer === 1 ? 4 : 1;
  const padding = (word >> 9) & 1;
  const frameSize = (Math.floor((samplesPerFrame * bitrateBps) / (8 * slot * sampleRate)) + padding) * slot;
  const channels = ((word >> 6) & 3) === 3 ? 1 : 2;
  const hasCrc = ((word >> 16) & 1) === 0;
  return { version, layer, bitrateBps, sampleRate, channels, frameSize, samplesPerFrame, hasCrc };
}

/** ISO 14496-1 table 5: object type 0x6B is MPEG-1 audio, 0x69 MPEG-2 audio (and 2.5, which has none). */
export const codecString = (header?: Mp3Header): string =>
  header === undefined || header.version === 1 ? 'mp4a.6B' : 'mp4a.69';

function bitrates(version: number, layer: number): readonly number[] {
  if (version !== 1) return layer === 1 ? kbps.v2Layer1 : kbps.v2;
  return layer === 1 ? kbps.v1Layer1 : layer === 2 ? kbps.v1Layer2 : kbps.v1Layer3;
}

/** By bitrate_index 0 (free format) to 14; 15 is forbidden. */
const kbps = {
  v1Layer1: [0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448],
  v1Layer2: [0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384],
  v1Layer3: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  v2Layer1: [0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256],
  v2: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const;

const reserved = (field: string, value: number) => codecErrors.protocol('RESERVED', { codec: 'mp3', field, value });
