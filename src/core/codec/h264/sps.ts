// The sequence parameter set of H.264 (§7.3.2.1.1): picture size, profile, and with its VUI rate, reordering, colour.
import type { BitReader } from '../../base/bits.ts';
import { checkDimensions, maxDimension, within } from '../bounds.ts';
import { codecErrors } from '../errors.ts';
import { parameterSetBits } from '../nal.ts';
import type { Colour, SampleAspectRatio } from '../vui.ts';
import { maxDpbFrames } from './dpb.ts';
import { nalType, nalTypeOf } from './nal.ts';
import { parseVui } from './vui.ts';

/** What a sequence parameter set says of its pictures. */
export interface Sps {
  readonly profileIdc: number;
  /** The byte of constraint_set0_flag (0x80) to constraint_set5_flag (0x04). */
  readonly constraintFlags: number;
  readonly levelIdc: number;
  readonly id: number;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  readonly pocType: number;
  readonly maxRefFrames: number;
  /** False: the stream may have fields or frames with fields (interlaced). */
  readonly frameMbsOnly: boolean;
  /** Whole macroblocks. */
  readonly codedWidth: number;
  readonly codedHeight: number;
  /** What is shown, after cropping. */
  readonly width: number;
  readonly height: number;
  /** Frames a second; undefined when the stream does not say. */
  readonly fps?: number;
  readonly sar?: SampleAspectRatio;
  readonly colour?: Colour;
  /** Frames that may precede a frame in decode order and follow it in output order (max_num_reorder_frames). */
  readonly reorder: number;
  /** The stream says it itself; else it is the most that its level allows. */
  readonly reorderIsSaid: boolean;
}

/**
 * Parses an SPS NAL unit, its header byte included.
 *
 * Errors: CODEC_UNIT (not an SPS), BITS_SHORT, BITS_GOLOMB, CODEC_RANGE, CODEC_DIMENSION.
 */
export function parseSps(nal: Uint8Array): Sps {
  if (nalTypeOf(nal) !== nalType.sps && nalTypeOf(nal) !== nalType.subsetSps) {
    throw codecErrors.protocol('UNIT', { codec, what: `type ${nalTypeOf(nal)} and size ${nal.length} is not an SPS` });
  }
  const bits = parameterSetBits(nal, 1);
  const profileIdc = bits.u(8);
  const constraintFlags = bits.u(8);
  const levelIdc = bits.u(8);
  const id = within(codec, 'seq_parameter_set_id', bits.ue(), 0, 31);
  const chroma = highProfiles.has(profileIdc) ? parseChroma(bits) : defaultChroma;
  within(codec, 'log2_max_frame_num_minus4', bits.ue(), 0, 12);
  const pocType = skipPictureOrderCount(bits);
  const maxRefFrames = within(codec, 'max_num_ref_frames', bits.ue(), 0, 16);
  bits.skip(1); // gaps_in_frame_num_value_allowed_flag
  const picture = parsePicture(bits, chroma.arrayType);
  const vui = bits.flag() ? parseVui(bits) : {};
  const reorder = vui.reorder ?? inferReorder({ profileIdc, constraintFlags, levelIdc, pocType, ...picture });
  return {
    profileIdc,
    constraintFlags,
    levelIdc,
    id,
    chromaFormat: chroma.format,
    bitDepthLuma: chroma.bitDepthLuma,
    bitDepthChroma: chroma.bitDepthChroma,
    pocType,
    maxRefFrames,
    ...picture,
    ...(vui.fps !== undefined && { fps: vui.fps }),
    ...(vui.sar && { sar: vui.sar }),
    ...(vui.colour && { colour: vui.colour }),
    reorder,
    reorderIsSaid: vui.reorder !== undefined,
  };
}

const codec = 'h264';

/** Profiles whose SPS has chroma_format_idc and scaling lists. */
const highProfiles: ReadonlySet<number> = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);

const defaultChroma = { format: 1, arrayType: 1, bitDepthLuma: 8, bitDepthChroma: 8 } as const;

function parseChroma(bits: BitReader): {
  format: number;
  arrayType: number;
  bitDepthLuma: number;
  bitDepthChroma: number;
} {
  const format = within(codec, 'chroma_format_idc', bits.ue(), 0, 3);
  const separatePlanes = format === 3 && bits.flag();
  const bitDepthLuma = 8 + within(codec, 'bit_depth_luma_minus8', bits.ue(), 0, 6);
  const bitDepthChroma = 8 + within(codec, 'bit_depth_chroma_minus8', bits.ue(), 0, 6);
  bits.skip(1); // qpprime_y_zero_transform_bypass_flag
  if (bits.flag()) {
    for (let i = 0; i < (format === 3 ? 12 : 8); i++) if (bits.flag()) skipScalingList(bits, i < 6 ? 16 : 64);
  }
  return { format, arrayType: separatePlanes ? 0 : format, bitDepthLuma, bitDepthChroma };
}

/** scaling_list, §7.3.2.1.1.1: a delta of which the sum is 0 ends the list. */
function skipScalingList(bits: BitReader, size: number): void {
  let scale = 8;
  for (let i = 0; i < size; i++) {
    scale = (scale + within(codec, 'delta_scale', bits.se(), -128, 127) + 256) % 256;
    if (scale === 0) return;
  }
}

function skipPictureOrderCount(bits: BitReader): number {
  const type = within(codec, 'pic_order_cnt_type', bits.ue(), 0, 2);
  if (type === 0) within(codec, 'log2_max_pic_order_cnt_lsb_minus4', bits.ue(), 0, 12);
  if (type === 1) {
    bits.skip(1); // delta_pic_order_always_zero_flag
    bits.se(); // offset_for_non_ref_pic
    bits.se(); // offset_for_top_to_bottom_field
    const count = within(codec, 'num_ref_frames_in_pic_order_cnt_cycle', bits.ue(), 0, 255);
    for (let i = 0; i < count; i++) bits.se();
  }
  return type;
}

type Picture = Pick<Sps, 'frameMbsOnly' | 'codedWidth' | 'codedHeight' | 'width' | 'height'>;

/** From pic_width_in_mbs_minus1 to the cropping, whose units depend on the chroma format (equations 7-18 to 7-21). */
function parsePicture(bits: BitReader, chromaArrayType: number): Picture {
  const most = maxDimension / 16 - 1;
  const codedWidth = 16 * (1 + within(codec, 'pic_width_in_mbs_minus1', bits.ue(), 0, most));
  const mapUnits = 1 + within(codec, 'pic_height_in_map_units_minus1', bits.ue(), 0, most);
  const frameMbsOnly = bits.flag();
  const fields = frameMbsOnly ? 1 : 2;
  const codedHeight = 16 * mapUnits * fields;
  if (!frameMbsOnly) bits.skip(1); // mb_adaptive_frame_field_flag
  bits.skip(1); // direct_8x8_inference_flag
  let width = codedWidth;
  let height = codedHeight;
  if (bits.flag()) {
    const unitX = chromaArrayType === 1 || chromaArrayType === 2 ? 2 : 1;
    const unitY = (chromaArrayType === 1 ? 2 : 1) * fields;
    width -= unitX * (bits.ue() + bits.ue());
    height -= unitY * (bits.ue() + bits.ue());
  }
  checkDimensions(codec, width, height);
  checkDimensions(codec, codedWidth, codedHeight);
  return { frameMbsOnly, codedWidth, codedHeight, width, height };
}

/** Max_num_reorder_frames where the stream does not say (§E.2.1): none where it is impossible, else the whole DPB. */
function inferReorder(
  sps: Pick<Sps, 'profileIdc' | 'constraintFlags' | 'levelIdc' | 'pocType' | 'codedWidth' | 'codedHeight'>,
): number {
  if (sps.pocType === 2) return 0; // Output order is decode order, §8.2.1.3.
  if (sps.profileIdc === 66) return 0; // Baseline has no B slices.
  if (intraProfiles.has(sps.profileIdc) && (sps.constraintFlags & 0x10) !== 0) return 0;
  return maxDpbFrames(sps.levelIdc, sps.constraintFlags, sps.codedWidth, sps.codedHeight);
}

/** Profiles that are intra-only when constraint_set3_flag is set. */
const intraProfiles: ReadonlySet<number> = new Set([44, 86, 100, 110, 122, 244]);
