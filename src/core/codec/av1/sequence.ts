// The sequence header of AV1 (AV1 §5.5): profile, level, size, rate, colour.
import { BitReader } from '../../base/bits.ts';
import { checkDimensions, within } from '../bounds.ts';
import { type ColorConfig, parseColorConfig } from './color.ts';

/** What a sequence header says of all frames until the next one. */
export interface SequenceHeader extends ColorConfig {
  /** 0 Main, 1 High, 2 Professional. */
  readonly profile: number;
  readonly stillPicture: boolean;
  readonly reducedStillPicture: boolean;
  /** seq_level_idx of the first operating point: 4 * (major - 2) + minor; 31 is "any". */
  readonly levelIndex: number;
  /** 0 Main tier, 1 High tier. */
  readonly tier: number;
  readonly width: number;
  readonly height: number;
  /** Frames a second; undefined when the pictures have no equal distance or no timing. */
  readonly fps?: number;
  readonly filmGrain: boolean;
}

/**
 * Parses the payload of a sequence header OBU.
 *
 * Errors: BITS_SHORT, BITS_GOLOMB, CODEC_RANGE, CODEC_DIMENSION.
 */
export function parseSequenceHeader(payload: Uint8Array): SequenceHeader {
  const bits = new BitReader(payload);
  const profile = within('av1', 'seq_profile', bits.u(3), 0, 2);
  const stillPicture = bits.flag();
  const reducedStillPicture = bits.flag();
  const point = reducedStillPicture ? { levelIndex: bits.u(5), tier: 0 } : parseOperatingPoints(bits);
  const widthBits = 1 + bits.u(4);
  const heightBits = 1 + bits.u(4);
  const width = 1 + bits.u(widthBits);
  const height = 1 + bits.u(heightBits);
  checkDimensions('av1', width, height);
  // frame_id_numbers_present_flag, then delta_frame_id_length_minus_2 and additional_frame_id_length_minus_1.
  if (!reducedStillPicture && bits.flag()) bits.skip(7);
  bits.skip(3); // use_128x128_superblock, enable_filter_intra, enable_intra_edge_filter
  if (!reducedStillPicture) skipInterTools(bits);
  bits.skip(3); // enable_superres, enable_cdef, enable_restoration
  const color = parseColorConfig(bits, profile);
  const filmGrain = bits.flag();
  return { profile, stillPicture, reducedStillPicture, ...point, width, height, ...color, filmGrain };
}

/** Timing, decoder model and operating points; the first point is the one that decodes everything. */
function parseOperatingPoints(bits: BitReader): { levelIndex: number; tier: number; fps?: number } {
  const hasTiming = bits.flag();
  const fps = hasTiming ? parseTiming(bits) : undefined;
  const delayBits = hasTiming && bits.flag() ? parseDecoderModel(bits) : undefined;
  const hasDisplayDelay = bits.flag();
  const count = 1 + bits.u(5);
  let first: { levelIndex: number; tier: number } | undefined;
  for (let i = 0; i < count; i++) {
    bits.skip(12); // operating_point_idc
    const levelIndex = bits.u(5);
    const tier = levelIndex > 7 ? bits.u(1) : 0;
    if (delayBits !== undefined && bits.flag()) bits.skip(2 * delayBits + 1); // operating_parameters_info
    if (hasDisplayDelay && bits.flag()) bits.skip(4); // initial_display_delay_minus_1
    first ??= { levelIndex, tier };
  }
  return { levelIndex: 0, tier: 0, ...first, ...(fps !== undefined && { fps }) };
}

/** timing_info, §5.5.3. */
function parseTiming(bits: BitReader): number | undefined {
  const unitsInTick = bits.u(32);
  const timeScale = bits.u(32);
  if (!bits.flag()) return undefined; // equal_picture_interval
  const ticksPerPicture = 1 + bits.ue(); // uvlc() is coded as ue(v)
  return unitsInTick === 0 || timeScale === 0 ? undefined : timeScale / (unitsInTick * ticksPerPicture);
}

/** decoder_model_info, §5.5.4; returns the bits of a buffer delay. */
function parseDecoderModel(bits: BitReader): number {
  const delayBits = 1 + bits.u(5);
  bits.skip(32 + 5 + 5); // num_units_in_decoding_tick and two lengths
  return delayBits;
}

function skipInterTools(bits: BitReader): void {
  bits.skip(4); // enable_interintra_compound to enable_dual_filter
  const orderHint = bits.flag();
  if (orderHint) bits.skip(2); // enable_jnt_comp, enable_ref_frame_mvs
  // seq_choose_screen_content_tools; SELECT_SCREEN_CONTENT_TOOLS is 2, above 0.
  const screenContent = bits.flag() ? 2 : bits.u(1);
  // seq_choose_integer_mv, then seq_force_integer_mv.
  if (screenContent > 0 && !bits.flag()) bits.skip(1);
  if (orderHint) bits.skip(3); // order_hint_bits_minus_1
}
