import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BitWriter } from '../../../src/core/base/bits.ts';
import { fromHex, toHex } from '../../../src/core/base/bytes.ts';
import { isKeyFrame, vp8, vp9 } from '../../../src/core/codec/index.ts';
import { codeOf, survives } from './tools.ts';

/** Beginnings of frames of libvpx (ffmpeg 5.1): testsrc2 of 322x182, and black of 64x64. */
const vp8Key = fromHex('1067009d012a4201b6000007088585889984880202b305fd');
const vp8Delta = fromHex('d101000510ac00180018582ff400088e8000');

const vp9Cases = [
  { name: 'profile 0', frame: '824983420014100b560638241c184a00', profile: 0, bitDepth: 8, subsampling: '11' },
  { name: 'profile 1, 4:4:4', frame: 'a2498342000282016ac0c70483830940', profile: 1, bitDepth: 8, subsampling: '00' },
  { name: 'profile 2, 10 bit', frame: '92498342000a0805ab031c120e0c2c00', profile: 2, bitDepth: 10, subsampling: '11' },
  {
    name: 'profile 3, 4:4:4 12 bit',
    frame: 'b124c1a14000a0805ab031c120e0c2e0',
    profile: 3,
    bitDepth: 12,
    subsampling: '00',
  },
  {
    name: 'profile 3, 4:4:0 12 bit',
    frame: 'b124c1a14100a0805ab031c120e0c2e0',
    profile: 3,
    bitDepth: 12,
    subsampling: '01',
  },
] as const;
const vp9Deltas = [
  '86004092f121400000887f91f3be8dd1',
  'a6004092f121400000947f91f3be8d19',
  '96004092f1214000007c7f90',
  'b30020497890a0000064',
];

describe('VP8', () => {
  it('reads the size of a key frame', () => {
    expect(vp8.parseHeader(vp8Key)).toEqual({ key: true, version: 0, shown: true, width: 322, height: 182 });
    expect(vp8.parseHeader(fromHex('f002009d012a400040000047'))).toMatchObject({ key: true, width: 64, height: 64 });
  });

  it('leaves the scaling bits out of the size', () => {
    expect(vp8.parseHeader(fromHex('1067009d012a4241b6c0'))).toMatchObject({ width: 322, height: 182 });
  });

  it('tells key frames from others', () => {
    expect(isKeyFrame('vp8', vp8Key)).toBe(true);
    expect(isKeyFrame('vp8', vp8Delta)).toBe(false);
    expect(isKeyFrame('vp8', new Uint8Array(0))).toBe(false);
    expect(vp8.parseHeader(vp8Delta)).toEqual({ key: false, version: 0, shown: true });
  });

  it('refuses a wrong start code, an empty picture and a cut header', () => {
    expect(codeOf(() => vp8.parseHeader(fromHex('1067009d012b4201b600')))).toBe('CODEC_SYNC');
    expect(codeOf(() => vp8.parseHeader(fromHex('1067009d012a0000b600')))).toBe('CODEC_DIMENSION');
    for (let size = 0; size < 10; size++) {
      expect(codeOf(() => vp8.parseHeader(vp8Key.subarray(0, size)))).toBe('BYTES_SHORT');
    }
  });
});

describe('VP9 frame header', () => {
  it.each(vp9Cases)('$name: what ffprobe says', ({ frame, profile, bitDepth, subsampling }) => {
    const header = vp9.parseHeader(fromHex(frame));

    expect(header).toMatchObject({ key: true, profile, shown: true, picture: { bitDepth, width: 322, height: 182 } });
    expect(`${header.picture?.subsamplingX}${header.picture?.subsamplingY}`).toBe(subsampling);
    expect(isKeyFrame('vp9', fromHex(frame))).toBe(true);
  });

  it.each(vp9Deltas)('%s is no key frame', (frame) => {
    expect(vp9.parseHeader(fromHex(frame))).toMatchObject({ key: false, showExisting: false });
    expect(isKeyFrame('vp9', fromHex(frame))).toBe(false);
  });

  it('knows frames that show an existing one', () => {
    expect(vp9.parseHeader(fromHex('8a'))).toEqual({ key: false, profile: 0, showExisting: true, shown: true });
    expect(isKeyFrame('vp9', fromHex('8a'))).toBe(false);
    expect(isKeyFrame('vp9', fromHex('b4'))).toBe(false);
  });

  it('reads RGB, which has neither range nor subsampling bits', () => {
    const bits = new BitWriter().u(2, 2).u(2, 2).u(4, 0b0010).u(24, 0x498342).u(3, 7).u(1, 0).u(16, 321).u(16, 181);

    expect(vp9.parseHeader(bits.done())).toMatchObject({
      key: true,
      profile: 1,
      picture: { colorSpace: 7, fullRange: true, subsamplingX: 0, subsamplingY: 0, width: 322, height: 182 },
    });
  });

  it('refuses other markers and sync codes, RGB in 4:2:0 and reserved bits', () => {
    expect(codeOf(() => vp9.parseHeader(fromHex('424983420014')))).toBe('CODEC_SYNC');
    expect(codeOf(() => vp9.parseHeader(fromHex('824983430014100b5606')))).toBe('CODEC_SYNC');
    expect(codeOf(() => vp9.parseHeader(fromHex('82498342e014100b5606')))).toBe('CODEC_RESERVED');
    expect(codeOf(() => vp9.parseHeader(fromHex('b9')))).toBe('CODEC_RESERVED');
    expect(isKeyFrame('vp9', fromHex('42'))).toBe(false);
    expect(isKeyFrame('vp9', new Uint8Array(0))).toBe(false);
  });

  it('refuses pictures above the limit and cut headers', () => {
    expect(codeOf(() => vp9.parseHeader(fromHex('8249834200fffffff0')))).toBe('CODEC_DIMENSION');
    expect(codeOf(() => vp9.parseHeader(fromHex('824983')))).toBe('BITS_SHORT');
    expect(codeOf(() => vp9.parseHeader(new Uint8Array(0)))).toBe('BITS_SHORT');
  });
});

describe('the VP9 configuration', () => {
  // What ffmpeg writes into vpcC, version and flags included.
  const boxes = ['010000000015820202020000', '01000000010b860202020000', '01000000021fa30202020000'];

  it.each(boxes)('%s: is read with and without the version and flags of the box', (box) => {
    const record = fromHex(box).subarray(4);

    expect(vp9.parseConfig(fromHex(box))).toEqual(vp9.parseConfig(record));
    expect(toHex(vp9.writeConfig(vp9.parseConfig(record)))).toBe(box.slice(8));
  });

  it('round-trips any record', () => {
    const byte = fc.nat(255);
    const record = fc.record({
      profile: fc.nat(3),
      level: byte,
      bitDepth: fc.constantFrom(8, 10, 12),
      chromaSubsampling: fc.nat(7),
      fullRange: fc.boolean(),
      primaries: byte,
      transfer: byte,
      matrix: byte,
    });
    fc.assert(
      fc.property(record, (config) => {
        expect(vp9.parseConfig(vp9.writeConfig(config))).toEqual(config);
      }),
    );
  });

  it('is made of a key frame', () => {
    expect(vp9.parseConfig(vp9.configOf(fromHex(vp9Cases[0].frame))!)).toMatchObject({
      level: 11,
      chromaSubsampling: 1,
    });
    expect(vp9.parseConfig(vp9.configOf(fromHex(vp9Cases[3].frame))!)).toMatchObject({
      profile: 3,
      chromaSubsampling: 3,
    });
    expect(vp9.configOf(fromHex(vp9Deltas[0]!))).toBeUndefined();
  });

  it('has the level of size and rate', () => {
    expect(vp9.levelOf(256, 144, 15)).toBe(10);
    expect(vp9.levelOf(1280, 720, 30)).toBe(31);
    expect(vp9.levelOf(1920, 1080, 30)).toBe(40);
    expect(vp9.levelOf(1920, 1080, 60)).toBe(41);
    expect(vp9.levelOf(3840, 2160, 60)).toBe(51);
    expect(vp9.levelOf(32_000, 32_000, 60)).toBe(62);
    expect([0, 10, 41].map(vp9.levelName)).toEqual([undefined, '1.0', '4.1']);
  });

  it('has a short codec string, and a long one where chroma or colour are not the usual', () => {
    const [plain, full, hdr] = boxes.map((box) => vp9.codecString(vp9.parseConfig(fromHex(box))));

    expect(plain).toBe('vp09.00.21.08');
    expect(full).toBe('vp09.01.11.08.03.02.02.02.00');
    expect(hdr).toBe('vp09.02.31.10.01.02.02.02.01');
  });

  it('refuses bit depths that do not exist and cut records', () => {
    expect(codeOf(() => vp9.parseConfig(fromHex('0015720202020000')))).toBe('CODEC_RESERVED');
    expect(codeOf(() => vp9.parseConfig(fromHex('0415820202020000')))).toBe('CODEC_RANGE');
    expect(codeOf(() => vp9.parseConfig(fromHex('001582')))).toBe('BYTES_SHORT');
    expect(codeOf(() => vp9.parseConfig(fromHex('01000000')))).toBe('BYTES_SHORT');
  });
});

it('random and damaged input gives ProtocolError and nothing else', () => {
  const frames = vp9Cases.map(({ frame }) => fromHex(frame));
  survives(vp8.parseHeader, [vp8Key, vp8Delta]);
  survives(vp9.parseHeader, frames);
  survives(vp9.configOf, frames);
  survives(vp9.parseConfig, [fromHex('010000000015820202020000')]);
});
