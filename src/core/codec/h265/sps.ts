// The sequence parameter set of H.265 (§7.3.2.2): size, profile, reordering, and with its VUI rate and colour.
import type { BitReader } from '../../base/bits.ts';
import { checkDimensions, maxDimension, within } from '../bounds.ts';
import { type Colour, parseVuiHead, type SampleAspectRatio, type VuiHead } from '../vui.ts';
import { nalType } from './nal.ts';
import { type ProfileTierLevel, parseProfileTierLevel } from './profile.ts';
import { skipRefPicSets } from './ref-pic-set.ts';
import { openUnit } from './unit.ts';
import { fpsOf } from './vps.ts';

/** What a sequence parameter set says of its pictures. */
export interface Sps {
  readonly id: number;
  readonly vpsId: number;
  readonly maxSubLayers: number;
  readonly temporalIdNested: boolean;
  readonly profile: ProfileTierLevel;
  /** 0 monochrome, 1 4:2:0, 2 4:2:2, 3 4:4:4. */
  readonly chromaFormat: number;
  readonly bitDepthLuma: number;
  readonly bitDepthChroma: number;
  readonly codedWidth: number;
  readonly codedHeight: number;
  /** What is shown: inside the conformance window. */
  readonly width: number;
  readonly height: number;
  /** Pictures a second; undefined when the SPS does not say (the VPS may). */
  readonly fps?: number;
  readonly sar?: SampleAspectRatio;
  readonly colour?: Colour;
  /** sps_max_num_reorder_pics of the highest sub-layer. */
  readonly reorder: number;
}

/**
 * Parses an SPS NAL unit, its header included.
 *
 * Errors: CODEC_UNIT (not an SPS), BITS_SHORT, BITS_GOLOMB, CODEC_RANGE, CODEC_DIMENSION.
 */
export function parseSps(nal: Uint8Array): Sps {
  const bits = openUnit(nal, nalType.sps, 'SPS');
  const vpsId = bits.u(4);
  const maxSubLayersMinus1 = within(codec, 'sps_max_sub_layers_minus1', bits.u(3), 0, 6);
  const temporalIdNested = bits.flag();
  const profile = parseProfileTierLevel(bits, maxSubLayersMinus1);
  const id = within(codec, 'sps_seq_parameter_set_id', bits.ue(), 0, 15);
  const chromaFormat = within(codec, 'chroma_format_idc', bits.ue(), 0, 3);
  const separatePlanes = chromaFormat === 3 && bits.flag();
  const picture = parsePicture(bits, separatePlanes ? 0 : chromaFormat);
  const bitDepthLuma = 8 + within(codec, 'bit_depth_luma_minus8', bits.ue(), 0, 8);
  const bitDepthChroma = 8 + within(codec, 'bit_depth_chroma_minus8', bits.ue(), 0, 8);
  const pocBits = 4 + within(codec, 'log2_max_pic_order_cnt_lsb_minus4', bits.ue(), 0, 12);
  const reorder = parseReorder(bits, maxSubLayersMinus1);
  skipCodingTools(bits);
  skipRefPicSets(bits);
  if (bits.flag()) skipLongTermRefPics(bits, pocBits);
  bits.skip(2); // sps_temporal_mvp_enabled_flag, strong_intra_smoothing_enabled_flag
  const vui = bits.flag() ? parseVui(bits) : {};
  return {
    id,
    vpsId,
    maxSubLayers: maxSubLayersMinus1 + 1,
    temporalIdNested,
    profile,
    chromaFormat,
    bitDepthLuma,
    bitDepthChroma,
    ...picture,
    ...vui,
    reorder,
  };
}

const codec = 'h265';

/** Size and conformance window, whose units depend on the chroma format (table 6-1). */
function parsePicture(
  bits: BitReader,
  chromaArrayType: number,
): Pick<Sps, 'codedWidth' | 'codedHeight' | 'width' | 'height'> {
  const codedWidth = within(codec, 'pic_width_in_luma_samples', bits.ue(), 1, maxDimension);
  const codedHeight = within(codec, 'pic_height_in_luma_samples', bits.ue(), 1, maxDimension);
  let width = codedWidth;
  let height = codedHeight;
  if (bits.flag()) {
    width -= (chromaArrayType === 1 || chromaArrayType === 2 ? 2 : 1) * (bits.ue() + bits.ue());
    height -= (chromaArrayType === 1 ? 2 : 1) * (bits.ue() + bits.ue());
  }
  checkDimensions(codec, width, height);
  return { codedWidth, codedHeight, width, height };
}

/** The decoded picture buffer has at most 16 pictures (§A.4.2), so at most 15 can wait to be shown. */
function parseReorder(bits: BitReader, maxSubLayersMinus1: number): number {
  let reorder = 0;
  const hasAll = bits.flag(); // sps_sub_layer_ordering_info_present_flag
  for (let i = hasAll ? 0 : maxSubLayersMinus1; i <= maxSubLayersMinus1; i++) {
    within(codec, 'sps_max_dec_pic_buffering_minus1', bits.ue(), 0, 15);
    // QUIRK(encoders that ffmpeg warns about): more than sps_max_dec_pic_buffering_minus1, so that is not checked.
    reorder = within(codec, 'sps_max_num_reorder_pics', bits.ue(), 0, 15);
    bits.ue(); // sps_max_latency_increase_plus1
  }
  return reorder;
}

/** From log2_min_luma_coding_block_size_minus3 to the PCM fields. */
function skipCodingTools(bits: BitReader): void {
  for (let i = 0; i < 6; i++) bits.ue(); // block sizes and transform depths
  const hasScalingLists = bits.flag(); // scaling_list_enabled_flag
  if (hasScalingLists && bits.flag()) skipScalingLists(bits);
  bits.skip(2); // amp_enabled_flag, sample_adaptive_offset_enabled_flag
  if (!bits.flag()) return; // pcm_enabled_flag
  bits.skip(8); // PCM sample bit depths
  bits.ue(); // log2_min_pcm_luma_coding_block_size_minus3
  bits.ue(); // log2_diff_max_min_pcm_luma_coding_block_size
  bits.skip(1); // pcm_loop_filter_disabled_flag
}

/** scaling_list_data, §7.3.4. */
function skipScalingLists(bits: BitReader): void {
  for (let sizeId = 0; sizeId < 4; sizeId++) {
    for (let matrix = 0; matrix < 6; matrix += sizeId === 3 ? 3 : 1) {
      if (!bits.flag()) {
        bits.ue(); // scaling_list_pred_matrix_id_delta
        continue;
      }
      if (sizeId > 1) bits.se(); // scaling_list_dc_coef_minus8
      for (let i = 0; i < Math.min(64, 1 << (4 + (sizeId << 1))); i++) bits.se();
    }
  }
}

function skipLongTermRefPics(bits: BitReader, pocBits: number): void {
  const count = within(codec, 'num_long_term_ref_pics_sps', bits.ue(), 0, 32);
  bits.skip(count * (pocBits + 1));
}

/** vui_parameters (§E.2.1) up to the timing; nobody needs what follows. */
function parseVui(bits: BitReader): VuiHead & { fps?: number } {
  const head = parseVuiHead(codec, bits);
  bits.skip(3); // neutral_chroma_indication_flag, field_seq_flag, frame_field_info_present_flag
  if (bits.flag()) for (let i = 0; i < 4; i++) bits.ue(); // default display window
  const fps = bits.flag() ? fpsOf(bits.u(32), bits.u(32)) : undefined;
  return { ...head, ...(fps !== undefined && { fps }) };
}
