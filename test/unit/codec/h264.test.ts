import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitWriter } from '../../../src/core/base/bits.ts';
import { concat, fromHex, toHex } from '../../../src/core/base/bytes.ts';
import { escapeNal, h264, isKeyFrame, joinLengthPrefixed } from '../../../src/core/codec/index.ts';
import { cases } from './h264.cases.ts';
import { codeOf, survives } from './tools.ts';

const spsOf = (config: string) => h264.parseConfig(fromHex(config)).sps[0]!;

/** The start of a Baseline SPS up to pic_order_cnt_type 2, and what follows. */
function sps(write: (bits: BitWriter) => BitWriter, profileIdc = 66): Uint8Array {
  const bits = new BitWriter().u(8, profileIdc).u(8, 0).u(8, 30).ue(0);
  return concat([Uint8Array.of(0x67), escapeNal(write(bits).u(1, 1).done())]);
}

/** frame number bits, POC type, reference frames, gaps flag, size, frame_mbs_only, direct 8x8. */
const picture = (bits: BitWriter, { poc = 2, refs = 1, width = 20, height = 15 } = {}) =>
  bits
    .ue(0)
    .ue(poc)
    .ue(refs)
    .u(1, 0)
    .ue(width - 1)
    .ue(height - 1)
    .u(1, 1)
    .u(1, 1);

describe('parseSps on real streams', () => {
  it.each(cases)('$name: what ffprobe says', ({ config, level, size, fps, pixels, sar }) => {
    const parsed = h264.parseSps(spsOf(config));

    expect([parsed.width, parsed.height]).toEqual(size);
    expect(parsed.levelIdc).toBe(level);
    expect(parsed.fps).toBeCloseTo(fps, 3);
    expect(parsed.bitDepthLuma).toBe(pixels.endsWith('10le') ? 10 : 8);
    expect(parsed.chromaFormat).toBe(
      pixels.includes('444') ? 3 : pixels.includes('422') ? 2 : pixels === 'yuvj420p' ? 0 : 1,
    );
    expect([parsed.sar?.width, parsed.sar?.height]).toEqual(sar);
  });

  it.each(cases)('$name: the reordering that the encoder wrote', ({ config, reorder }) => {
    expect(h264.parseSps(spsOf(config)).reorder).toBe(reorder);
  });

  it('tells interlaced streams by frame_mbs_only_flag', () => {
    const interlaced = cases.find((entry) => entry.name === 'interlaced')!;

    expect(h264.parseSps(spsOf(interlaced.config)).frameMbsOnly).toBe(false);
    expect(h264.parseSps(spsOf(cases[0]!.config)).frameMbsOnly).toBe(true);
  });

  it('reads the colour, behind which HRD parameters do not disturb the reordering', () => {
    const parsed = h264.parseSps(spsOf(cases.find((entry) => entry.name === 'colour')!.config));

    expect(parsed.colour).toEqual({ fullRange: false, primaries: 1, transfer: 1, matrix: 1 });
    expect(parsed.reorder).toBe(2);
  });

  it('reads the whole macroblocks in front of the cropping', () => {
    const parsed = h264.parseSps(spsOf(cases.find((entry) => entry.name === 'high 1080p odd crop')!.config));

    expect([parsed.codedWidth, parsed.codedHeight]).toEqual([1920, 1088]);
  });
});

describe('parts that x264 does not write', () => {
  it('reads the size behind scaling lists of every length and behind a POC cycle', () => {
    const bits = new BitWriter().u(8, 100).u(8, 0).u(8, 30).ue(0).ue(3).u(1, 0).ue(0).ue(0).u(1, 0).u(1, 1);
    bits.u(1, 0).u(1, 1).se(-8); // one list absent, one that ends at once
    for (let list = 2; list < 12; list++) {
      bits.u(1, 1);
      for (let i = 0; i < (list < 6 ? 16 : 64); i++) bits.se(i % 2 === 0 ? 1 : -1);
    }
    bits.ue(0).ue(1).u(1, 0).se(-3).se(2).ue(2).se(5).se(-5).ue(1).u(1, 0);
    bits.ue(9).ue(7).u(1, 1).u(1, 1).u(1, 1).ue(1).ue(2).ue(3).ue(4).u(1, 0).u(1, 1);
    const parsed = h264.parseSps(concat([Uint8Array.of(0x67), escapeNal(bits.done())]));

    // In 4:4:4 cropping counts single samples.
    expect(parsed).toMatchObject({ chromaFormat: 3, pocType: 1, width: 157, height: 121 });
  });

  it('counts single samples of separate colour planes and pairs of 4:2:2', () => {
    const size = (chroma: (bits: BitWriter) => BitWriter) => {
      const bits = chroma(new BitWriter().u(8, 122).u(8, 0).u(8, 30).ue(0)).ue(0).ue(0).u(1, 0).u(1, 0);
      bits.ue(0).ue(2).ue(1).u(1, 0).ue(9).ue(9).u(1, 1).u(1, 1).u(1, 1).ue(0).ue(1).ue(0).ue(1).u(1, 0).u(1, 1);
      const { width, height } = h264.parseSps(concat([Uint8Array.of(0x67), escapeNal(bits.done())]));
      return [width, height];
    };

    expect(size((bits) => bits.ue(3).u(1, 1))).toEqual([159, 159]);
    expect(size((bits) => bits.ue(2))).toEqual([158, 159]);
    expect(size((bits) => bits.ue(1))).toEqual([158, 158]);
    expect(size((bits) => bits.ue(0))).toEqual([159, 159]);
  });
});

describe('the reordering of an SPS without bitstream_restriction', () => {
  const withoutVui = (profileIdc: number, poc: number, constraints = 0, level = 30) => {
    const bits = new BitWriter().u(8, profileIdc).u(8, constraints).u(8, level).ue(0);
    if (profileIdc >= 100) bits.ue(1).ue(0).ue(0).u(1, 0).u(1, 0);
    bits.ue(0).ue(poc);
    if (poc === 0) bits.ue(0);
    bits.ue(4).u(1, 0).ue(39).ue(29).u(1, 1).u(1, 1).u(1, 0).u(1, 0).u(1, 1);
    return concat([Uint8Array.of(0x67), escapeNal(bits.done())]);
  };

  it('is 0 for POC type 2, Baseline and the intra profiles', () => {
    expect(h264.parseSps(withoutVui(77, 2)).reorder).toBe(0);
    expect(h264.parseSps(withoutVui(66, 0)).reorder).toBe(0);
    expect(h264.parseSps(withoutVui(110, 0, 0x10)).reorder).toBe(0);
  });

  it('is the decoded picture buffer of level and size otherwise', () => {
    // 8100 macroblocks at level 3, 40 * 30 a picture.
    expect(h264.parseSps(withoutVui(77, 0)).reorder).toBe(6);
    expect(h264.parseSps(withoutVui(100, 0)).reorder).toBe(6);
    expect(h264.parseSps(withoutVui(77, 0, 0, 51)).reorder).toBe(16);
    expect(h264.parseSps(withoutVui(77, 0, 0, 99)).reorder).toBe(16);
    // Level 1b holds fewer than one such picture.
    expect(h264.parseSps(withoutVui(77, 0, 0x10, 11)).reorder).toBe(0);
  });
});

describe('bad SPS', () => {
  it('refuses a unit of size 0, of another type, or cut anywhere', () => {
    expect(codeOf(() => h264.parseSps(new Uint8Array(0)))).toBe('CODEC_UNIT');
    expect(codeOf(() => h264.parseSps(fromHex('68ebe3cb')))).toBe('CODEC_UNIT');
    const whole = spsOf(cases[2]!.config);
    for (let size = 1; size < whole.length - 1; size++) {
      expect(codeOf(() => h264.parseSps(whole.subarray(0, size)))).toBe('BITS_SHORT');
    }
  });

  it('refuses huge and empty pictures', () => {
    expect(codeOf(() => h264.parseSps(sps((bits) => picture(bits, { width: 2049 }).u(2, 0))))).toBe('CODEC_RANGE');
    expect(codeOf(() => h264.parseSps(sps((bits) => picture(bits, { height: 2 ** 31 }).u(2, 0))))).toBe('CODEC_RANGE');
    expect(h264.parseSps(sps((bits) => picture(bits, { width: 2048 }).u(2, 0))).width).toBe(32_768);
    const croppedAway = sps((bits) => picture(bits).u(1, 1).ue(80).ue(80).ue(0).ue(0).u(1, 0));
    expect(codeOf(() => h264.parseSps(croppedAway))).toBe('CODEC_DIMENSION');
  });

  it('refuses field pictures that are above the limit only when doubled', () => {
    const fields = sps((bits) => bits.ue(0).ue(2).ue(1).u(1, 0).ue(0).ue(2047).u(1, 0).u(1, 0).u(1, 1).u(2, 0));

    expect(codeOf(() => h264.parseSps(fields))).toBe('CODEC_DIMENSION');
  });

  it('refuses Exp-Golomb codes above 32 bits', () => {
    const overflow = concat([fromHex('67 42 00 1e'), fromHex('80 00 00 03 00 00 03 00 00 03 00 00 03 00')]);

    expect(codeOf(() => h264.parseSps(overflow))).toBe('BITS_GOLOMB');
  });

  it('refuses counts above those of the specification', () => {
    expect(codeOf(() => h264.parseSps(sps((bits) => picture(bits, { refs: 17 }).u(2, 0))))).toBe('CODEC_RANGE');
    expect(codeOf(() => h264.parseSps(sps((bits) => picture(bits, { poc: 3 }).u(2, 0))))).toBe('CODEC_RANGE');
    const cycle = sps((bits) => bits.ue(0).ue(1).u(1, 0).se(0).se(0).ue(256));
    expect(codeOf(() => h264.parseSps(cycle))).toBe('CODEC_RANGE');
  });

  it('takes a reordering above 10 and refuses one above 16', () => {
    const restricted = (reorder: number) =>
      sps((bits) =>
        picture(bits, { poc: 2 })
          .u(1, 0) // no cropping
          .u(1, 1) // VUI: only bitstream_restriction
          .u(8, 0b0000_0000)
          .u(1, 1)
          .u(1, 0)
          .ue(0)
          .ue(0)
          .ue(0)
          .ue(0)
          .ue(reorder)
          .ue(16),
      );

    expect(h264.parseSps(restricted(11)).reorder).toBe(11);
    expect(h264.parseSps(restricted(16)).reorder).toBe(16);
    expect(codeOf(() => h264.parseSps(restricted(17)))).toBe('CODEC_RANGE');
  });
});

describe('avcC', () => {
  it.each(cases)('$name: parse and write are inverse', ({ config }) => {
    expect(toHex(h264.writeConfig(h264.parseConfig(fromHex(config))))).toBe(config);
  });

  it.each(cases)('$name: made of its parameter sets it is the same record', ({ config }) => {
    const { sps: sets, pps } = h264.parseConfig(fromHex(config));

    expect(toHex(h264.configOf([...sets, ...pps])!)).toBe(config);
  });

  it('round-trips any record', () => {
    const unit = fc.uint8Array({ minLength: 1, maxLength: 20 });
    const record = fc.record({
      profileIdc: fc.constantFrom(66, 77, 88, 100, 110, 122, 244),
      constraintFlags: fc.nat(255),
      levelIdc: fc.nat(255),
      lengthSize: fc.constantFrom(1 as const, 2 as const, 4 as const),
      sps: fc.array(unit, { maxLength: 31 }),
      pps: fc.array(unit, { maxLength: 40 }),
      high: fc.record({
        chromaFormat: fc.nat(3),
        bitDepthLuma: fc.integer({ min: 8, max: 14 }),
        bitDepthChroma: fc.integer({ min: 8, max: 14 }),
        spsExtensions: fc.array(unit, { maxLength: 3 }),
      }),
    });
    fc.assert(
      fc.property(record, ({ high, ...low }) => {
        const config = low.profileIdc < 100 ? low : { ...low, high };

        expect(h264.parseConfig(h264.writeConfig(config))).toEqual(config);
      }),
    );
  });

  it('reads records of high profiles that end behind the parameter sets', () => {
    const short = fromHex(cases[2]!.config).slice(0, -4);

    expect(h264.parseConfig(short).high).toBeUndefined();
    expect(toHex(h264.writeConfig(h264.parseConfig(short)))).toBe(toHex(short));
  });

  it('refuses other versions, lengths of 3 bytes, empty parameter sets and cut records', () => {
    const good = cases[0]!.config;
    expect(codeOf(() => h264.parseConfig(fromHex(`00${good.slice(2)}`)))).toBe('CODEC_VERSION');
    expect(codeOf(() => h264.parseConfig(fromHex('0142c01e fe e0 00')))).toBe('CODEC_RANGE');
    expect(codeOf(() => h264.parseConfig(fromHex('0142c01e ff e1 0000 00')))).toBe('CODEC_UNIT');
    for (let size = 0; size < good.length / 2; size++) {
      expect(codeOf(() => h264.parseConfig(fromHex(good).subarray(0, size)))).toBe('BYTES_SHORT');
    }
  });

  it('refuses to write what does not fit, and to make a record without an SPS', () => {
    const { sps: sets, pps } = h264.parseConfig(fromHex(cases[0]!.config));
    const many = Array.from({ length: 32 }, () => sets[0]!);
    const big = concat([sets[0]!, new Uint8Array(65_536)]);
    expect(codeOf(() => h264.writeConfig(h264.makeConfig(many, pps)))).toBe('CODEC_RANGE');
    expect(codeOf(() => h264.writeConfig(h264.makeConfig([big], pps)))).toBe('CODEC_RANGE');
    expect(codeOf(() => h264.makeConfig([], pps))).toBe('CODEC_MISSING');
    expect(h264.configOf(sets)).toBeUndefined();
    expect(h264.configOf(pps)).toBeUndefined();
  });
});

describe('names and the codec string', () => {
  it('is avc1 and three bytes', () => {
    expect(h264.codecString(h264.parseConfig(fromHex(cases[2]!.config)))).toBe('avc1.640028');
    expect(h264.codecString(h264.parseConfig(fromHex(cases[0]!.config)))).toBe('avc1.42c01e');
  });

  it('prints profiles and levels as SRS does', () => {
    const names = (codes: number[], name: (code: number) => string) => codes.map(name);

    expect(names([66, 77, 88, 100, 110, 122, 144, 244, 44], h264.profileName)).toEqual([
      'Baseline',
      'Main',
      'Extended',
      'High',
      'High(10)',
      'High(422)',
      'High(444)',
      'High(444+Predictive)',
      'Other',
    ]);
    expect(names([10, 13, 22, 30, 31, 40, 51, 42, 0], h264.levelName)).toEqual([
      '1',
      '1.3',
      '2.2',
      '3',
      '3.1',
      '4',
      '5.1',
      'Other',
      'Other',
    ]);
  });
});

describe('parsePps', () => {
  it.each(cases)('$name', ({ name, config }) => {
    const pps = h264.parsePps(h264.parseConfig(fromHex(config)).pps[0]!);

    expect(pps).toMatchObject({ id: 0, spsId: 0 });
    // Baseline has no CABAC, and x264's ultrafast, of which one case is made, does without.
    expect(pps.cabac).toBe(name !== 'baseline' && name !== 'interlaced 1080 with cropping');
  });

  it('refuses other units', () => {
    expect(codeOf(() => h264.parsePps(fromHex('67')))).toBe('CODEC_UNIT');
    expect(codeOf(() => h264.parsePps(fromHex('68')))).toBe('BITS_SHORT');
  });
});

describe('key frames', () => {
  const unit = (hex: string) => fromHex(hex);
  const frame = (...units: string[]) => joinLengthPrefixed(units.map(unit));
  const delimiter = '0910';

  it('are frames with an IDR slice, whatever stands in front of it', () => {
    expect(isKeyFrame('h264', frame('6588840cfffef6'))).toBe(true);
    expect(isKeyFrame('h264', frame(delimiter, '6764000a', '68ebe3', '0605ff', '6588840cfffef6'))).toBe(true);
    expect(isKeyFrame('h264', frame(delimiter, '419a29b1'))).toBe(false);
    expect(isKeyFrame('h264', frame('6764000a', '68ebe3'))).toBe(false);
    expect(isKeyFrame('h264', new Uint8Array(0))).toBe(false);
  });

  it('are frames with a recovery point, as x264 writes for open GOPs and for intra refresh', () => {
    expect(isKeyFrame('h264', frame(delimiter, '060601c480', '418893037f'))).toBe(true);
    expect(isKeyFrame('h264', frame('0606017180', '419a86217f'))).toBe(true);
    expect(h264.recoveryFrameCount(unit('060601c480'))).toBe(0);
    expect(h264.recoveryFrameCount(unit('0606017180'))).toBe(2);
    // A message in front of it.
    expect(h264.recoveryFrameCount(unit('060501ff0601c480'))).toBe(0);
    expect(h264.recoveryFrameCount(unit('060501ff80'))).toBeUndefined();
  });

  it('do not hide behind damage', () => {
    expect(codeOf(() => isKeyFrame('h264', fromHex('00000009 0910')))).toBe('CODEC_UNIT');
  });

  it('tells an IDR picture from a recovery point', () => {
    expect(h264.hasIdr(frame('6764', '6588'))).toBe(true);
    expect(h264.hasIdr(frame('060601c480', '4188'))).toBe(false);
  });
});

describe('SEI', () => {
  it('reads types and sizes of several bytes', () => {
    const payload = new Uint8Array(300).fill(7);
    const sei = concat([fromHex('06 ff05 ff2d'), payload, fromHex('80')]);

    expect(h264.seiMessages(sei)).toEqual([{ type: 260, payload }]);
  });

  it('ends at a message that is cut', () => {
    expect(h264.seiMessages(fromHex('0605ff01'))).toEqual([]);
    expect(h264.seiMessages(fromHex('06ffffff'))).toEqual([]);
    expect(h264.seiMessages(new Uint8Array(0))).toEqual([]);
  });
});

describe('random and damaged input', () => {
  const configs = cases.map(({ config }) => fromHex(config));
  const sets = cases.map(({ config }) => spsOf(config));

  it('gives ProtocolError and nothing else', () => {
    survives(h264.parseConfig, configs);
    survives(h264.parseSps, sets, 3000);
    survives((input) => h264.parseSps(concat([Uint8Array.of(0x67, 0x64), input])), sets);
    survives((input) => h264.parsePps(concat([Uint8Array.of(0x68), input])), configs);
    survives((input) => h264.configOf([input, ...h264.parseConfig(configs[0]!).pps]), sets);
    survives(h264.isKeyFrame, [fromHex('00000005060601c480 00000002 4188')]);
    survives((input) => h264.recoveryFrameCount(concat([Uint8Array.of(6), input])), [fromHex('060601c480')]);
  });
});
