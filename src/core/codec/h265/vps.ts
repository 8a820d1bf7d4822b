// The video parameter set of H.265 (§7.3.2.1): the frame rate, where the SPS does not say it.
import { within } from '../bounds.ts';
import { nalType } from './nal.ts';
import { type ProfileTierLevel, parseProfileTierLevel } from './profile.ts';
import { openUnit } from './unit.ts';

/** The base layer's part of a video parameter set. */
export interface Vps {
  readonly id: number;
  readonly maxSubLayers: number;
  readonly temporalIdNested: boolean;
  readonly profile: ProfileTierLevel;
  readonly fps?: number;
}

/** Parses a VPS NAL unit, its header included. Errors: CODEC_UNIT, BITS_SHORT, BITS_GOLOMB, CODEC_RANGE. */
export function parseVps(nal: Uint8Array): Vps {
  const bits = openUnit(nal, nalType.vps, 'VPS');
  const id = bits.u(4);
  bits.skip(8); // vps_base_layer_internal_flag, vps_base_layer_available_flag, vps_max_layers_minus1
  const maxSubLayersMinus1 = within('h265', 'vps_max_sub_layers_minus1', bits.u(3), 0, 6);
  const temporalIdNested = bits.flag();
  bits.skip(16); // vps_reserved_0xffff_16bits
  const profile = parseProfileTierLevel(bits, maxSubLayersMinus1);
  const hasOrdering = bits.flag(); // vps_sub_layer_ordering_info_present_flag
  for (let i = hasOrdering ? 0 : maxSubLayersMinus1; i <= maxSubLayersMinus1; i++) {
    bits.ue(); // vps_max_dec_pic_buffering_minus1
    bits.ue(); // vps_max_num_reorder_pics
    bits.ue(); // vps_max_latency_increase_plus1
  }
  const maxLayerId = bits.u(6);
  const layerSets = 1 + within('h265', 'vps_num_layer_sets_minus1', bits.ue(), 0, 1023);
  bits.skip((layerSets - 1) * (maxLayerId + 1)); // layer_id_included_flag
  const fps = bits.flag() ? fpsOf(bits.u(32), bits.u(32)) : undefined;
  return { id, maxSubLayers: maxSubLayersMinus1 + 1, temporalIdNested, profile, ...(fps !== undefined && { fps }) };
}

/** Pictures a second; a tick is one picture, unlike in H.264 (§E.3.1). Zeros are "unknown". */
export const fpsOf = (unitsInTick: number, timeScale: number): number | undefined =>
  unitsInTick === 0 || timeScale === 0 ? undefined : timeScale / unitsInTick;
