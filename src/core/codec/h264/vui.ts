// The video usability information of H.264 (Annex E.1.1): frame rate, reordering, shape of a sample, colour.
import type { BitReader } from '../../base/bits.ts';
import { within } from '../bounds.ts';
import { parseVuiHead, type VuiHead } from '../vui.ts';

/** The part of vui_parameters that somebody asks for. */
export interface Vui extends VuiHead {
  readonly fps?: number;
  /** max_num_reorder_frames, 0 to 16; undefined when there is no bitstream_restriction. */
  readonly reorder?: number;
}

/** Reads vui_parameters to their end. */
export function parseVui(bits: BitReader): Vui {
  const head = parseVuiHead('h264', bits);
  const fps = bits.flag() ? parseTiming(bits) : undefined;
  const hasNalHrd = bits.flag();
  if (hasNalHrd) skipHrd(bits);
  const hasVclHrd = bits.flag();
  if (hasVclHrd) skipHrd(bits);
  if (hasNalHrd || hasVclHrd) bits.skip(1); // low_delay_hrd_flag
  bits.skip(1); // pic_struct_present_flag
  const reorder = bits.flag() ? parseRestriction(bits) : undefined;
  return { ...head, ...(fps !== undefined && { fps }), ...(reorder !== undefined && { reorder }) };
}

/** A tick is one field, so a frame has two (E.2.1, num_units_in_tick). Zeros are "unknown". */
function parseTiming(bits: BitReader): number | undefined {
  const unitsInTick = bits.u(32);
  const timeScale = bits.u(32);
  bits.skip(1); // fixed_frame_rate_flag
  return unitsInTick === 0 || timeScale === 0 ? undefined : timeScale / (2 * unitsInTick);
}

/** hrd_parameters, E.1.2. */
function skipHrd(bits: BitReader): void {
  const count = 1 + within('h264', 'cpb_cnt_minus1', bits.ue(), 0, 31);
  bits.skip(8); // bit_rate_scale, cpb_size_scale
  for (let i = 0; i < count; i++) {
    bits.ue(); // bit_rate_value_minus1
    bits.ue(); // cpb_size_value_minus1
    bits.skip(1); // cbr_flag
  }
  bits.skip(20); // delays and time_offset_length, four times five bits
}

/** bitstream_restriction: max_num_reorder_frames, at most 16, the largest decoded picture buffer. */
function parseRestriction(bits: BitReader): number {
  bits.skip(1); // motion_vectors_over_pic_boundaries_flag
  bits.ue(); // max_bytes_per_pic_denom
  bits.ue(); // max_bits_per_mb_denom
  bits.ue(); // log2_max_mv_length_horizontal
  bits.ue(); // log2_max_mv_length_vertical
  const reorder = within('h264', 'max_num_reorder_frames', bits.ue(), 0, 16);
  bits.ue(); // max_dec_frame_buffering
  return reorder;
}
