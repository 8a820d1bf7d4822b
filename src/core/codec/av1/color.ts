// color_config of an AV1 sequence header (AV1 §5.5.2): bit depth, chroma and colour code points.
import type { BitReader } from '../../base/bits.ts';
import type { Colour } from '../vui.ts';

/** Sample format and colour of all frames of a sequence. */
export interface ColorConfig {
  readonly bitDepth: number;
  readonly monochrome: boolean;
  /** 1 1: 4:2:0, 1 0: 4:2:2, 0 0: 4:4:4. */
  readonly subsamplingX: number;
  readonly subsamplingY: number;
  /** chroma_sample_position; 0: unknown. */
  readonly chromaSamplePosition: number;
  readonly colour: Colour;
}

/** Reads color_config of seq_profile `profile`. */
export function parseColorConfig(bits: BitReader, profile: number): ColorConfig {
  const highBitDepth = bits.flag();
  const bitDepth = profile === 2 && highBitDepth ? (bits.flag() ? 12 : 10) : highBitDepth ? 10 : 8;
  const monochrome = profile !== 1 && bits.flag();
  const described = bits.flag(); // color_description_present_flag
  const points = described
    ? { primaries: bits.u(8), transfer: bits.u(8), matrix: bits.u(8) }
    : { primaries: 2, transfer: 2, matrix: 2 };
  if (monochrome) {
    const colour = { fullRange: bits.flag(), ...points };
    return { bitDepth, monochrome, subsamplingX: 1, subsamplingY: 1, chromaSamplePosition: 0, colour };
  }
  // BT.709 primaries with sRGB transfer and identity matrix: RGB, always full range and 4:4:4.
  const rgb = points.primaries === 1 && points.transfer === 13 && points.matrix === 0;
  const fullRange = rgb || bits.flag();
  const [subsamplingX, subsamplingY] = rgb ? [0, 0] : parseSubsampling(bits, profile, bitDepth);
  const chromaSamplePosition = subsamplingX === 1 && subsamplingY === 1 ? bits.u(2) : 0;
  bits.skip(1); // separate_uv_delta_q
  return {
    bitDepth,
    monochrome,
    subsamplingX,
    subsamplingY,
    chromaSamplePosition,
    colour: { fullRange, ...points },
  };
}

function parseSubsampling(bits: BitReader, profile: number, bitDepth: number): [number, number] {
  if (profile === 0) return [1, 1];
  if (profile === 1) return [0, 0];
  if (bitDepth !== 12) return [1, 0];
  const x = bits.u(1);
  return [x, x === 1 ? bits.u(1) : 0];
}
