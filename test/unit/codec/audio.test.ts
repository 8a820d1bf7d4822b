import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/core/base/bytes.ts';
import { ac3, flac, mp3, opus } from '../../../src/core/codec/index.ts';
import { codeOf, survives } from './tools.ts';

describe('MPEG audio', () => {
  /** First headers of streams by libmp3lame and ffmpeg's mp2; sizes are ffprobe's. */
  const cases = [
    {
      header: 'fffb9064',
      version: 1,
      layer: 3,
      kbps: 128,
      rate: 44_100,
      channels: 2,
      size: 417,
      samples: 1152,
      text: 'mp4a.6B',
    },
    {
      header: 'fff380c4',
      version: 2,
      layer: 3,
      kbps: 64,
      rate: 22_050,
      channels: 1,
      size: 208,
      samples: 576,
      text: 'mp4a.69',
    },
    {
      header: 'ffe328c4',
      version: 2.5,
      layer: 3,
      kbps: 16,
      rate: 8000,
      channels: 1,
      size: 144,
      samples: 576,
      text: 'mp4a.69',
    },
    {
      header: 'fffda404',
      version: 1,
      layer: 2,
      kbps: 192,
      rate: 48_000,
      channels: 2,
      size: 576,
      samples: 1152,
      text: 'mp4a.6B',
    },
    {
      header: 'ffff9200',
      version: 1,
      layer: 1,
      kbps: 288,
      rate: 44_100,
      channels: 2,
      size: 316,
      samples: 384,
      text: 'mp4a.6B',
    },
  ] as const;

  it.each(cases)('$header', ({ header, version, layer, kbps, rate, channels, size, samples, text }) => {
    const parsed = mp3.parseHeader(fromHex(header));

    expect(parsed).toEqual({
      version,
      layer,
      bitrateBps: kbps * 1000,
      sampleRate: rate,
      channels,
      frameSize: size,
      samplesPerFrame: samples,
      hasCrc: false,
    });
    expect(mp3.codecString(parsed)).toBe(text);
  });

  it('counts the padding byte, and the checksum', () => {
    expect(mp3.parseHeader(fromHex('00fffa9264'), 1)).toMatchObject({ frameSize: 418, hasCrc: true });
  });

  it('refuses other sync words, reserved values, the free format and cut headers', () => {
    expect(codeOf(() => mp3.parseHeader(fromHex('fefb9064')))).toBe('CODEC_SYNC');
    for (const header of ['ffeb9064', 'fff99064', 'fffbf064', 'fffb0064', 'fffb9c64']) {
      expect(codeOf(() => mp3.parseHeader(fromHex(header)))).toBe('CODEC_RESERVED');
    }
    expect(codeOf(() => mp3.parseHeader(fromHex('fffb90')))).toBe('BYTES_SHORT');
  });

  it('gives a size and ProtocolError and nothing else', () => {
    survives(
      mp3.parseHeader,
      cases.map(({ header }) => fromHex(header)),
    );
    fc.assert(
      fc.property(fc.nat(0x1fffff), (rest) => {
        const header = Uint8Array.of(0xff, 0xe0 | (rest >> 16), rest >> 8, rest);
        if (codeOf(() => mp3.parseHeader(header)) !== undefined) return;

        expect(mp3.parseHeader(header).frameSize).toBeGreaterThan(20);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('Opus', () => {
  const dopsBoxes = ['000201380000bb80000000', '000601380000bb800000010402000401020305', '000101380000bb80000000'];

  it.each(dopsBoxes)('dOps %s and OpusHead say the same', (box) => {
    const head = opus.parseDops(fromHex(box));

    expect(head.preSkip).toBe(312);
    expect(head.inputSampleRate).toBe(48_000);
    expect(opus.parseHead(opus.writeHead(head))).toEqual(head);
    expect(toHex(opus.writeDops(head))).toBe(box);
  });

  it('has a little-endian OpusHead', () => {
    expect(toHex(opus.writeHead(opus.parseDops(fromHex(dopsBoxes[0]!))))).toBe(
      '4f707573486561640102380180bb0000000000',
    );
    expect(toHex(opus.makeHead(1))).toBe('4f707573486561640101000080bb0000000000');
  });

  it('round-trips any header', () => {
    const base = {
      preSkip: fc.nat(65_535),
      inputSampleRate: fc.nat(0xffffffff),
      outputGain: fc.integer({ min: -32_768, max: 32_767 }),
    };
    const plain = fc.record({ ...base, channels: fc.integer({ min: 1, max: 2 }), mappingFamily: fc.constant(0) });
    const mapped = fc
      .tuple(fc.record({ ...base, mappingFamily: fc.integer({ min: 1, max: 255 }) }), fc.integer({ min: 1, max: 127 }))
      .chain(([head, streams]) =>
        fc
          .record({
            coupled: fc.nat(streams),
            channels: fc.uint8Array({ minLength: 1, maxLength: 20, max: streams - 1 }),
          })
          .map((mapping) => ({
            ...head,
            channels: mapping.channels.length,
            mapping: { streams, ...mapping },
          })),
      );
    fc.assert(
      fc.property(fc.oneof(plain, mapped), (head) => {
        expect(opus.parseHead(opus.writeHead(head))).toEqual(head);
        expect(opus.parseDops(opus.writeDops(head))).toEqual(head);
      }),
    );
  });

  it('refuses other magic words and versions, impossible channels and mappings, cut headers', () => {
    const good = '4f707573486561640102380180bb0000000000';
    expect(codeOf(() => opus.parseHead(fromHex(good.replace('4f70', '4f71'))))).toBe('CODEC_SYNC');
    expect(codeOf(() => opus.parseHead(fromHex(good.replace('640102', '641002'))))).toBe('CODEC_VERSION');
    expect(codeOf(() => opus.parseHead(fromHex(good.replace('640102', '640103'))))).toBe('CODEC_RANGE');
    expect(codeOf(() => opus.parseHead(fromHex(good.replace('640102', '640100'))))).toBe('CODEC_RANGE');
    expect(codeOf(() => opus.parseHead(fromHex(good.slice(0, -2))))).toBe('BYTES_SHORT');
    expect(codeOf(() => opus.parseHead(new Uint8Array(0)))).toBe('BYTES_SHORT');
    expect(codeOf(() => opus.parseDops(fromHex('010201380000bb80000000')))).toBe('CODEC_VERSION');
    expect(codeOf(() => opus.parseDops(fromHex('000201380000bb80000001 01 02 0001')))).toBe('CODEC_RANGE');
    expect(codeOf(() => opus.parseDops(fromHex('000201380000bb80000001 01 01 0002')))).toBe('CODEC_RANGE');
    expect(codeOf(() => opus.parseDops(fromHex('000201380000bb80000001 01 01 00ff')))).toBeUndefined();
  });

  // Two real packets of libopus first, 60 ms and 2.5 ms; the rest by table 2 of RFC 6716.
  it.each([
    ['ff83fe', { frames: 3, samples: 2880, channels: 2 }],
    ['e47000', { frames: 1, samples: 120, channels: 2 }],
    ['00', { frames: 1, samples: 480, channels: 1 }],
    ['18', { frames: 1, samples: 2880, channels: 1 }],
    ['39', { frames: 2, samples: 5760, channels: 1 }],
    ['60', { frames: 1, samples: 480, channels: 1 }],
    ['68', { frames: 1, samples: 960, channels: 1 }],
    ['f2', { frames: 2, samples: 960, channels: 1 }],
    ['e730', { frames: 48, samples: 5760, channels: 2 }],
  ])('packet %s', (packet, expected) => {
    expect(opus.parsePacket(fromHex(packet))).toEqual(expected);
  });

  it('refuses empty packets, code 3 with 0 frames or without a count, and more than 120 ms', () => {
    expect(codeOf(() => opus.parsePacket(new Uint8Array(0)))).toBe('CODEC_UNIT');
    expect(codeOf(() => opus.parsePacket(fromHex('0300')))).toBe('CODEC_RANGE');
    expect(codeOf(() => opus.parsePacket(fromHex('03c0')))).toBe('CODEC_RANGE');
    expect(codeOf(() => opus.parsePacket(fromHex('03')))).toBe('CODEC_UNIT');
    expect(codeOf(() => opus.parsePacket(fromHex('1b03')))).toBe('CODEC_RANGE');
    expect(codeOf(() => opus.parsePacket(fromHex('e731')))).toBe('CODEC_RANGE');
  });

  it('gives ProtocolError and nothing else', () => {
    survives(opus.parsePacket, [fromHex('ff83fe')]);
    survives(opus.parseDops, dopsBoxes.map(fromHex));
    survives(
      opus.parseHead,
      dopsBoxes.map((box) => opus.writeHead(opus.parseDops(fromHex(box)))),
    );
  });
});

describe('FLAC', () => {
  const block = '120012000004370005080ac442f0000044e8b838ae48dd56a6e6b55b4e65f3f9a71c';

  it('reads STREAMINFO alone, with its header, and behind the marker of a file', () => {
    const expected = { minBlockSize: 4608, maxBlockSize: 4608, sampleRate: 44_100, channels: 2, bitDepth: 16 };

    expect(flac.parseStreamInfo(fromHex(block))).toEqual(expected);
    expect(flac.parseStreamInfo(fromHex(`80000022${block}`))).toEqual(expected);
    expect(flac.parseStreamInfo(fromHex(`664c614300000022${block}04000000`))).toEqual(expected);
    expect(toHex(flac.streamInfoOf(fromHex(`664c614300000022${block}`)))).toBe(block);
  });

  it('refuses other blocks, a rate of 0 and cut blocks', () => {
    expect(codeOf(() => flac.parseStreamInfo(fromHex(`04000022${block}`)))).toBe('CODEC_RESERVED');
    expect(codeOf(() => flac.parseStreamInfo(fromHex(block.replace('0ac442f0', '000002f0'))))).toBe('CODEC_RANGE');
    expect(codeOf(() => flac.parseStreamInfo(fromHex(`80000022${block.slice(2)}`)))).toBe('BYTES_SHORT');
    expect(codeOf(() => flac.parseStreamInfo(new Uint8Array(0)))).toBe('BYTES_SHORT');
  });

  it('gives ProtocolError and nothing else', () => {
    survives(flac.parseStreamInfo, [fromHex(block), fromHex(`664c614300000022${block}`)]);
  });
});

describe('AC-3 and E-AC-3', () => {
  /** First bytes of ffmpeg's encoders; sizes and rates are ffprobe's. */
  const cases = [
    {
      frame: '0b77b50b1e40ebf8403eff99',
      enhanced: false,
      rate: 48_000,
      channels: 6,
      bps: 448_000,
      size: 1792,
      bsid: 8,
    },
    { frame: '0b77c2ea544043e106f575f0', enhanced: false, rate: 44_100, channels: 2, bps: 192_000, size: 834, bsid: 8 },
    { frame: '0b77952f8c402f842bf1cefa', enhanced: false, rate: 32_000, channels: 1, bps: 96_000, size: 576, bsid: 8 },
    {
      frame: '0b7701ff3f87c00020802000',
      enhanced: true,
      rate: 48_000,
      channels: 6,
      bps: 256_000,
      size: 1024,
      bsid: 16,
    },
    { frame: '0b7701157487c00020842108', enhanced: true, rate: 44_100, channels: 2, bps: 127_706, size: 556, bsid: 16 },
  ] as const;

  it.each(cases)('$frame', ({ frame, enhanced, rate, channels, bps, size, bsid }) => {
    const header = ac3.parseSyncFrame(fromHex(frame));

    expect(header).toMatchObject({
      enhanced,
      sampleRate: rate,
      channels,
      frameSize: size,
      samplesPerFrame: 1536,
      bsid,
    });
    // ffprobe averages over frames of two sizes.
    expect(Math.abs(header.bitrateBps - bps)).toBeLessThan(500);
  });

  it('adds the odd word of 44.1 kHz', () => {
    expect(ac3.parseSyncFrame(fromHex('0b77c2ea554043e106f5')).frameSize).toBe(836);
  });

  it('halves rates below bsid 8 and in short E-AC-3 frames', () => {
    expect(ac3.parseSyncFrame(fromHex('0b77b50b1e48ebf8'))).toMatchObject({ sampleRate: 24_000, bitrateBps: 224_000 });
    expect(ac3.parseSyncFrame(fromHex('0b7701ffc58700'))).toMatchObject({ sampleRate: 24_000, samplesPerFrame: 1536 });
    expect(ac3.parseSyncFrame(fromHex('0b7701ff058700'))).toMatchObject({ sampleRate: 48_000, samplesPerFrame: 256 });
  });

  it('refuses other sync words, reserved values and cut frames', () => {
    expect(codeOf(() => ac3.parseSyncFrame(fromHex('0b78b50b1e40ebf8')))).toBe('CODEC_SYNC');
    expect(codeOf(() => ac3.parseSyncFrame(fromHex('0b77b50bde40ebf8')))).toBe('CODEC_RESERVED');
    expect(codeOf(() => ac3.parseSyncFrame(fromHex('0b77b50b2640ebf8')))).toBe('CODEC_RANGE');
    expect(codeOf(() => ac3.parseSyncFrame(fromHex('0b77c1ff3f87c000')))).toBe('CODEC_RESERVED');
    expect(codeOf(() => ac3.parseSyncFrame(fromHex('0b7701ff3f98c000')))).toBe('CODEC_RANGE');
    expect(codeOf(() => ac3.parseSyncFrame(fromHex('0b77b50b1e')))).toBe('BITS_SHORT');
    expect(codeOf(() => ac3.parseSyncFrame(new Uint8Array(0)))).toBe('BITS_SHORT');
  });

  it('gives ProtocolError and nothing else', () => {
    survives(
      ac3.parseSyncFrame,
      cases.map(({ frame }) => fromHex(frame)),
    );
  });
});
