// Parameter sets, configuration records and frame heads of the video codecs.
import { concat } from '../../src/core/base/bytes.ts';
import * as av1 from '../../src/core/codec/av1/index.ts';
import * as h264 from '../../src/core/codec/h264/index.ts';
import * as h265 from '../../src/core/codec/h265/index.ts';
import * as vp8 from '../../src/core/codec/vp8/index.ts';
import * as vp9 from '../../src/core/codec/vp9/index.ts';
import { avcConfig } from '../tools/builders.ts';
import { refuses } from './tools.ts';

export const name = 'codec';

/** The SPS of `avcConfig`, and the same as a unit with its length, as frames have it. */
const sps = avcConfig.slice(8, 8 + 0x1b);
export const seeds = [avcConfig, sps, concat([Uint8Array.of(0, 0, 0, sps.length), sps])];

const parsers: readonly ((bytes: Uint8Array) => unknown)[] = [
  h264.parseConfig,
  h264.parseSps,
  h264.parsePps,
  h264.seiMessages,
  h264.isKeyFrame,
  h265.parseConfig,
  h265.parseVps,
  h265.parseSps,
  h265.parsePps,
  h265.isKeyFrame,
  av1.parseConfig,
  av1.parseSequenceHeader,
  av1.splitObus,
  av1.toCanonical,
  av1.isKeyFrame,
  vp8.parseHeader,
  vp9.parseConfig,
  vp9.parseHeader,
];

export function run(bytes: Uint8Array): void {
  for (const parse of parsers) refuses(() => parse(bytes));
}
