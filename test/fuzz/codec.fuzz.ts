// Parameter sets, configuration records and frame heads of all codecs.
import { concat } from '../../src/core/base/bytes.ts';
import {
  aac,
  ac3,
  annexBToLengthPrefixed,
  av1,
  describe,
  flac,
  h264,
  h265,
  mp3,
  opus,
  splitAnnexB,
  splitLengthPrefixed,
  vp8,
  vp9,
} from '../../src/core/codec/index.ts';
import { avcConfig } from '../tools/builders.ts';
import { refuses } from './tools.ts';

export const name = 'codec';

/** The SPS of `avcConfig`, and the same as a unit with its length, as frames have it. */
const sps = avcConfig.slice(8, 8 + 0x1b);
export const seeds = [avcConfig, sps, concat([Uint8Array.of(0, 0, 0, sps.length), sps])];

const described = ['h264', 'h265', 'av1', 'vp8', 'vp9', 'aac', 'mp3', 'opus', 'flac', 'ac3', 'eac3', 'pcma'] as const;

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
  aac.parseConfig,
  aac.parseAdts,
  ac3.parseSyncFrame,
  flac.parseStreamInfo,
  mp3.parseHeader,
  opus.parseHead,
  opus.parseDops,
  opus.parsePacket,
  splitAnnexB,
  splitLengthPrefixed,
  annexBToLengthPrefixed,
  (bytes) => described.map((codec) => describe(codec, bytes, bytes)),
];

export function run(bytes: Uint8Array): void {
  for (const parse of parsers) refuses(() => parse(bytes));
}
