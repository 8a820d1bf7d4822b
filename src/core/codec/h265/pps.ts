// The beginning of the picture parameter set of H.265 (§7.3.2.3.1).
import { within } from '../bounds.ts';
import { nalType } from './nal.ts';
import { openUnit } from './unit.ts';

/** The beginning of a picture parameter set, as far as slice headers need it. */
export interface Pps {
  readonly id: number;
  readonly spsId: number;
  readonly dependentSlices: boolean;
  readonly outputFlagPresent: boolean;
  /** Bits of a slice header that mean nothing yet. */
  readonly extraSliceHeaderBits: number;
}

/** Parses a PPS NAL unit, its header included. Errors: CODEC_UNIT, BITS_SHORT, BITS_GOLOMB, CODEC_RANGE. */
export function parsePps(nal: Uint8Array): Pps {
  const bits = openUnit(nal, nalType.pps, 'PPS');
  const id = within('h265', 'pps_pic_parameter_set_id', bits.ue(), 0, 63);
  const spsId = within('h265', 'pps_seq_parameter_set_id', bits.ue(), 0, 15);
  return {
    id,
    spsId,
    dependentSlices: bits.flag(),
    outputFlagPresent: bits.flag(),
    extraSliceHeaderBits: bits.u(3),
  };
}
