// avcC, the AVCDecoderConfigurationRecord (ISO 14496-15 §5.3.3): the configuration of an h264 track.
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { hexByte, within } from '../bounds.ts';
import { codecErrors } from '../errors.ts';
import type { LengthSize } from '../nal.ts';
import { nalType, nalTypeOf } from './nal.ts';
import { parseSps } from './sps.ts';

/** An AVCDecoderConfigurationRecord. */
export interface AvcConfig {
  readonly profileIdc: number;
  /** profile_compatibility: the constraint flags of the SPS. */
  readonly constraintFlags: number;
  readonly levelIdc: number;
  /** Bytes of the length in front of each NAL unit of the frames. */
  readonly lengthSize: LengthSize;
  readonly sps: readonly Uint8Array[];
  readonly pps: readonly Uint8Array[];
  /** The fields that profiles above Main have behind the parameter sets; many writers leave them out. */
  readonly high?: {
    readonly chromaFormat: number;
    readonly bitDepthLuma: number;
    readonly bitDepthChroma: number;
    readonly spsExtensions: readonly Uint8Array[];
  };
}

/**
 * Parses avcC; the parameter sets are views of `bytes`. A record without parameter sets (avc3) is fine here.
 *
 * Errors: CODEC_VERSION, CODEC_RANGE (a length of 3 bytes), CODEC_UNIT (an empty parameter set), BYTES_SHORT.
 */
export function parseConfig(bytes: Uint8Array): AvcConfig {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== 1) throw codecErrors.protocol('VERSION', { codec, version });
  const profileIdc = reader.u8();
  const constraintFlags = reader.u8();
  const levelIdc = reader.u8();
  const lengthSize = 1 + (reader.u8() & 3);
  if (lengthSize === 3) within(codec, 'lengthSizeMinusOne', 2, 3, 3);
  const sps = takeUnits(reader, reader.u8() & 0x1f);
  const pps = takeUnits(reader, reader.u8());
  const config = { profileIdc, constraintFlags, levelIdc, lengthSize: lengthSize as LengthSize, sps, pps };
  // QUIRK(many): records of high profiles end here; others have padding behind the parameter sets of low ones.
  if (!hasHighFields(profileIdc) || reader.left < 4) return config;
  const chromaFormat = reader.u8() & 3;
  const bitDepthLuma = 8 + (reader.u8() & 7);
  const bitDepthChroma = 8 + (reader.u8() & 7);
  const spsExtensions = takeUnits(reader, reader.u8());
  return { ...config, high: { chromaFormat, bitDepthLuma, bitDepthChroma, spsExtensions } };
}

/** Writes avcC. Errors: CODEC_RANGE for more sets, or a larger one, than the record can hold. */
export function writeConfig(config: AvcConfig): Uint8Array {
  const writer = new ByteWriter(128)
    .u8(1)
    .u8(config.profileIdc)
    .u8(config.constraintFlags)
    .u8(config.levelIdc)
    .u8(0xfc | (config.lengthSize - 1));
  putUnits(writer, 0xe0, config.sps, 31);
  putUnits(writer, 0, config.pps, 255);
  if (config.high !== undefined && hasHighFields(config.profileIdc)) {
    writer.u8(0xfc | config.high.chromaFormat);
    writer.u8(0xf8 | (config.high.bitDepthLuma - 8));
    writer.u8(0xf8 | (config.high.bitDepthChroma - 8));
    putUnits(writer, 0, config.high.spsExtensions, 255);
  }
  return writer.done();
}

/**
 * The record for these parameter sets, with 4-byte lengths; profile, level and high fields come from the first SPS.
 *
 * Errors: CODEC_MISSING without an SPS, and those of `parseSps`.
 */
export function makeConfig(sps: readonly Uint8Array[], pps: readonly Uint8Array[]): AvcConfig {
  const first = sps[0];
  if (first === undefined) throw codecErrors.protocol('MISSING', { codec, what: 'SPS' });
  const { profileIdc, constraintFlags, levelIdc, chromaFormat, bitDepthLuma, bitDepthChroma } = parseSps(first);
  const config = { profileIdc, constraintFlags, levelIdc, lengthSize: 4, sps, pps } as const;
  if (!hasHighFields(profileIdc)) return config;
  return { ...config, high: { chromaFormat, bitDepthLuma, bitDepthChroma, spsExtensions: [] } };
}

/** The avcC bytes out of units of a stream; undefined unless there are an SPS and a PPS. */
export function configOf(nals: readonly Uint8Array[]): Uint8Array | undefined {
  const sps = nals.filter((nal) => nalTypeOf(nal) === nalType.sps);
  const pps = nals.filter((nal) => nalTypeOf(nal) === nalType.pps);
  return sps.length === 0 || pps.length === 0 ? undefined : writeConfig(makeConfig(sps, pps));
}

/** RFC 6381 §3.3: `avc1.64001f`, lower case as browsers and SRS write it. */
export const codecString = (config: Pick<AvcConfig, 'profileIdc' | 'constraintFlags' | 'levelIdc'>): string =>
  `avc1.${hexByte(config.profileIdc)}${hexByte(config.constraintFlags)}${hexByte(config.levelIdc)}`.toLowerCase();

const codec = 'h264';

/** All but Baseline, Main and Extended, as ffmpeg reads and writes; the specification names 100, 110, 122 and 144. */
const hasHighFields = (profileIdc: number): boolean => profileIdc !== 66 && profileIdc !== 77 && profileIdc !== 88;

function takeUnits(reader: ByteReader, count: number): Uint8Array[] {
  const units: Uint8Array[] = [];
  for (let i = 0; i < count; i++) {
    const size = reader.u16();
    if (size === 0) throw codecErrors.protocol('UNIT', { codec, what: 'an empty parameter set' });
    units.push(reader.take(size));
  }
  return units;
}

function putUnits(writer: ByteWriter, head: number, units: readonly Uint8Array[], most: number): void {
  writer.u8(head | within(codec, 'number of parameter sets', units.length, 0, most));
  for (const unit of units) writer.u16(within(codec, 'size of a parameter set', unit.length, 1, 0xffff)).put(unit);
}
