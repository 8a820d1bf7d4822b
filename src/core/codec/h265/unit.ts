// Opens a parameter set of H.265: checks its type and gives the bits behind the header.
import type { BitReader } from '../../base/bits.ts';
import { codecErrors } from '../errors.ts';
import { parameterSetBits } from '../nal.ts';
import { nalTypeOf } from './nal.ts';

/** The bits behind the two header bytes. Errors: CODEC_UNIT when the unit is not of `type`. */
export function openUnit(nal: Uint8Array, type: number, name: string): BitReader {
  if (nalTypeOf(nal) !== type || nal.length < 3) {
    const what = `type ${nalTypeOf(nal)} and size ${nal.length} is not a ${name}`;
    throw codecErrors.protocol('UNIT', { codec: 'h265', what });
  }
  return parameterSetBits(nal, 2);
}
