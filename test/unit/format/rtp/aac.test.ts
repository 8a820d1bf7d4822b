// AAC by RTP (RFC 3640): units in one payload, in several, several in one, and what cannot be read.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import {
  AAC_HBR,
  type AacTerms,
  clockRateOf,
  type Depacketiser,
  makeDepacketiser,
  payloadKind,
  RtpMuxer,
  readPayloads,
} from '../../../../src/core/format/rtp/index.ts';
import { makePacketiser } from '../../../../src/core/format/rtp/packetiser.ts';
import { aacTrack, audio, h264Track, video } from '../../../tools/builders.ts';
import { thrown } from '../../../tools/thrown.ts';

const terms: AacTerms = { config: aacTrack.config, clockRate: 44_100, headers: AAC_HBR };
const reader = (more: Partial<AacTerms> = {}): Depacketiser => makeDepacketiser('aac', { aac: { ...terms, ...more } })!;
const bytesOf = (size: number): Uint8Array => Uint8Array.from({ length: size }, (_, i) => (i * 7) & 0xff);
const payloads = (data: Uint8Array): Uint8Array[] =>
  makePacketiser(aacTrack, 1180)!
    .packetise(data, true)
    .map((parts) => concat([...parts]));

describe('AAC by RTP', () => {
  it.each([1, 500, 1176, 1177, 3000, 8191])('a unit of %i bytes comes back', (size) => {
    const data = bytesOf(size);
    const aac = reader();

    const all = payloads(data);
    const units = all.flatMap((bytes, i) => aac.push({ bytes, marker: i === all.length - 1, ticks: 1024 }));

    expect(all.every(({ length }) => length <= 1180)).toBe(true);
    expect(units).toEqual([{ data, key: true, ticks: 1024 }]);
  });

  it('leaves out what no header can say', () => {
    expect(payloads(bytesOf(8192))).toEqual([]);
    expect(payloads(bytesOf(0))).toEqual([]);
  });

  it('several units of one payload follow each other by a frame', () => {
    // Three headers: sizes 2, 1 and 3.
    const bytes = fromHex('0030 0010 0008 0018 aabb cc ddeeff');

    const units = reader().push({ bytes, marker: true, ticks: 5000 });

    expect(units.map(({ data, ticks }) => [toHex(data), ticks])).toEqual([
      ['aabb', 5000],
      ['cc', 6024],
      ['ddeeff', 7048],
    ]);
  });

  it('a frame of HE-AAC is twice as long on the clock of its output', () => {
    const bytes = fromHex('0020 0008 0008 aa bb');

    const units = reader({ clockRate: 88_200 }).push({ bytes, marker: true, ticks: 0 });

    expect(units.map(({ ticks }) => ticks)).toEqual([0, 2048]);
  });

  it('reads the low bit rate mode, whose headers have eight bits', () => {
    const headers = { sizeLength: 6, indexLength: 2, indexDeltaLength: 2 };

    const units = reader({ headers }).push({ bytes: fromHex('0010 08 0c aabb ccddee'), marker: true, ticks: 0 });

    expect(units.map(({ data }) => toHex(data))).toEqual(['aabb', 'ccddee']);
  });

  it('drops a unit of which a piece is missing, and takes the next', () => {
    const aac = reader();
    const [first, , third] = payloads(bytesOf(3000));
    aac.push({ bytes: first!, marker: false, ticks: 0 });
    aac.lost();

    expect(aac.push({ bytes: third!, marker: true, ticks: 0 })).toEqual([]);
    expect(aac.push({ bytes: payloads(bytesOf(9))[0]!, marker: true, ticks: 1024 })).toHaveLength(1);
  });

  it.each([
    ['half a length', '00'],
    ['a list that is cut', '0020 0010'],
    ['no header', '0000 aa'],
    ['a second unit longer than the packet', '0020 0008 ffff aa'],
    ['too many units', `0410 ${'0000'.repeat(65)}`],
  ])('%s is RTP_PAYLOAD', (_, hex) => {
    expect(thrown(() => reader().push({ bytes: fromHex(hex), marker: true, ticks: 0 }))).toBe('RTP_PAYLOAD');
  });

  it('refuses whatever it cannot read, keeps little, and goes on', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 })), (all) => {
        const aac = reader();
        for (const bytes of all) {
          try {
            aac.push({ bytes, marker: true, ticks: 0 });
          } catch (error) {
            expect(error).toBeInstanceOf(ProtocolError);
          }
        }
        aac.lost();
        expect(aac.push({ bytes: payloads(bytesOf(9))[0]!, marker: true, ticks: 0 })).toHaveLength(1);
      }),
    );
  });

  it('has no payloads without its configuration', () => {
    expect(makeDepacketiser('aac')).toBeUndefined();
    expect(clockRateOf(aacTrack)).toBe(44_100);
  });
});

describe('the feed of RTP players', () => {
  const tracks = [h264Track, aacTrack];

  it('has AAC on the clock of its samples, every payload marked', () => {
    const muxer = new RtpMuxer({ video: 'h264', audio: 'aac', keepBFrames: true });
    muxer.header(tracks);
    const heads: unknown[] = [];
    for (const packet of muxer.write(audio({ at: 1000 }))) {
      readPayloads(packet.chunks[0]!, (kind, marker, timestamp) => heads.push([kind, marker, timestamp]));
    }

    expect(heads).toEqual([[payloadKind.audio, true, 44_100]]);
  });

  it('lets who takes the sound alone begin anywhere', () => {
    const muxer = new RtpMuxer({ video: undefined, audio: 'aac', keepBFrames: true });
    muxer.header(tracks);
    muxer.write(video({ at: 0, key: true }));

    expect(muxer.write(audio({ at: 10 })).map(({ kind }) => kind)).toEqual(['join']);
  });

  it('of H.264 begins with the parameter sets of the SDP when the stream has none', () => {
    const slice = fromHex('6588112233');
    const [sps, pps] = [fromHex('6764001eacd940a02ff97011000003000100000300320f162d96'), fromHex('68ebe3cb22c0')];
    const depacketiser = makeDepacketiser('h264', { sets: [sps, pps, new Uint8Array(0)] })!;

    const [unit] = depacketiser.push({ bytes: slice, marker: true, ticks: 0 });

    expect(unit?.key).toBe(true);
    expect(toHex(unit!.config!)).toContain(toHex(sps));
  });
});
