// The VPCodecConfigurationRecord (VP Codec ISO Media File Format Binding §2.2): the configuration of a vp9 track.
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { twoDigits, within } from '../bounds.ts';
import { codecErrors } from '../errors.ts';
import { parseHeader, type Vp9Picture } from './header.ts';
import { levelOf } from './level.ts';

/** A VPCodecConfigurationRecord. */
export interface Vp9Config {
  readonly profile: number;
  /** Ten times the level; 0: unknown. */
  readonly level: number;
  readonly bitDepth: number;
  /** 0 4:2:0 vertical, 1 4:2:0 colocated, 2 4:2:2, 3 4:4:4. */
  readonly chromaSubsampling: number;
  readonly fullRange: boolean;
  /** Code points of ISO 23091-2. */
  readonly primaries: number;
  readonly transfer: number;
  readonly matrix: number;
}

/**
 * Parses the record, with or without the version and flags that the vpcC box has in front of it.
 *
 * Errors: CODEC_RESERVED, BYTES_SHORT.
 */
export function parseConfig(bytes: Uint8Array): Vp9Config {
  const reader = new ByteReader(bytes);
  // A record that begins 01 00 00 would be profile 1 with bit depth 0, which does not exist.
  if (bytes[0] === 1 && bytes[1] === 0 && bytes[2] === 0 && bytes[3] === 0) reader.skip(4);
  const profile = within('vp9', 'profile', reader.u8(), 0, 3);
  const level = reader.u8();
  const depth = reader.u8();
  const bitDepth = depth >> 4;
  if (bitDepth !== 8 && bitDepth !== 10 && bitDepth !== 12) {
    throw codecErrors.protocol('RESERVED', { codec: 'vp9', field: 'bitDepth', value: bitDepth });
  }
  return {
    profile,
    level,
    bitDepth,
    chromaSubsampling: (depth >> 1) & 7,
    fullRange: (depth & 1) === 1,
    primaries: reader.u8(),
    transfer: reader.u8(),
    matrix: reader.u8(),
  };
}

/** Writes the record of 8 bytes, without a box's version and flags. */
export const writeConfig = (config: Vp9Config): Uint8Array =>
  new ByteWriter(8)
    .u8(config.profile)
    .u8(config.level)
    .u8((config.bitDepth << 4) | (config.chromaSubsampling << 1) | (config.fullRange ? 1 : 0))
    .u8(config.primaries)
    .u8(config.transfer)
    .u8(config.matrix)
    .u16(0) // codecInitializationDataSize, always 0 for VP9
    .done();

/** The record's bytes out of a key frame; undefined for other frames. The level is that of the size at 30 frames/s. */
export function configOf(frame: Uint8Array): Uint8Array | undefined {
  const { profile, picture } = parseHeader(frame);
  if (picture === undefined) return undefined;
  return writeConfig({
    profile,
    level: levelOf(picture.width, picture.height, 30),
    bitDepth: picture.bitDepth,
    chromaSubsampling: chromaSubsamplingOf(picture),
    fullRange: picture.fullRange,
    ...(colourPoints[picture.colorSpace] ?? unspecified),
  });
}

/** `vp09.00.10.08`, and with chroma and colour behind it where they are not 4:2:0 in BT.709. */
export function codecString(config: Vp9Config): string {
  const short = `vp09.${[config.profile, config.level, config.bitDepth].map(twoDigits).join('.')}`;
  const points = [config.primaries, config.transfer, config.matrix];
  const plain = points.every((point) => point === 1 || point === 2) && !config.fullRange;
  if (plain && config.chromaSubsampling <= 1) return short;
  return `${short}.${[config.chromaSubsampling, ...points, config.fullRange ? 1 : 0].map(twoDigits).join('.')}`;
}

/** "Profile 0" to "Profile 3", as ffprobe says too. */
export const profileName = (profile: number): string => `Profile ${profile}`;

/** "3.1" for 31; undefined for 0, which stands for unknown. */
export const levelName = (level: number): string | undefined =>
  level === 0 ? undefined : `${Math.floor(level / 10)}.${level % 10}`;

function chromaSubsamplingOf({ subsamplingX, subsamplingY }: Vp9Picture): number {
  if (subsamplingX === 1) return subsamplingY === 1 ? 1 : 2;
  return 3; // 4:4:4; the record has no value for 4:4:0
}

const unspecified = { primaries: 2, transfer: 2, matrix: 2 } as const;

/** color_space to code points (ffmpeg and libvpx agree on these). */
const colourPoints: Readonly<Record<number, { primaries: number; transfer: number; matrix: number }>> = {
  1: { primaries: 6, transfer: 6, matrix: 6 },
  2: { primaries: 1, transfer: 1, matrix: 1 },
  3: { primaries: 6, transfer: 6, matrix: 6 },
  4: { primaries: 7, transfer: 7, matrix: 7 },
  5: { primaries: 9, transfer: 14, matrix: 9 },
  7: { primaries: 1, transfer: 13, matrix: 0 },
};
