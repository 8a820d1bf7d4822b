import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitWriter } from '../../../src/core/base/bits.ts';
import { concat, fromHex, toHex } from '../../../src/core/base/bytes.ts';
import { av1, isKeyFrame, maxUnits } from '../../../src/core/codec/index.ts';
import { codeOf, survives } from './tools.ts';

/** av1C of real encoders (ffmpeg 5.1, testsrc2) with what ffprobe says; pixels as `depth/subsampling`. */
const cases = [
  {
    name: 'svt',
    config: '81010c000a0b0000000cc4ff6700be0010',
    size: [640, 360],
    pixels: '8/11',
    text: 'av01.0.01M.08',
  },
  {
    name: 'svt 10 bit HDR',
    config: '81054c000a0e0000002d4cffb3c02f8509100904',
    size: [1280, 720],
    pixels: '10/11',
    text: 'av01.0.05M.10.0.110.09.16.09.0',
  },
  {
    name: 'aom',
    config: '81000c000a0b000000043d06d4daf90040',
    size: [322, 182],
    pixels: '8/11',
    text: 'av01.0.00M.08',
  },
  {
    name: 'aom 4:4:4',
    config: '812000000a0a200000043cfeccdaf902',
    size: [320, 180],
    pixels: '8/00',
    text: 'av01.1.00M.08.0.000.02.02.02.0',
  },
  {
    name: 'aom film grain',
    config: '81000c000a0b000000043cfeccdaf900c0',
    size: [320, 180],
    pixels: '8/11',
    text: 'av01.0.00M.08',
  },
  {
    name: 'aom 4:2:2 12 bit',
    config: '814068000a0b400000043cfeccdaf96220',
    size: [320, 180],
    pixels: '12/10',
    text: 'av01.2.00M.12.0.100.02.02.02.0',
  },
] as const;

/** Temporal units of aom and svt for a black picture of 64x64. */
const unit = {
  key: fromHex('12000a0a00000002afff9b5f2008321210009000082082200000c1b4e5c0c3011ac6'),
  delta: fromHex('1200321230038080fdf806c000596596281042009530'),
  showsTwo: fromHex(
    '120032122804002492491d8b040a2841040003009c103212280201049200158e0061830c200018009b7032123003080924db2b2400c30618200030009640',
  ),
  showExisting: fromHex('12001a01b8'),
};

describe('sequence header', () => {
  it.each(cases)('$name: what ffprobe says', ({ config, size, pixels }) => {
    const sequence = av1.sequenceHeaderOf(av1.parseConfig(fromHex(config)).obus)!;

    expect([sequence.width, sequence.height]).toEqual(size);
    expect(`${sequence.bitDepth}/${sequence.subsamplingX}${sequence.subsamplingY}`).toBe(pixels);
    expect(sequence.monochrome).toBe(false);
  });

  it('reads colour and film grain', () => {
    const grain = cases.map(({ config }) => av1.sequenceHeaderOf(av1.parseConfig(fromHex(config)).obus)!.filmGrain);
    expect(grain).toEqual([false, false, false, false, true, false]);
    expect(av1.sequenceHeaderOf(av1.parseConfig(fromHex(cases[1].config)).obus)!.colour).toEqual({
      fullRange: false,
      primaries: 9,
      transfer: 16,
      matrix: 9,
    });
  });

  /** Behind the operating points: 64x64, no frame ids, tools off, and then the colour. */
  const rest = (bits: BitWriter) => {
    bits.u(4, 5).u(4, 5).u(6, 63).u(6, 63).u(1, 0).u(3, 0);
    bits.u(4, 0).u(1, 0).u(1, 0).u(1, 0); // no inter tools, no order hint, screen content tools 0
    return bits.u(3, 0);
  };

  it('reads rate, decoder model, operating points and a high tier', () => {
    const bits = new BitWriter().u(3, 0).u(2, 0).u(1, 1).u(32, 1001).u(32, 60_000).u(1, 1).ue(1);
    bits.u(1, 1).u(5, 9).u(32, 1).u(5, 3).u(5, 3); // delays of 10 bits
    bits.u(1, 1).u(5, 1); // display delays; two points
    bits.u(12, 0x303).u(5, 13).u(1, 1).u(1, 1).u(21, 7).u(1, 1).u(4, 2);
    bits.u(12, 0x100).u(5, 4).u(1, 0).u(1, 0);
    rest(bits).u(1, 0).u(1, 1).u(1, 1).u(8, 1).u(8, 1).u(8, 1).u(1, 1).u(1, 1); // monochrome, BT.709, full range; grain
    const sequence = av1.parseSequenceHeader(bits.done());

    expect(sequence).toMatchObject({
      levelIndex: 13,
      tier: 1,
      width: 64,
      height: 64,
      monochrome: true,
      filmGrain: true,
    });
    expect(sequence.fps).toBeCloseTo(29.97, 2);
    expect(sequence.colour).toEqual({ fullRange: true, primaries: 1, transfer: 1, matrix: 1 });
    expect(av1.codecString(sequence, sequence)).toBe('av01.0.13H.08.1.110.01.01.01.1');
  });

  it('reads RGB without subsampling bits, and a reduced still picture', () => {
    const rgb = rest(new BitWriter().u(3, 1).u(2, 0).u(2, 0).u(5, 0).u(12, 0).u(5, 0));
    rgb.u(1, 0).u(1, 1).u(8, 1).u(8, 13).u(8, 0).u(1, 0).u(1, 1);
    const still = new BitWriter().u(3, 0).u(2, 3).u(5, 4).u(4, 5).u(4, 5).u(6, 63).u(6, 31).u(3, 0).u(3, 0);
    still.u(1, 0).u(1, 0).u(1, 0).u(1, 0).u(2, 0).u(1, 0).u(1, 0);

    expect(av1.parseSequenceHeader(rgb.done())).toMatchObject({ subsamplingX: 0, filmGrain: true, bitDepth: 8 });
    expect(av1.parseSequenceHeader(still.done())).toMatchObject({ reducedStillPicture: true, width: 64, height: 32 });
  });

  it('refuses huge pictures, reserved profiles and cut headers', () => {
    const bits = new BitWriter().u(3, 0).u(2, 0).u(2, 0).u(5, 0).u(12, 0).u(5, 0);
    bits.u(4, 15).u(4, 15).u(16, 65_535).u(16, 65_535).u(32, 0).u(32, 0);
    expect(codeOf(() => av1.parseSequenceHeader(bits.done()))).toBe('CODEC_DIMENSION');
    expect(codeOf(() => av1.parseSequenceHeader(fromHex('6000000000000000')))).toBe('CODEC_RANGE');
    const payload = av1.splitObus(av1.parseConfig(fromHex(cases[0].config)).obus)[0]!.payload;
    for (let size = 0; size < payload.length - 1; size++) {
      expect(codeOf(() => av1.parseSequenceHeader(payload.subarray(0, size)))).toBe('BITS_SHORT');
    }
  });
});

describe('av1C', () => {
  it.each(cases)('$name: parse and write are inverse', ({ config }) => {
    expect(toHex(av1.writeConfig(av1.parseConfig(fromHex(config))))).toBe(config);
  });

  it.each(cases)('$name: made of its sequence header it is the same record', ({ config }) => {
    expect(toHex(av1.configOf(av1.parseConfig(fromHex(config)).obus)!)).toBe(config);
  });

  it.each(cases)('$name: codec string', ({ config, text }) => {
    const parsed = av1.parseConfig(fromHex(config));

    expect(av1.codecString(parsed, av1.sequenceHeaderOf(parsed.obus))).toBe(text);
  });

  it('round-trips any record', () => {
    const record = fc.record(
      {
        profile: fc.nat(2),
        levelIndex: fc.nat(31),
        tier: fc.nat(1),
        bitDepth: fc.constantFrom(8, 10, 12),
        monochrome: fc.boolean(),
        subsamplingX: fc.nat(1),
        subsamplingY: fc.nat(1),
        chromaSamplePosition: fc.nat(3),
        presentationDelay: fc.integer({ min: 1, max: 16 }),
        obus: fc.uint8Array({ maxLength: 20 }),
      },
      {
        requiredKeys: [
          'profile',
          'levelIndex',
          'tier',
          'bitDepth',
          'monochrome',
          'subsamplingX',
          'subsamplingY',
          'chromaSamplePosition',
          'obus',
        ],
      },
    );
    fc.assert(
      fc.property(record, (config) => {
        expect(av1.parseConfig(av1.writeConfig(config))).toEqual(config);
      }),
    );
  });

  it('refuses other versions and cut records', () => {
    expect(codeOf(() => av1.parseConfig(fromHex('01010c00')))).toBe('CODEC_VERSION');
    expect(codeOf(() => av1.parseConfig(fromHex('81610c00')))).toBe('CODEC_RANGE');
    expect(codeOf(() => av1.parseConfig(fromHex('81010c')))).toBe('BYTES_SHORT');
    expect(codeOf(() => av1.parseConfig(new Uint8Array(0)))).toBe('BYTES_SHORT');
  });

  it('is made of a temporal unit, if that has a sequence header', () => {
    expect(toHex(av1.configOf(unit.key)!)).toBe('81000c000a0a00000002afff9b5f2008');
    expect(av1.configOf(unit.delta)).toBeUndefined();
  });

  it('has the codec string of the specification, without colour when nothing says it', () => {
    const config = {
      profile: 0,
      levelIndex: 4,
      tier: 0,
      bitDepth: 8,
      monochrome: false,
      subsamplingX: 1,
      subsamplingY: 1,
      chromaSamplePosition: 0,
    };

    expect(av1.codecString(config)).toBe('av01.0.04M.08');
    expect([0, 8, 13, 23, 24, 31].map(av1.levelName)).toEqual(['2.0', '4.0', '5.1', '7.3', 'Other', 'max']);
    expect([0, 1, 2, 3].map(av1.profileName)).toEqual(['Main', 'High', 'Professional', 'Other']);
  });
});

describe('units', () => {
  it('are split by their sizes', () => {
    expect(av1.splitObus(unit.key).map(({ type, payload }) => [type, payload.length])).toEqual([
      [av1.obuType.temporalDelimiter, 0],
      [av1.obuType.sequenceHeader, 10],
      [av1.obuType.frame, 18],
    ]);
  });

  it('have temporal and spatial ids in the extension', () => {
    expect(av1.parseObu(fromHex('36 48 01 aa'))).toMatchObject({ type: 6, temporalId: 2, spatialId: 1, hasSize: true });
  });

  it('without a size end with the data, and get one', () => {
    const obu = av1.parseObu(fromHex('30 aabb'));

    expect(obu).toMatchObject({ type: 6, hasSize: false });
    expect(toHex(obu.payload)).toBe('aabb');
    expect(toHex(av1.withSize(obu))).toBe('3202aabb');
    expect(toHex(av1.withSize(av1.parseObu(fromHex('34 48 aa'))))).toBe('364801aa');
  });

  it('are canonical without temporal delimiters and with every size', () => {
    const canonical = av1.toCanonical(unit.key);

    expect(toHex(canonical)).toBe(toHex(unit.key.subarray(2)));
    expect(av1.toCanonical(canonical)).toBe(canonical);
    expect(toHex(av1.toCanonical(fromHex('1200 30aabb')))).toBe('3202aabb');
    expect(av1.toCanonical(av1.temporalDelimiter)).toHaveLength(0);
  });

  it('refuses the forbidden bit, sizes beyond the end, cut headers and too many units', () => {
    expect(codeOf(() => av1.splitObus(fromHex('b200')))).toBe('CODEC_UNIT');
    expect(codeOf(() => av1.splitObus(fromHex('3203aabb')))).toBe('CODEC_UNIT');
    expect(codeOf(() => av1.splitObus(fromHex('36')))).toBe('CODEC_UNIT');
    expect(codeOf(() => av1.splitObus(fromHex('32')))).toBe('CODEC_UNIT');
    const many = new Uint8Array((maxUnits + 1) * 2).map((_, i) => (i % 2 === 0 ? 0x12 : 0));
    expect(codeOf(() => av1.splitObus(many))).toBe('CODEC_UNIT');
  });

  it('reads what it writes as leb128, and nothing above 32 bits', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (value) => {
        const written = av1.writeLeb128(value);

        expect(av1.parseLeb128(written, 0)).toEqual({ value, end: written.length });
      }),
    );
    // Padded with needless bytes it is the same value.
    expect(av1.parseLeb128(fromHex('81808000'), 0)).toEqual({ value: 1, end: 4 });
    expect(codeOf(() => av1.parseLeb128(fromHex('ffffffff1f'), 0))).toBe('CODEC_UNIT');
    expect(codeOf(() => av1.parseLeb128(fromHex('808080808080808000'), 0))).toBe('CODEC_UNIT');
  });
});

describe('key frames', () => {
  it('are shown frames of type KEY_FRAME', () => {
    expect(isKeyFrame('av1', unit.key)).toBe(true);
    expect(isKeyFrame('av1', av1.toCanonical(unit.key))).toBe(true);
    expect(isKeyFrame('av1', unit.delta)).toBe(false);
    expect(isKeyFrame('av1', unit.showExisting)).toBe(false);
    expect(isKeyFrame('av1', new Uint8Array(0))).toBe(false);
    expect(isKeyFrame('av1', fromHex('3200'))).toBe(false);
    // A key frame that is not shown: another frame shows it later.
    expect(isKeyFrame('av1', fromHex('320100'))).toBe(false);
    expect(isKeyFrame('av1', fromHex('320110'))).toBe(true);
  });

  it('are all frames of reduced still pictures', () => {
    expect(isKeyFrame('av1', fromHex('0a0118 3201ff'))).toBe(true);
  });
});

it('random and damaged input gives ProtocolError and nothing else', () => {
  const configs = cases.map(({ config }) => fromHex(config));
  const frames = Object.values(unit);
  survives(av1.parseConfig, configs);
  survives(
    av1.parseSequenceHeader,
    configs.map((config) => config.subarray(6)),
    3000,
  );
  survives(av1.splitObus, frames);
  survives(av1.toCanonical, frames);
  survives(av1.configOf, frames);
  survives(av1.isKeyFrame, frames);
  survives((input) => av1.sequenceHeaderOf(concat([fromHex('08'), input])), configs);
});
