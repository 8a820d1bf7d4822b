// What the video usability information of H.264 (Annex E.1.1) and H.265 (Annex E.2.1) have in common: its beginning.
import type { BitReader } from '../base/bits.ts';
import { within } from './bounds.ts';

/** Width and height of one sample. */
export interface SampleAspectRatio {
  readonly width: number;
  readonly height: number;
}

/** Code points of ISO 23091-2 (the same numbers in H.264, H.265, AV1 and VP9); 2 is "unspecified". */
export interface Colour {
  readonly fullRange: boolean;
  readonly primaries: number;
  readonly transfer: number;
  readonly matrix: number;
}

/** What the common beginning says; absent where it is unspecified. */
export interface VuiHead {
  readonly sar?: SampleAspectRatio;
  readonly colour?: Colour;
}

/** Reads from aspect_ratio_info_present_flag to the end of chroma_loc_info. */
export function parseVuiHead(codec: string, bits: BitReader): VuiHead {
  const sar = bits.flag() ? parseSampleAspectRatio(bits) : undefined;
  if (bits.flag()) bits.skip(1); // overscan_appropriate_flag
  const colour = bits.flag() ? parseColour(bits) : undefined;
  if (bits.flag()) {
    within(codec, 'chroma_sample_loc_type_top_field', bits.ue(), 0, 5);
    within(codec, 'chroma_sample_loc_type_bottom_field', bits.ue(), 0, 5);
  }
  return { ...(sar && { sar }), ...(colour && { colour }) };
}

function parseSampleAspectRatio(bits: BitReader): SampleAspectRatio | undefined {
  const idc = bits.u(8);
  if (idc !== 255) return sampleAspectRatios[idc];
  const width = bits.u(16);
  const height = bits.u(16);
  // E.2.1: a zero means "unspecified".
  return width === 0 || height === 0 ? undefined : { width, height };
}

function parseColour(bits: BitReader): Colour {
  bits.skip(3); // video_format
  const fullRange = bits.flag();
  if (!bits.flag()) return { fullRange, primaries: 2, transfer: 2, matrix: 2 };
  return { fullRange, primaries: bits.u(8), transfer: bits.u(8), matrix: bits.u(8) };
}

/** H.264 table E-1, H.265 table E.1; index 0 is "unspecified". */
const sampleAspectRatios: readonly (SampleAspectRatio | undefined)[] = [
  undefined,
  ...[
    [1, 1],
    [12, 11],
    [10, 11],
    [16, 11],
    [40, 33],
    [24, 11],
    [20, 11],
    [32, 11],
    [80, 33],
    [18, 11],
    [15, 11],
    [64, 33],
    [160, 99],
    [4, 3],
    [3, 2],
    [2, 1],
  ].map(([width, height]) => ({ width: width as number, height: height as number })),
];
