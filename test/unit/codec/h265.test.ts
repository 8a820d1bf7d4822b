import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitWriter } from '../../../src/core/base/bits.ts';
import { concat, fromHex, toHex } from '../../../src/core/base/bytes.ts';
import { escapeNal, h265, isKeyFrame, joinLengthPrefixed } from '../../../src/core/codec/index.ts';
import { cases } from './h265.cases.ts';
import { codeOf, survives } from './tools.ts';

const setsOf = (config: string) => h265.parameterSets(h265.parseConfig(fromHex(config)));
const spsOf = (config: string) => setsOf(config).sps[0]!;

/** An SPS of Main at level 3, 4:2:0, 8 bits, from its size to the end. */
function sps(fields: (bits: BitWriter) => BitWriter): Uint8Array {
  const bits = new BitWriter().u(4, 0).u(3, 0).u(1, 1);
  bits.u(8, 1).u(32, 0x60000000).u(32, 0x90000000).u(16, 0).u(8, 90); // profile_tier_level
  bits.ue(0).ue(1); // id, chroma format
  return concat([fromHex('4201'), escapeNal(fields(bits).u(1, 1).done())]);
}

/** From the size to the reference sets. */
function body(bits: BitWriter, { width = 320, height = 240, buffering = 4, reorder = 2 } = {}): BitWriter {
  bits.ue(width).ue(height).u(1, 0).ue(0).ue(0).ue(4);
  bits.u(1, 0).ue(buffering).ue(reorder).ue(0);
  for (let i = 0; i < 6; i++) bits.ue(0);
  return bits.u(1, 0).u(2, 0).u(1, 0); // no scaling lists, amp, sao, pcm
}

describe('parseSps on real streams', () => {
  it.each(cases)('$name: what ffprobe says', ({ config, level, size, fps, pixels, sar, reorder }) => {
    const parsed = h265.parseSps(spsOf(config));

    expect([parsed.width, parsed.height]).toEqual(size);
    expect(parsed.profile.levelIdc).toBe(level);
    expect(parsed.fps).toBeCloseTo(fps, 3);
    expect(parsed.bitDepthLuma).toBe(pixels.includes('12') ? 12 : pixels.includes('10') ? 10 : 8);
    expect(parsed.chromaFormat).toBe(pixels.includes('444') ? 3 : pixels.includes('422') ? 2 : 1);
    expect([parsed.sar?.width, parsed.sar?.height]).toEqual(sar);
    expect(parsed.reorder).toBe(reorder);
  });

  it('reads the size in front of the conformance window', () => {
    const parsed = h265.parseSps(spsOf(cases[1]!.config));

    expect([parsed.codedWidth, parsed.codedHeight]).toEqual([1920, 1088]);
  });

  it('reads the colour of HDR', () => {
    const hdr = cases.find(({ name }) => name === 'main10')!;

    expect(h265.parseSps(spsOf(hdr.config)).colour).toEqual({
      fullRange: false,
      primaries: 9,
      transfer: 16,
      matrix: 9,
    });
  });
});

describe('parts that x265 does not write', () => {
  const timing = (bits: BitWriter) => bits.u(1, 0).u(2, 0).u(1, 1).u(4, 0).u(3, 0).u(1, 0).u(1, 1).u(32, 1).u(32, 50);

  it('reads the rate behind predicted reference sets', () => {
    const parsed = h265.parseSps(
      sps((bits) => {
        body(bits).ue(3);
        bits.ue(2).ue(1).ue(0).u(1, 1).ue(1).u(1, 1).ue(2).u(1, 1); // -1, -3, +3
        // Moved by -3: -4, -6, 0 (dropped) and -3 itself.
        bits.u(1, 1).u(1, 1).ue(2).u(1, 1).u(1, 1).u(1, 1).u(1, 1);
        // Three are left, so there are four flags; none is used, the last is not even kept.
        bits.u(1, 1).u(1, 0).ue(0).u(1, 0).u(1, 1).u(1, 0).u(1, 1).u(1, 0).u(1, 1).u(1, 0).u(1, 0);
        return timing(bits);
      }),
    );

    expect(parsed.fps).toBe(50);
  });

  it('reads the rate behind scaling lists, PCM and long-term pictures', () => {
    const parsed = h265.parseSps(
      sps((bits) => {
        bits.ue(320).ue(240).u(1, 0).ue(0).ue(0).ue(4).u(1, 0).ue(4).ue(2).ue(0);
        for (let i = 0; i < 6; i++) bits.ue(0);
        bits.u(1, 1).u(1, 1);
        for (let list = 0; list < 20; list++) {
          const size = list < 6 ? 16 : 64;
          if (list % 2 === 0) bits.u(1, 0).ue(1);
          else {
            bits.u(1, 1);
            if (list >= 12) bits.se(3);
            for (let i = 0; i < size; i++) bits.se(-1);
          }
        }
        bits.u(2, 0).u(1, 1).u(8, 0x77).ue(0).ue(1).u(1, 1);
        bits.ue(0).u(1, 1).ue(2).u(8, 5).u(1, 1).u(8, 9).u(1, 0); // two long-term pictures, 8 bits of POC
        return bits.u(2, 0).u(1, 1).u(4, 0).u(3, 0).u(1, 0).u(1, 1).u(32, 1001).u(32, 30_000);
      }),
    );

    expect(parsed.fps).toBeCloseTo(29.97, 2);
  });

  it('reads past the levels of sub-layers', () => {
    const bits = new BitWriter().u(4, 0).u(3, 2).u(1, 1);
    bits.u(8, 1).u(32, 0x60000000).u(32, 0).u(16, 0).u(8, 90);
    bits.u(2, 0b11).u(2, 0b01).u(12, 0); // two sub-layers: profile and level, level only
    bits.u(32, 0).u(32, 0).u(24, 0).u(8, 60).u(8, 63);
    bits.ue(0).ue(1).ue(64).ue(48).u(1, 0).ue(0).ue(0).ue(4);
    bits.u(1, 1).ue(1).ue(0).ue(0).ue(2).ue(1).ue(0).ue(3).ue(2).ue(0);
    for (let i = 0; i < 6; i++) bits.ue(0);
    bits.u(1, 0).u(2, 0).u(1, 0).ue(0).u(1, 0).u(2, 0).u(1, 0).u(2, 2);
    const parsed = h265.parseSps(concat([fromHex('4201'), escapeNal(bits.done())]));

    expect(parsed).toMatchObject({ width: 64, height: 48, maxSubLayers: 3, reorder: 2 });
  });
});

describe('VPS and PPS', () => {
  it.each(cases)('$name', ({ config }) => {
    const sets = setsOf(config);

    expect(h265.parseVps(sets.vps[0]!)).toMatchObject({ id: 0, maxSubLayers: 1, temporalIdNested: true });
    expect(h265.parseVps(sets.vps[0]!).profile).toEqual(h265.parseSps(sets.sps[0]!).profile);
    expect(h265.parsePps(sets.pps[0]!)).toMatchObject({ id: 0, spsId: 0, extraSliceHeaderBits: 0 });
  });

  it('reads the rate of a VPS behind its layer sets', () => {
    const bits = new BitWriter().u(4, 0).u(8, 0xc0).u(3, 0).u(1, 1).u(16, 0xffff);
    bits.u(8, 1).u(32, 0x60000000).u(32, 0).u(16, 0).u(8, 90);
    bits.u(1, 1).ue(4).ue(2).ue(0).u(6, 1).ue(2).u(4, 0).u(1, 1).u(32, 1).u(32, 25).u(2, 2);

    expect(h265.parseVps(concat([fromHex('4001'), escapeNal(bits.done())])).fps).toBe(25);
  });
});

describe('bad parameter sets', () => {
  it('refuses units of size 0, of another type, or cut', () => {
    expect(codeOf(() => h265.parseSps(new Uint8Array(0)))).toBe('CODEC_UNIT');
    expect(codeOf(() => h265.parseSps(setsOf(cases[0]!.config).vps[0]!))).toBe('CODEC_UNIT');
    expect(codeOf(() => h265.parseVps(new Uint8Array(0)))).toBe('CODEC_UNIT');
    expect(codeOf(() => h265.parsePps(fromHex('4401')))).toBe('CODEC_UNIT');
    const whole = spsOf(cases[0]!.config);
    for (let size = 3; size < whole.length - 3; size++) {
      expect(codeOf(() => h265.parseSps(whole.subarray(0, size)))).toBe('BITS_SHORT');
    }
  });

  it('refuses huge and empty pictures', () => {
    const end = (bits: BitWriter) => bits.ue(0).u(1, 0).u(2, 0).u(1, 0);
    expect(codeOf(() => h265.parseSps(sps((bits) => end(body(bits, { width: 32_769 })))))).toBe('CODEC_RANGE');
    expect(codeOf(() => h265.parseSps(sps((bits) => end(body(bits, { height: 0 })))))).toBe('CODEC_RANGE');
    expect(h265.parseSps(sps((bits) => end(body(bits, { width: 32_768 })))).width).toBe(32_768);
    const hidden = sps((bits) => bits.ue(320).ue(240).u(1, 1).ue(80).ue(80).ue(0).ue(0));
    expect(codeOf(() => h265.parseSps(hidden))).toBe('CODEC_DIMENSION');
  });

  it('takes a reordering above 10 and refuses one above 15', () => {
    const end = (bits: BitWriter) => bits.ue(0).u(1, 0).u(2, 0).u(1, 0);
    const reordered = (reorder: number) => sps((bits) => end(body(bits, { buffering: 15, reorder })));

    expect(h265.parseSps(reordered(11)).reorder).toBe(11);
    expect(codeOf(() => h265.parseSps(reordered(16)))).toBe('CODEC_RANGE');
  });

  it('refuses more reference sets, or pictures in one, than there can be', () => {
    expect(codeOf(() => h265.parseSps(sps((bits) => body(bits).ue(65))))).toBe('CODEC_RANGE');
    expect(codeOf(() => h265.parseSps(sps((bits) => body(bits).ue(1).ue(17).ue(0))))).toBe('CODEC_RANGE');
    expect(codeOf(() => h265.parseSps(sps((bits) => body(bits).ue(1).ue(9).ue(8))))).toBe('CODEC_RANGE');
  });

  it('refuses Exp-Golomb codes above 32 bits', () => {
    expect(codeOf(() => h265.parseSps(sps((bits) => bits.u(32, 0).u(8, 0))))).toBe('BITS_GOLOMB');
  });
});

describe('hvcC', () => {
  it.each(cases)('$name: parse and write are inverse', ({ config }) => {
    expect(toHex(h265.writeConfig(h265.parseConfig(fromHex(config))))).toBe(config);
  });

  it.each(cases)('$name: made of its parameter sets it says the same', ({ config }) => {
    const { vps, sps: sequence, pps } = setsOf(config);
    const made = h265.parseConfig(h265.configOf([...pps, ...vps, ...sequence])!);

    const { arrays, ...head } = h265.parseConfig(fromHex(config));
    expect(made).toMatchObject(head);
    expect(made.arrays.map(({ type }) => type)).toEqual([32, 33, 34]);
    expect(h265.parameterSets(made)).toEqual({ vps, sps: sequence, pps });
    expect(arrays).toHaveLength(3);
  });

  it('round-trips any record', () => {
    const record = fc.record({
      profile: fc.record({
        profileSpace: fc.nat(3),
        tier: fc.nat(1),
        profileIdc: fc.nat(31),
        compatibilityFlags: fc.nat(0xffffffff),
        constraintFlags: fc.uint8Array({ minLength: 6, maxLength: 6 }),
        levelIdc: fc.nat(255),
      }),
      minSpatialSegmentation: fc.nat(4095),
      parallelism: fc.nat(3),
      chromaFormat: fc.nat(3),
      bitDepthLuma: fc.integer({ min: 8, max: 15 }),
      bitDepthChroma: fc.integer({ min: 8, max: 15 }),
      averageFrameRate: fc.nat(65_535),
      constantFrameRate: fc.nat(3),
      temporalLayers: fc.nat(7),
      temporalIdNested: fc.boolean(),
      lengthSize: fc.constantFrom(1 as const, 2 as const, 4 as const),
      arrays: fc.array(
        fc.record({
          type: fc.nat(63),
          complete: fc.boolean(),
          nals: fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 4 }),
        }),
        { maxLength: 6 },
      ),
    });
    fc.assert(
      fc.property(record, (config) => {
        expect(h265.parseConfig(h265.writeConfig(config))).toEqual(config);
      }),
    );
  });

  it('refuses other versions, lengths of 3 bytes, empty units and cut records', () => {
    const good = cases[0]!.config;
    expect(codeOf(() => h265.parseConfig(fromHex(`02${good.slice(2)}`)))).toBe('CODEC_VERSION');
    expect(codeOf(() => h265.parseConfig(fromHex(`${good.slice(0, 42)}0e${good.slice(44)}`)))).toBe('CODEC_RANGE');
    expect(codeOf(() => h265.parseConfig(fromHex(`${good.slice(0, 44)}01 a1 0001 0000`)))).toBe('CODEC_UNIT');
    for (let size = 0; size < good.length / 2; size++) {
      expect(codeOf(() => h265.parseConfig(fromHex(good).subarray(0, size)))).toBe('BYTES_SHORT');
    }
  });

  it('needs a VPS, an SPS and a PPS', () => {
    const { vps, sps: sequence, pps } = setsOf(cases[0]!.config);
    expect(h265.configOf([...sequence, ...pps])).toBeUndefined();
    expect(h265.configOf([...vps, ...pps])).toBeUndefined();
    expect(h265.configOf([...vps, ...sequence])).toBeUndefined();
    expect(codeOf(() => h265.makeConfig({ vps, sps: [], pps }))).toBe('CODEC_MISSING');
  });
});

describe('names and the codec string', () => {
  it.each([
    [cases[0]!, 'hvc1.1.6.L63.90'],
    [cases[2]!, 'hvc1.2.4.L63.90'],
    [cases[3]!, 'hvc1.4.10.L60.99.08'],
    [cases[5]!, 'hvc1.1.6.H153.90'],
  ])('$name', ({ config }, expected) => {
    expect(h265.codecString(h265.parseConfig(fromHex(config)).profile)).toBe(expected);
  });

  it('writes the profile space, and keeps zero bytes inside the constraints', () => {
    const profile = {
      profileSpace: 1,
      tier: 0,
      profileIdc: 1,
      compatibilityFlags: 0x80000000,
      constraintFlags: fromHex('b00001000000'),
      levelIdc: 93,
    };

    expect(h265.codecString(profile)).toBe('hvc1.A1.1.L93.B0.00.01');
    expect(h265.codecString({ ...profile, profileSpace: 0, constraintFlags: new Uint8Array(6) })).toBe('hvc1.1.1.L93');
  });

  it('prints profiles and levels as SRS does', () => {
    expect([1, 2, 3, 4, 5, 0].map(h265.profileName)).toEqual([
      'Main',
      'Main10',
      'Main Still Picture',
      'Rext',
      'Other',
      'Other',
    ]);
    expect([30, 60, 63, 93, 120, 153, 186, 94].map(h265.levelName)).toEqual([
      '1',
      '2',
      '2.1',
      '3.1',
      '4',
      '5.1',
      '6.2',
      'Other',
    ]);
  });
});

describe('key frames', () => {
  const frame = (...units: string[]) => joinLengthPrefixed(units.map(fromHex));

  it('are IRAP pictures: IDR and CRA, as x265 writes them', () => {
    expect(isKeyFrame('h265', frame('460110', '40010c01', '42010101', '4401c172', '2801af1d80'))).toBe(true);
    expect(isKeyFrame('h265', frame('460110', '2a01ac0cf2'))).toBe(true);
    expect(isKeyFrame('h265', frame('460130', '0201d01578'))).toBe(false);
    expect(isKeyFrame('h265', frame('0001e024bf'))).toBe(false);
    expect(isKeyFrame('h265', frame('40010c01'))).toBe(false);
    expect(isKeyFrame('h265', new Uint8Array(0))).toBe(false);
    expect([15, 16, 21, 23, 24].map(h265.isIrap)).toEqual([false, true, true, true, false]);
  });

  it('do not hide behind damage', () => {
    expect(codeOf(() => isKeyFrame('h265', fromHex('000000ff 4601')))).toBe('CODEC_UNIT');
  });
});

it('random and damaged input gives ProtocolError and nothing else', () => {
  const sets = cases.map(({ config }) => setsOf(config));
  survives(
    h265.parseConfig,
    cases.map(({ config }) => fromHex(config)),
  );
  survives(
    h265.parseSps,
    sets.map((set) => set.sps[0]!),
    3000,
  );
  survives((input) => h265.parseSps(concat([fromHex('4201'), input])), [new Uint8Array(8)]);
  survives(
    h265.parseVps,
    sets.map((set) => set.vps[0]!),
  );
  survives((input) => h265.parseVps(concat([fromHex('4001'), input])), [new Uint8Array(8)]);
  survives(
    h265.parsePps,
    sets.map((set) => set.pps[0]!),
  );
  survives(h265.isKeyFrame, [joinLengthPrefixed([fromHex('460110'), fromHex('2a01ac')])]);
});
