// The beginning of the picture parameter set of H.264 (§7.3.2.2).
import { within } from '../bounds.ts';
import { codecErrors } from '../errors.ts';
import { parameterSetBits } from '../nal.ts';
import { nalType, nalTypeOf } from './nal.ts';

/** The beginning of a picture parameter set. */
export interface Pps {
  readonly id: number;
  readonly spsId: number;
  /** CABAC instead of CAVLC. */
  readonly cabac: boolean;
}

/** Parses a PPS NAL unit, its header byte included. Errors: CODEC_UNIT, BITS_SHORT, BITS_GOLOMB, CODEC_RANGE. */
export function parsePps(nal: Uint8Array): Pps {
  if (nalTypeOf(nal) !== nalType.pps) {
    throw codecErrors.protocol('UNIT', { codec: 'h264', what: `type ${nalTypeOf(nal)} is not a PPS` });
  }
  const bits = parameterSetBits(nal, 1);
  const id = within('h264', 'pic_parameter_set_id', bits.ue(), 0, 255);
  const spsId = within('h264', 'seq_parameter_set_id', bits.ue(), 0, 31);
  return { id, spsId, cabac: bits.flag() };
}
