// hvcC, the HEVCDecoderConfigurationRecord (ISO 14496-15 §8.3.3): the configuration of an h265 track.
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { within } from '../bounds.ts';
import { codecErrors } from '../errors.ts';
import type { LengthSize } from '../nal.ts';
import { nalType, nalTypeOf } from './nal.ts';
import type { ProfileTierLevel } from './profile.ts';
import { parseSps } from './sps.ts';
import { parseVps } from './vps.ts';

/** An HEVCDecoderConfigurationRecord. */
export interface HevcConfig {
  readonly profile: ProfileTierLevel;
  /** min_spatial_segmentation_idc; 0: unknown. */
  readonly minSpatialSegmentation: number;
  /** parallelismType; 0: unknown or mixed. */
  readonly parallelism: number;
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  /** Frames in 256 seconds; 0: unknown. */
  readonly averageFrameRate: number;
  readonly constantFrameRate: number;
  readonly temporalLayers: number;
  readonly temporalIdNested: boolean;
  /** Bytes of the length in front of each NAL unit of the frames. */
  readonly lengthSize: LengthSize;
  readonly arrays: readonly UnitArray[];
}

/** Units of one type; `complete`: none of this type is in the frames. */
export interface UnitArray {
  readonly type: number;
  readonly complete: boolean;
  readonly nals: readonly Uint8Array[];
}

/**
 * Parses hvcC; the units are views of `bytes`. A record without parameter sets (hev1) is fine here.
 *
 * Errors: CODEC_VERSION, CODEC_RANGE (a length of 3 bytes), CODEC_UNIT (an empty unit), BYTES_SHORT.
 */
export function parseConfig(bytes: Uint8Array): HevcConfig {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  // QUIRK(x265 and ffmpeg before 2014): version 0, the record is the same.
  if (version > 1) throw codecErrors.protocol('VERSION', { codec, version });
  const head = reader.u8();
  const profile = {
    profileSpace: head >> 6,
    tier: (head >> 5) & 1,
    profileIdc: head & 0x1f,
    compatibilityFlags: reader.u32(),
    constraintFlags: reader.take(6),
    levelIdc: reader.u8(),
  };
  const minSpatialSegmentation = reader.u16() & 0xfff;
  const parallelism = reader.u8() & 3;
  const chromaFormat = reader.u8() & 3;
  const bitDepthLuma = 8 + (reader.u8() & 7);
  const bitDepthChroma = 8 + (reader.u8() & 7);
  const averageFrameRate = reader.u16();
  const layers = reader.u8();
  const lengthSize = 1 + (layers & 3);
  if (lengthSize === 3) within(codec, 'lengthSizeMinusOne', 2, 3, 3);
  return {
    profile,
    minSpatialSegmentation,
    parallelism,
    chromaFormat,
    bitDepthLuma,
    bitDepthChroma,
    averageFrameRate,
    constantFrameRate: layers >> 6,
    temporalLayers: (layers >> 3) & 7,
    temporalIdNested: (layers & 4) !== 0,
    lengthSize: lengthSize as LengthSize,
    arrays: parseArrays(reader),
  };
}

function parseArrays(reader: ByteReader): UnitArray[] {
  const arrays: UnitArray[] = [];
  const count = reader.u8();
  for (let i = 0; i < count; i++) {
    const head = reader.u8();
    const nals: Uint8Array[] = [];
    const units = reader.u16();
    for (let j = 0; j < units; j++) {
      const size = reader.u16();
      if (size === 0) throw codecErrors.protocol('UNIT', { codec, what: 'an empty unit in the configuration' });
      nals.push(reader.take(size));
    }
    arrays.push({ type: head & 0x3f, complete: (head & 0x80) !== 0, nals });
  }
  return arrays;
}

/** Writes hvcC. Errors: CODEC_RANGE for more units, or a larger one, than the record can hold. */
export function writeConfig(config: HevcConfig): Uint8Array {
  const { profile } = config;
  const writer = new ByteWriter(256)
    .u8(1)
    .u8((profile.profileSpace << 6) | (profile.tier << 5) | profile.profileIdc)
    .u32(profile.compatibilityFlags)
    .put(profile.constraintFlags)
    .u8(profile.levelIdc)
    .u16(0xf000 | config.minSpatialSegmentation)
    .u8(0xfc | config.parallelism)
    .u8(0xfc | config.chromaFormat)
    .u8(0xf8 | (config.bitDepthLuma - 8))
    .u8(0xf8 | (config.bitDepthChroma - 8))
    .u16(config.averageFrameRate)
    .u8(
      (config.constantFrameRate << 6) |
        (config.temporalLayers << 3) |
        (config.temporalIdNested ? 4 : 0) |
        (config.lengthSize - 1),
    )
    .u8(within(codec, 'number of unit arrays', config.arrays.length, 0, 255));
  for (const array of config.arrays) {
    writer.u8((array.complete ? 0x80 : 0) | array.type);
    writer.u16(within(codec, 'number of units', array.nals.length, 0, 0xffff));
    for (const nal of array.nals) writer.u16(within(codec, 'size of a unit', nal.length, 1, 0xffff)).put(nal);
  }
  return writer.done();
}

/** The units that a decoder needs before the first picture, by type. */
export interface ParameterSets {
  readonly vps: readonly Uint8Array[];
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
}

/**
 * The record for these parameter sets, with 4-byte lengths; the first SPS says the rest. The units count as complete:
 * players that trust the record need nothing from the frames.
 *
 * Errors: CODEC_MISSING without an SPS, and those of `parseSps` and `parseVps`.
 */
export function makeConfig({ vps, sps, pps }: ParameterSets): HevcConfig {
  const first = sps[0];
  if (first === undefined) throw codecErrors.protocol('MISSING', { codec, what: 'SPS' });
  const parsed = parseSps(first);
  for (const nal of vps) parseVps(nal);
  return {
    profile: parsed.profile,
    minSpatialSegmentation: 0,
    parallelism: 0,
    chromaFormat: parsed.chromaFormat,
    bitDepthLuma: parsed.bitDepthLuma,
    bitDepthChroma: parsed.bitDepthChroma,
    averageFrameRate: 0,
    constantFrameRate: 0,
    temporalLayers: parsed.maxSubLayers,
    temporalIdNested: parsed.temporalIdNested,
    lengthSize: 4,
    arrays: [
      { type: nalType.vps, complete: true, nals: vps },
      { type: nalType.sps, complete: true, nals: sps },
      { type: nalType.pps, complete: true, nals: pps },
    ],
  };
}

/** The hvcC bytes out of units of a stream; undefined unless there are a VPS, an SPS and a PPS. */
export function configOf(nals: readonly Uint8Array[]): Uint8Array | undefined {
  const ofType = (type: number) => nals.filter((nal) => nalTypeOf(nal) === type);
  const sets = { vps: ofType(nalType.vps), sps: ofType(nalType.sps), pps: ofType(nalType.pps) };
  if (sets.vps.length === 0 || sets.sps.length === 0 || sets.pps.length === 0) return undefined;
  return writeConfig(makeConfig(sets));
}

/** The VPS, SPS and PPS units of a record. */
export function parameterSets(config: HevcConfig): ParameterSets {
  const ofType = (type: number) => config.arrays.filter((array) => array.type === type).flatMap((array) => array.nals);
  return { vps: ofType(nalType.vps), sps: ofType(nalType.sps), pps: ofType(nalType.pps) };
}

const codec = 'h265';
