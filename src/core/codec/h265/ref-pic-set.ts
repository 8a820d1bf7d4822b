// Short-term reference picture sets of H.265 (§7.3.7), read only because the VUI stands behind them.
import type { BitReader } from '../../base/bits.ts';
import { within } from '../bounds.ts';

const codec = 'h265';

/** The decoded picture buffer has at most 16 pictures; a predicted set adds one to the set it comes from. */
const maxDeltas = 17;

/** Reads num_short_term_ref_pic_sets and the sets. */
export function skipRefPicSets(bits: BitReader): void {
  const count = within(codec, 'num_short_term_ref_pic_sets', bits.ue(), 0, 64);
  let previous: number[] = [];
  for (let i = 0; i < count; i++) {
    const predicted = i > 0 && bits.flag(); // inter_ref_pic_set_prediction_flag
    previous = predicted ? parsePredicted(bits, previous) : parseExplicit(bits);
  }
}

/** The distances in picture order, first the negative, then the positive, each from near to far. */
function parseExplicit(bits: BitReader): number[] {
  const negative = within(codec, 'num_negative_pics', bits.ue(), 0, 16);
  const positive = within(codec, 'num_positive_pics', bits.ue(), 0, 16 - negative);
  const deltas: number[] = [];
  for (const [count, sign] of [
    [negative, -1],
    [positive, 1],
  ] as const) {
    let delta = 0;
    for (let i = 0; i < count; i++) {
      delta += sign * (bits.ue() + 1); // delta_poc_minus1
      bits.skip(1); // used_by_curr_pic_flag
      deltas.push(delta);
    }
  }
  return deltas;
}

/**
 * A set out of the one before it (equations 7-61 and 7-62): each distance, and 0, moved by deltaRps and kept if its
 * flag says so. How many remain matters: it is the number of flags of the next predicted set.
 */
function parsePredicted(bits: BitReader, previous: readonly number[]): number[] {
  const sign = bits.flag() ? -1 : 1; // delta_rps_sign
  const deltaRps = sign * (1 + within(codec, 'abs_delta_rps_minus1', bits.ue(), 0, 32_767));
  const deltas: number[] = [];
  for (const delta of [...previous, 0]) {
    const used = bits.flag(); // used_by_curr_pic_flag
    const kept = used || bits.flag(); // use_delta_flag
    if (kept) deltas.push(delta + deltaRps);
  }
  within(codec, 'pictures of a reference set', deltas.length, 0, maxDeltas);
  const nearFirst = (a: number, b: number): number => Math.abs(a) - Math.abs(b);
  const negative = deltas.filter((delta) => delta < 0).sort(nearFirst);
  const positive = deltas.filter((delta) => delta > 0).sort(nearFirst);
  // A distance of 0 would be the picture itself and is in neither.
  return [...negative, ...positive];
}
