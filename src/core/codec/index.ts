// The door of the codec folder: one namespace for each codec, what they share, and the two questions about any codec.
export * as aac from './aac/index.ts';
export * as ac3 from './ac3/index.ts';
export * as av1 from './av1/index.ts';
export { maxDimension, maxUnits } from './bounds.ts';
export { type CodecInfo, describe } from './describe.ts';
export { codecErrors } from './errors.ts';
export * as flac from './flac/index.ts';
export * as g711 from './g711/index.ts';
export * as h264 from './h264/index.ts';
export * as h265 from './h265/index.ts';
export { isKeyFrame } from './key-frame.ts';
export * as mp3 from './mp3/index.ts';
export {
  annexBToLengthPrefixed,
  escapeNal,
  findStartCode,
  joinAnnexB,
  joinLengthPrefixed,
  type LengthSize,
  lengthPrefixedToAnnexB,
  nalLength,
  splitAnnexB,
  splitLengthPrefixed,
  unescapeNal,
  widenLengths,
} from './nal.ts';
export * as opus from './opus/index.ts';
export * as vp8 from './vp8/index.ts';
export * as vp9 from './vp9/index.ts';
export type { Colour, SampleAspectRatio } from './vui.ts';
