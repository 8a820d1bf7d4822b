import { expect, describe as group, it } from 'vitest';
import { BitWriter } from '../../../src/core/base/bits.ts';
import { concat, fromHex } from '../../../src/core/base/bytes.ts';
import { describe, escapeNal, h264, h265, isKeyFrame } from '../../../src/core/codec/index.ts';
import { cases as h264Cases } from './h264.cases.ts';
import { cases as h265Cases } from './h265.cases.ts';
import { codeOf, survives } from './tools.ts';

const nothing = new Uint8Array(0);

group('describe', () => {
  it('says everything of an H.264 track', () => {
    expect(describe('h264', fromHex(h264Cases[2]!.config))).toEqual({
      kind: 'video',
      name: 'H264',
      codecString: 'avc1.640028',
      profile: 'High',
      level: '4',
      width: 1920,
      height: 1080,
      fps: 30_000 / 1001,
      sar: { width: 1, height: 1 },
      reorder: 2,
      bitDepth: 8,
    });
  });

  it('says everything of an H.265 track', () => {
    expect(describe('h265', fromHex(h265Cases[2]!.config))).toEqual({
      kind: 'video',
      name: 'HEVC',
      codecString: 'hvc1.2.4.L63.90',
      profile: 'Main10',
      level: '2.1',
      width: 320,
      height: 240,
      fps: 50,
      sar: { width: 1, height: 1 },
      colour: { fullRange: false, primaries: 9, transfer: 16, matrix: 9 },
      reorder: 2,
      bitDepth: 10,
    });
  });

  it('takes the rate of an H.265 track from the VPS when the SPS has none', () => {
    const config = h265.parseConfig(fromHex(h265Cases[0]!.config));
    const profile = (bits: BitWriter) => bits.u(8, 1).u(32, 0x60000000).u(32, 0).u(16, 0).u(8, 90);
    const sps = profile(new BitWriter().u(4, 0).u(3, 0).u(1, 1)).ue(0).ue(1).ue(64).ue(48).u(1, 0).ue(0).ue(0).ue(4);
    sps.u(1, 0).ue(4).ue(2).ue(0);
    for (let i = 0; i < 6; i++) sps.ue(0);
    sps.u(4, 0).ue(0).u(4, 0).u(2, 2); // no tools, no reference sets, no VUI
    const vps = profile(new BitWriter().u(4, 0).u(8, 0xc0).u(3, 0).u(1, 1).u(16, 0xffff));
    vps.u(1, 1).ue(4).ue(2).ue(0).u(6, 0).ue(0).u(1, 1).u(32, 1001).u(32, 24_000).u(2, 2);
    const unit = (header: string, bits: BitWriter) => concat([fromHex(header), escapeNal(bits.done())]);
    const arrays = [
      { type: h265.nalType.vps, complete: true, nals: [unit('4001', vps)] },
      { type: h265.nalType.sps, complete: true, nals: [unit('4201', sps)] },
    ];

    const info = describe('h265', h265.writeConfig({ ...config, arrays }));

    expect(info).toMatchObject({ width: 64, height: 48, fps: 24_000 / 1001 });

    // Where both say it, the SPS is right.
    const both = [arrays[0]!, config.arrays.find(({ type }) => type === h265.nalType.sps)!];
    expect(describe('h265', h265.writeConfig({ ...config, arrays: both }))).toMatchObject({ width: 640, fps: 25 });
  });

  it('has the names of every other codec', () => {
    const av1 = fromHex('81010c000a0b0000000cc4ff6700be0010');
    const vp9Frame = fromHex('824983420014100b560638241c184a00');
    const vp9 = fromHex('0015820202020000');
    const opus = fromHex('4f707573486561640102380180bb0000000000');
    const flac = fromHex('120012000004370005080ac442f0000044e8b838ae48dd56a6e6b55b4e65f3f9a71c');
    const ac3 = fromHex('0b77b50b1e40ebf8403eff99');
    const eac3 = fromHex('0b7701ff3f87c00020802000');

    expect(describe('av1', av1)).toMatchObject({ name: 'AV1', profile: 'Main', level: '2.1', width: 640, height: 360 });
    expect(describe('vp9', vp9)).toEqual({
      kind: 'video',
      name: 'VP9',
      codecString: 'vp09.00.21.08',
      profile: 'Profile 0',
      level: '2.1',
      reorder: 0,
      bitDepth: 8,
    });
    expect(describe('vp9', vp9, vp9Frame)).toMatchObject({ width: 322, height: 182 });
    expect(describe('aac', fromHex('eb8a0800'))).toEqual({
      kind: 'audio',
      name: 'AAC',
      codecString: 'mp4a.40.29',
      profile: 'HEv2',
      sampleRate: 44_100,
      channels: 2,
      samplesPerFrame: 2048,
    });
    expect(describe('opus', opus)).toEqual({
      kind: 'audio',
      name: 'Opus',
      codecString: 'opus',
      sampleRate: 48_000,
      channels: 2,
    });
    expect(describe('opus', opus, fromHex('ff83fe'))).toMatchObject({ samplesPerFrame: 2880 });
    expect(describe('flac', flac)).toMatchObject({
      name: 'FLAC',
      codecString: 'flac',
      sampleRate: 44_100,
      bitDepth: 16,
    });
    expect(describe('ac3', nothing, ac3)).toMatchObject({ name: 'AC3', codecString: 'ac-3', channels: 6 });
    expect(describe('eac3', nothing, eac3)).toMatchObject({ name: 'EAC3', codecString: 'ec-3', sampleRate: 48_000 });
    expect(describe('mp3', nothing, fromHex('fffb9064'))).toEqual({
      kind: 'audio',
      name: 'MP3',
      codecString: 'mp4a.6B',
      sampleRate: 44_100,
      channels: 2,
      samplesPerFrame: 1152,
    });
    expect(describe('vp8', nothing, fromHex('1067009d012a4201b600'))).toMatchObject({ name: 'VP8', width: 322 });
    expect(describe('pcma', nothing)).toMatchObject({
      name: 'PCMA',
      codecString: 'alaw',
      sampleRate: 8000,
      channels: 1,
    });
    expect(describe('pcmu', nothing, new Uint8Array(160))).toMatchObject({ name: 'PCMU', samplesPerFrame: 160 });
  });

  it('makes do with a key frame where a track of vp9, av1 or opus has no configuration', () => {
    const av1Key = fromHex('12000a0a00000002afff9b5f2008321210009000082082200000c1b4e5c0c3011ac6');

    expect(describe('vp9', nothing, fromHex('824983420014100b560638241c184a00'))).toMatchObject({
      width: 322,
      level: '1.1',
    });
    expect(describe('av1', nothing, av1Key)).toMatchObject({ width: 64, height: 64, codecString: 'av01.0.00M.08' });
    expect(describe('opus', nothing, fromHex('ff83fe'))).toMatchObject({ channels: 2 });
    expect(describe('av1', fromHex('81000c00'), av1Key)).toMatchObject({ width: 64 });
    expect(describe('av1', fromHex('81000c00'))).not.toHaveProperty('width');
  });

  it('is undefined for unknown codecs and when there is nothing to look at', () => {
    for (const codec of ['amf0', 'unknown', 'toString', '__proto__', '']) {
      expect(describe(codec, fromHex('1210'), fromHex('1210'))).toBeUndefined();
    }
    for (const codec of ['h264', 'h265', 'av1', 'vp8', 'vp9', 'aac', 'mp3', 'opus', 'flac', 'ac3', 'eac3']) {
      expect(describe(codec, nothing)).toBeUndefined();
      expect(describe(codec, nothing, nothing)).toBeUndefined();
    }
  });

  it('refuses configurations without the parameter sets that say the size', () => {
    const avc = { ...h264.parseConfig(fromHex(h264Cases[0]!.config)), sps: [] };
    const hevc = h265.parseConfig(fromHex(h265Cases[0]!.config));
    const withoutSps = { ...hevc, arrays: hevc.arrays.filter(({ type }) => type !== h265.nalType.sps) };
    const withoutVps = { ...hevc, arrays: hevc.arrays.filter(({ type }) => type !== h265.nalType.vps) };

    expect(codeOf(() => describe('h264', h264.writeConfig(avc)))).toBe('CODEC_MISSING');
    expect(codeOf(() => describe('h265', h265.writeConfig(withoutSps)))).toBe('CODEC_MISSING');
    // A VPS is not needed for what is shown here.
    expect(describe('h265', h265.writeConfig(withoutVps))).toMatchObject({ width: 640, fps: 25 });
  });
});

it('isKeyFrame is true for audio and unknown codecs', () => {
  for (const codec of ['aac', 'opus', 'pcma', 'amf0']) expect(isKeyFrame(codec, nothing)).toBe(true);
});

it('random and damaged input gives a description or ProtocolError and nothing else', () => {
  const seeds = [...h264Cases, ...h265Cases].map(({ config }) => fromHex(config));
  for (const codec of ['h264', 'h265', 'av1', 'vp8', 'vp9', 'aac', 'mp3', 'opus', 'flac', 'ac3', 'eac3', 'pcma']) {
    survives((input) => describe(codec, input, input), seeds, 300);
    survives((input) => describe(codec, nothing, input), seeds, 300);
    survives((input) => isKeyFrame(codec, input), seeds, 300);
  }
});
