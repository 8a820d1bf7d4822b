// av1C, the AV1CodecConfigurationRecord (AV1 in ISOBMFF §2.3): the configuration of an av1 track.
import { ByteReader, ByteWriter } from '../../base/bytes.ts';
import { twoDigits, within } from '../bounds.ts';
import { codecErrors } from '../errors.ts';
import { obuType, splitObus, withSize } from './obu.ts';
import { parseSequenceHeader, type SequenceHeader } from './sequence.ts';

/** An AV1CodecConfigurationRecord. */
export interface Av1Config {
  readonly profile: number;
  readonly levelIndex: number;
  readonly tier: number;
  readonly bitDepth: number;
  readonly monochrome: boolean;
  readonly subsamplingX: number;
  readonly subsamplingY: number;
  readonly chromaSamplePosition: number;
  /** initial_presentation_delay_minus_one + 1, undefined when absent. */
  readonly presentationDelay?: number;
  /** The sequence header OBU, perhaps metadata OBUs; may be empty. */
  readonly obus: Uint8Array;
}

/** Parses av1C; `obus` is a view of `bytes`. Errors: CODEC_VERSION, CODEC_RANGE, BYTES_SHORT. */
export function parseConfig(bytes: Uint8Array): Av1Config {
  const reader = new ByteReader(bytes);
  const version = reader.u8();
  if (version !== 0x81) throw codecErrors.protocol('VERSION', { codec: 'av1', version });
  const level = reader.u8();
  const flags = reader.u8();
  const delay = reader.u8();
  return {
    profile: within('av1', 'seq_profile', level >> 5, 0, 2),
    levelIndex: level & 0x1f,
    tier: flags >> 7,
    bitDepth: (flags & 0x40) === 0 ? 8 : (flags & 0x20) === 0 ? 10 : 12,
    monochrome: (flags & 0x10) !== 0,
    subsamplingX: (flags >> 3) & 1,
    subsamplingY: (flags >> 2) & 1,
    chromaSamplePosition: flags & 3,
    ...((delay & 0x10) !== 0 && { presentationDelay: 1 + (delay & 15) }),
    obus: reader.rest(),
  };
}

/** Writes av1C; `obus` is copied. */
export function writeConfig(config: Av1Config): Uint8Array {
  const depth = config.bitDepth === 12 ? 0x60 : config.bitDepth === 10 ? 0x40 : 0;
  return new ByteWriter(32)
    .u8(0x81)
    .u8((config.profile << 5) | config.levelIndex)
    .u8(
      (config.tier << 7) |
        depth |
        (config.monochrome ? 0x10 : 0) |
        (config.subsamplingX << 3) |
        (config.subsamplingY << 2) |
        config.chromaSamplePosition,
    )
    .u8(config.presentationDelay === undefined ? 0 : 0x10 | (config.presentationDelay - 1))
    .put(config.obus)
    .done();
}

/** The first sequence header in a temporal unit or in the `obus` of a record; undefined when there is none. */
export function sequenceHeaderOf(data: Uint8Array): SequenceHeader | undefined {
  const obu = splitObus(data).find((unit) => unit.type === obuType.sequenceHeader);
  return obu && parseSequenceHeader(obu.payload);
}

/** The av1C bytes out of a temporal unit; undefined when it has no sequence header. */
export function configOf(data: Uint8Array): Uint8Array | undefined {
  const obu = splitObus(data).find((unit) => unit.type === obuType.sequenceHeader);
  return obu && writeConfig({ ...parseSequenceHeader(obu.payload), obus: withSize(obu) });
}

/**
 * AV1 in ISOBMFF §5: `av01.0.04M.08`, and with chroma and colour behind it where they are not 4:2:0 in BT.709.
 *
 * @param sequence adds the colour, which the record itself does not have.
 */
export function codecString(config: Omit<Av1Config, 'obus'>, sequence?: SequenceHeader): string {
  const tier = config.tier === 1 ? 'H' : 'M';
  const short = `av01.${config.profile}.${twoDigits(config.levelIndex)}${tier}.${twoDigits(config.bitDepth)}`;
  const { primaries, transfer, matrix, fullRange } = sequence?.colour ?? unspecified;
  const plainColour = [primaries, transfer, matrix].every((point) => point === 1 || point === 2) && !fullRange;
  const { monochrome, subsamplingX, subsamplingY } = config;
  if (plainColour && !monochrome && subsamplingX === 1 && subsamplingY === 1) return short;
  const position = subsamplingX === 1 && subsamplingY === 1 ? config.chromaSamplePosition : 0;
  const chroma = `${monochrome ? 1 : 0}.${subsamplingX}${subsamplingY}${position}`;
  return `${short}.${chroma}.${[primaries, transfer, matrix].map(twoDigits).join('.')}.${fullRange ? 1 : 0}`;
}

const unspecified = { primaries: 2, transfer: 2, matrix: 2, fullRange: false } as const;

/** The name of seq_profile (AV1 §A.2). */
export const profileName = (profile: number): string => ['Main', 'High', 'Professional'][profile] ?? 'Other';

/** "4.0" for seq_level_idx 8 (§A.3); "max" for 31, "Other" for what is reserved. */
export function levelName(levelIndex: number): string {
  if (levelIndex === 31) return 'max';
  return levelIndex > 23 ? 'Other' : `${2 + (levelIndex >> 2)}.${levelIndex & 3}`;
}
