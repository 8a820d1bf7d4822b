// program_config_element (ISO 14496-3 §4.4.1.1): which channels there are, where no channel configuration says it.
import type { BitReader } from '../../base/bits.ts';
import { within } from '../bounds.ts';

/** The part of a program config element that counts. */
export interface ProgramConfig {
  /** profile of ADTS: the object type minus 1. */
  readonly profile: number;
  readonly samplingFrequencyIndex: number;
  /** All but the coupling channels, the low frequency ones included. */
  readonly channels: number;
}

/** Reads the element to its end. `bits` must begin at a whole byte of the configuration, since the comment is aligned. */
export function parseProgramConfig(bits: BitReader): ProgramConfig {
  bits.skip(4); // element_instance_tag
  const profile = bits.u(2);
  const samplingFrequencyIndex = bits.u(4);
  const mains = [bits.u(4), bits.u(4), bits.u(4)]; // front, side and back elements
  const lfe = bits.u(2);
  const data = bits.u(3);
  const coupling = bits.u(4);
  if (bits.flag()) bits.skip(4); // mono_mixdown_element_number
  if (bits.flag()) bits.skip(4); // stereo_mixdown_element_number
  if (bits.flag()) bits.skip(3); // matrix_mixdown_idx, pseudo_surround_enable
  let channels = lfe;
  for (const count of mains) {
    for (let i = 0; i < count; i++) {
      channels += bits.flag() ? 2 : 1; // is_cpe
      bits.skip(4);
    }
  }
  bits.skip(4 * lfe + 4 * data + 5 * coupling);
  bits.align();
  bits.skip(8 * bits.u(8)); // comment
  within('aac', 'channels', channels, 1, 64);
  return { profile, samplingFrequencyIndex, channels };
}
