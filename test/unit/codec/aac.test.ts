import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitWriter } from '../../../src/core/base/bits.ts';
import { fromHex, toHex } from '../../../src/core/base/bytes.ts';
import { aac } from '../../../src/core/codec/index.ts';
import { codeOf, survives } from './tools.ts';

/**
 * AudioSpecificConfigs: of ffmpeg 5.1's encoder (with "no SBR" behind them, and PCE for unusual layouts), and the
 * well-known ones of HE-AAC encoders. Output rate and channels are what ffprobe says.
 */
const cases = [
  { name: 'LC stereo', config: '121056e500', rate: 44_100, channels: 2, samples: 1024, text: 'mp4a.40.2', srs: 'LC' },
  { name: 'LC mono', config: '140856e500', rate: 16_000, channels: 1, samples: 1024, text: 'mp4a.40.2', srs: 'LC' },
  { name: 'LC 5.1', config: '11b056e500', rate: 48_000, channels: 6, samples: 1024, text: 'mp4a.40.2', srs: 'LC' },
  { name: 'LC 7.1', config: '11b856e500', rate: 48_000, channels: 8, samples: 1024, text: 'mp4a.40.2', srs: 'LC' },
  { name: 'Main', config: '099056e500', rate: 48_000, channels: 2, samples: 1024, text: 'mp4a.40.1', srs: 'Main' },
  { name: 'two bytes', config: '1210', rate: 44_100, channels: 2, samples: 1024, text: 'mp4a.40.2', srs: 'LC' },
  { name: '960 samples', config: '1214', rate: 44_100, channels: 2, samples: 960, text: 'mp4a.40.2', srs: 'LC' },
  {
    name: 'PCE quad',
    config: '12000504040021100d4c61766335392e33372e31303056e500',
    rate: 44_100,
    channels: 4,
    samples: 1024,
    text: 'mp4a.40.2',
    srs: 'LC',
  },
  {
    name: 'PCE 6.1',
    config: '1200050848002000c4400d4c61766335392e33372e31303056e500',
    rate: 44_100,
    channels: 7,
    samples: 1024,
    text: 'mp4a.40.2',
    srs: 'LC',
  },
  {
    name: 'PCE 2.1',
    config: '12000504010020000d4c61766335392e33372e31303056e500',
    rate: 44_100,
    channels: 3,
    samples: 1024,
    text: 'mp4a.40.2',
    srs: 'LC',
  },
  { name: 'HE', config: '2b920800', rate: 44_100, channels: 2, samples: 2048, text: 'mp4a.40.5', srs: 'HE' },
  { name: 'HEv2', config: 'eb8a0800', rate: 44_100, channels: 2, samples: 2048, text: 'mp4a.40.29', srs: 'HEv2' },
  {
    name: 'HE compatible',
    config: '139056e5a0',
    rate: 44_100,
    channels: 2,
    samples: 2048,
    text: 'mp4a.40.5',
    srs: 'LC',
  },
  {
    name: 'HEv2 compatible',
    config: '138856e5a54880',
    rate: 44_100,
    channels: 2,
    samples: 2048,
    text: 'mp4a.40.29',
    srs: 'LC',
  },
] as const;

describe('AudioSpecificConfig', () => {
  it.each(cases)('$name', ({ config, rate, channels, samples, text, srs }) => {
    const parsed = aac.parseConfig(fromHex(config));

    expect(aac.outputOf(parsed)).toEqual({ sampleRate: rate, channels, samplesPerFrame: samples });
    expect(aac.codecString(parsed)).toBe(text);
    expect(aac.profileName(parsed)).toBe(srs);
  });

  it('has the core of HE-AAC, which ADTS and decoders need', () => {
    expect(aac.parseConfig(fromHex('eb8a0800'))).toEqual({
      objectType: 2,
      sampleRate: 22_050,
      channelConfig: 1,
      channels: 1,
      frameLength: 1024,
      extension: { signalling: 'hierarchical', sampleRate: 44_100, ps: true },
    });
  });

  it('reads escaped object types, explicit rates and low delay frames', () => {
    const eld = new BitWriter().u(5, 31).u(6, 7).u(4, 15).u(24, 48_001).u(4, 2).u(1, 1).u(7, 0).done();
    const ld = new BitWriter().u(5, 23).u(4, 3).u(4, 1).u(3, 1).u(3, 0).u(1, 0).u(2, 0).done();
    const usac = new BitWriter().u(5, 31).u(6, 10).u(4, 3).u(4, 2).u(8, 0).done();

    expect(aac.parseConfig(eld)).toMatchObject({ objectType: 39, sampleRate: 48_001, frameLength: 480 });
    expect(aac.parseConfig(ld)).toMatchObject({ objectType: 23, channels: 1, frameLength: 512 });
    expect(aac.outputOf(aac.parseConfig(usac))).toEqual({ sampleRate: 48_000, channels: 2 });
    expect(aac.profileName(aac.parseConfig(usac))).toBe('Other');
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14])('knows channel configuration %i', (channelConfig) => {
    const config = new BitWriter().u(5, 2).u(4, 3).u(4, channelConfig).u(3, 0).done();
    const channels = { 7: 8, 11: 7, 12: 8, 13: 24, 14: 8 }[channelConfig] ?? channelConfig;

    expect(aac.parseConfig(config).channels).toBe(channels);
  });

  it('reads the sync extension behind a program config with everything in it', () => {
    const bits = new BitWriter().u(5, 2).u(4, 7).u(4, 0).u(3, 0); // LC, 22050 Hz
    bits.u(4, 0).u(2, 1).u(4, 7).u(4, 2).u(4, 1).u(4, 1).u(2, 1).u(3, 3).u(4, 8);
    bits.u(1, 1).u(4, 1).u(1, 1).u(4, 2).u(1, 1).u(3, 5); // all three mixdowns
    for (const pair of [0, 1, 1, 0]) bits.u(1, pair).u(4, 0);
    bits.u(4, 0).u(12, 0).u(32, 0).u(8, 0); // low frequency, data, coupling
    bits.u(7, 0); // 137 bits so far; the comment begins at a whole byte
    bits.u(8, 2).u(16, 0x6869).u(11, 0x2b7).u(5, 5).u(1, 1).u(4, 4);
    const parsed = aac.parseConfig(bits.done());

    expect(parsed.channels).toBe(7);
    expect(aac.outputOf(parsed)).toMatchObject({ sampleRate: 44_100, channels: 7 });
  });

  it('refuses 0 and 1 bytes, and cut program configs', () => {
    expect(codeOf(() => aac.parseConfig(new Uint8Array(0)))).toBe('BITS_SHORT');
    expect(codeOf(() => aac.parseConfig(fromHex('12')))).toBe('BITS_SHORT');
    expect(codeOf(() => aac.parseConfig(fromHex('1200')))).toBe('BITS_SHORT');
    expect(codeOf(() => aac.parseConfig(fromHex('12000504040021100d4c61')))).toBe('BITS_SHORT');
  });

  it('refuses reserved object types, rates and channel configurations, and a program without channels', () => {
    expect(codeOf(() => aac.parseConfig(fromHex('0000')))).toBe('CODEC_RESERVED');
    expect(codeOf(() => aac.parseConfig(fromHex('1690')))).toBe('CODEC_RESERVED');
    expect(codeOf(() => aac.parseConfig(fromHex('1240')))).toBe('CODEC_RESERVED');
    expect(codeOf(() => aac.parseConfig(fromHex('1278')))).toBe('CODEC_RESERVED');
    expect(codeOf(() => aac.parseConfig(fromHex('1780000010')))).toBe('CODEC_RANGE');
    expect(codeOf(() => aac.parseConfig(fromHex('1200000000000000')))).toBe('CODEC_RANGE');
  });

  it('is read as it was written', () => {
    const rate = fc.oneof(fc.constantFrom(...aac.sampleRates), fc.integer({ min: 1, max: 0xffffff }));
    const record = fc.record(
      {
        objectType: fc.integer({ min: 1, max: 4 }),
        sampleRate: rate,
        channelConfig: fc.constantFrom(1, 2, 3, 4, 5, 6, 7, 11, 12, 14),
        frameLength: fc.constantFrom(960, 1024),
        extension: fc.record({
          signalling: fc.constantFrom('hierarchical' as const, 'compatible' as const),
          sampleRate: rate,
          ps: fc.boolean(),
        }),
      },
      { requiredKeys: ['objectType', 'sampleRate', 'channelConfig', 'frameLength'] },
    );
    fc.assert(
      fc.property(record, (config) => {
        const { channels, ...parsed } = aac.parseConfig(aac.writeConfig(config));

        expect(parsed).toEqual(config);
        expect(channels).toBeGreaterThan(0);
      }),
    );
  });

  it('is not written where it could not be read', () => {
    const config = { objectType: 2, sampleRate: 44_100, channelConfig: 2 };
    expect(toHex(aac.writeConfig(config))).toBe('1210');
    expect(codeOf(() => aac.writeConfig({ ...config, objectType: 39 }))).toBe('CODEC_RANGE');
    expect(codeOf(() => aac.writeConfig({ ...config, channelConfig: 0 }))).toBe('CODEC_RESERVED');
    expect(codeOf(() => aac.writeConfig({ ...config, sampleRate: 0 }))).toBe('CODEC_RANGE');
  });
});

describe('ADTS', () => {
  it('reads the header that ffmpeg writes', () => {
    expect(aac.parseAdts(fromHex('fff150802b3ffc de0200'))).toEqual({
      objectType: 2,
      sampleRate: 44_100,
      channelConfig: 2,
      headerSize: 7,
      frameSize: 345,
      blocks: 1,
    });
  });

  it('reads headers with a checksum, of MPEG-2, and with several blocks', () => {
    expect(aac.parseAdts(fromHex('fff8 5080 2b3ffe abcd'))).toMatchObject({ headerSize: 9, frameSize: 345, blocks: 3 });
    expect(aac.isAdtsSync(fromHex('fff9'))).toBe(true);
    expect(aac.isAdtsSync(fromHex('00fff1'), 1)).toBe(true);
    expect(aac.isAdtsSync(fromHex('fffb'))).toBe(false);
    expect(aac.isAdtsSync(fromHex('ff'))).toBe(false);
  });

  it('is read as it was written', () => {
    const record = fc.record({
      objectType: fc.integer({ min: 1, max: 4 }),
      sampleRate: fc.constantFrom(...aac.sampleRates),
      channelConfig: fc.nat(7),
    });
    fc.assert(
      fc.property(record, fc.nat(8184), fc.nat(5), (config, size, at) => {
        const data = new Uint8Array(at + aac.adtsHeaderSize);
        data.set(aac.writeAdts(config, size), at);

        expect(aac.parseAdts(data, at)).toEqual({ ...config, headerSize: 7, frameSize: size + 7, blocks: 1 });
      }),
    );
  });

  it('gives the configuration of its stream', () => {
    expect(toHex(aac.configOf(aac.parseAdts(fromHex('fff150802b3ffc'))))).toBe('1210');
    expect(codeOf(() => aac.configOf(aac.parseAdts(fromHex('fff150002b3ffc'))))).toBe('CODEC_RESERVED');
  });

  it('refuses other sync words, reserved rates, frames shorter than the header, and cut headers', () => {
    expect(codeOf(() => aac.parseAdts(fromHex('fffb50802b3ffc')))).toBe('CODEC_SYNC');
    expect(codeOf(() => aac.parseAdts(fromHex('fff174802b3ffc')))).toBe('CODEC_RESERVED');
    expect(codeOf(() => aac.parseAdts(fromHex('fff1508000dffc')))).toBe('CODEC_RANGE');
    expect(codeOf(() => aac.parseAdts(fromHex('fff150802b3f')))).toBe('BYTES_SHORT');
  });

  it('is not written for what it cannot say', () => {
    const config = { objectType: 2, sampleRate: 44_100, channelConfig: 2 };
    expect(codeOf(() => aac.writeAdts(config, 8185))).toBe('CODEC_RANGE');
    expect(codeOf(() => aac.writeAdts({ ...config, objectType: 5 }, 1))).toBe('CODEC_RANGE');
    expect(codeOf(() => aac.writeAdts({ ...config, sampleRate: 44_101 }, 1))).toBe('CODEC_RANGE');
    expect(codeOf(() => aac.writeAdts({ ...config, channelConfig: 11 }, 1))).toBe('CODEC_RANGE');
  });
});

it('random and damaged input gives ProtocolError and nothing else', () => {
  survives(
    aac.parseConfig,
    cases.map(({ config }) => fromHex(config)),
    3000,
  );
  survives((input) => aac.configOf(aac.parseAdts(input)), [fromHex('fff150802b3ffc')]);
});
