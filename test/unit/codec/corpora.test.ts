// Inputs that broke other people's parsers, when the corpora lie beside the repository; they are not part of it.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  aac,
  ac3,
  av1,
  describe as describeTrack,
  flac,
  h264,
  h265,
  isKeyFrame,
  lengthPrefixedToAnnexB,
  mp3,
  opus,
  splitAnnexB,
  splitLengthPrefixed,
  vp9,
} from '../../../src/core/codec/index.ts';
import { codeOf } from './tools.ts';

const root = join(import.meta.dirname, '../../../../shared/corpora/mediacommon');

type Parser = (input: Uint8Array) => unknown;

/** The parsers that each folder's files go to; folders of other codecs are not listed. */
const parsers: Readonly<Record<string, readonly Parser[]>> = {
  codecs_h264: [
    splitLengthPrefixed,
    lengthPrefixedToAnnexB,
    splitAnnexB,
    h264.parseSps,
    h264.parsePps,
    h264.parseConfig,
    h264.seiMessages,
    h264.isKeyFrame,
    (input) => h264.configOf([input, input]),
    (input) => describeTrack('h264', input),
  ],
  codecs_h265: [
    h265.parseVps,
    h265.parseSps,
    h265.parsePps,
    h265.parseConfig,
    h265.isKeyFrame,
    (input) => h265.configOf([input, input]),
    (input) => describeTrack('h265', input),
  ],
  codecs_av1: [
    av1.splitObus,
    av1.parseSequenceHeader,
    (input) => av1.parseSequenceHeader(input.subarray(1)),
    av1.sequenceHeaderOf,
    av1.toCanonical,
    av1.parseConfig,
    (input) => isKeyFrame('av1', input),
  ],
  codecs_vp9: [vp9.parseHeader, vp9.parseConfig, vp9.configOf, vp9.isKeyFrame],
  codecs_mpeg4audio: [aac.parseConfig, aac.parseAdts, (input) => aac.writeConfig(aac.parseConfig(input))],
  codecs_mpeg1audio: [mp3.parseHeader],
  codecs_opus: [opus.parseHead, opus.parseDops, opus.parsePacket],
  codecs_flac: [flac.parseStreamInfo],
  codecs_ac3: [ac3.parseSyncFrame],
  codecs_eac3: [ac3.parseSyncFrame],
};

describe.skipIf(!existsSync(root)).each(Object.entries(parsers))('%s', (folder, targets) => {
  it('gives values or ProtocolError', () => {
    const names = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
    const inputs = names.filter((name) => name.endsWith('.bin')).map((name) => readFileSync(join(root, folder, name)));

    expect(inputs.length).toBeGreaterThan(0);
    for (const input of inputs) for (const target of targets) codeOf(() => target(new Uint8Array(input)));
  });
});
