// Tracks and frames to tag bodies: the table, metadata, join points and times.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromMs } from '../../../../src/core/base/time.ts';
import { type TagBody, TagDecoder, TagEncoder } from '../../../../src/core/format/flv/index.ts';
import { firstTrackId, type Track } from '../../../../src/core/media/track.ts';
import {
  type AmfValue,
  amfEcmaArray,
  amfEntries,
  amfGet,
  amfObject,
  parseAmf0,
  writeAmf0,
} from '../../../../src/core/wire/amf0/index.ts';
import { aacTrack, audio, h264Track, video } from '../../../tools/builders.ts';
import { flacConfig, hevcConfig, opusConfig, tagCases, track } from './tag.cases.ts';

const bytesOf = (body: TagBody | undefined): Uint8Array => concat(body?.chunks ?? []);
const written = tagCases.filter((one) => !one.decodeOnly);
const encoderOf = (hevc: 'legacy' | undefined): TagEncoder => new TagEncoder(hevc === undefined ? {} : { hevc });

describe('a tag encoder', () => {
  it.each(written)('writes $name', ({ hevc, type, track, configBody, frames }) => {
    const encoder = encoderOf(hevc);
    const config = encoder.config(track);

    expect(config && toHex(bytesOf(config))).toBe(configBody && toHex(configBody));
    if (config !== undefined) expect(config).toMatchObject({ type, kind: 'config', timestampMs: 0 });
    for (const { frame, body } of frames) {
      const tag = encoder.frame(frame);
      expect(toHex(bytesOf(tag))).toBe(toHex(body));
      expect(tag).toMatchObject({ type, timestampMs: 40, size: body.length });
      expect(tag?.chunks.at(-1)).toBe(frame.data);
    }
  });

  it('writes nothing for what FLV has no place for', () => {
    const encoder = new TagEncoder();
    const none = new Uint8Array(0);
    const tracks = [track('audio', 'pcma', none, 1), track('video', 'unknown', none), track('audio', 'unknown', none)];
    const other: Track = { id: firstTrackId.data, kind: 'data', codec: 'unknown', config: none, epoch: 0 };

    for (const one of [...tracks, other]) {
      expect(encoder.config(one)).toBeUndefined();
      expect(encoder.frame({ track: one, dts: 0, cts: 0, key: true, data: Uint8Array.of(1) })).toBeUndefined();
    }
  });

  it('gives script data of the data track back as it came', () => {
    const data = writeAmf0(['onTextData', amfObject({ text: 'x' })]);
    const one: Track = { id: firstTrackId.data, kind: 'data', codec: 'amf0', config: new Uint8Array(0), epoch: 0 };

    const tag = new TagEncoder().frame({ track: one, dts: fromMs(40), cts: 0, key: true, data });

    expect(tag).toMatchObject({ type: 18, timestampMs: 40, kind: 'more', chunks: [data] });
  });

  it('marks join points by the tracks that it was told', () => {
    const encoder = new TagEncoder();
    const second = { ...h264Track, id: 1 };
    const kinds = (): (string | undefined)[] =>
      [video({ at: 0, key: true }), video({ at: 0 }), video({ at: 0, key: true, track: second }), audio({ at: 0 })].map(
        (frame) => encoder.frame(frame)?.kind,
      );

    encoder.metadata([second, h264Track, aacTrack]);
    expect(kinds()).toEqual(['join', 'more', 'more', 'more']);
    encoder.retrack([second, aacTrack]);
    expect(kinds()).toEqual(['more', 'more', 'join', 'more']);
    encoder.headers([aacTrack]);
    expect(kinds()).toEqual(['more', 'more', 'more', 'join']);
  });

  it.each([
    ['the first', 0, 0],
    ['rounded down', 1999, 1],
    ['the last before the wrap', fromMs(2 ** 32 - 1), 0xffffffff],
    ['the first after the wrap', fromMs(2 ** 32), 0],
    ['a year later', fromMs(365 * 86_400_000), (365 * 86_400_000) % 2 ** 32],
    ['before zero', fromMs(-1), 0xffffffff],
  ])('writes times in 32 bits of milliseconds: %s', (_name, dts, timestampMs) => {
    expect(new TagEncoder().frame({ ...audio({ at: 0 }), dts })?.timestampMs).toBe(timestampMs);
  });

  it('keeps the presentation time right when the decode time is rounded down', () => {
    const body = bytesOf(new TagEncoder().frame({ ...video({ at: 0 }), dts: 1900, cts: 1200 }));

    expect(toHex(body.subarray(0, 5))).toBe('2701000002');
  });

  it('clamps composition times that 24 bits cannot say', () => {
    const head = (cts: number): string => toHex(bytesOf(new TagEncoder().frame(video({ at: 0, cts }))).subarray(2, 5));

    expect(head(9_000_000)).toBe('7fffff');
    expect(head(-9_000_000)).toBe('800000');
  });

  it('gives its decoder back any track number, composition time and payload', () => {
    const shape = fc.record({
      number: fc.integer({ min: 0, max: 255 }),
      codec: fc.constantFrom('h264', 'h265', 'opus', 'flac', 'aac', 'ac3', 'vp8' as const),
      cts: fc.integer({ min: -5000, max: 5000 }),
      key: fc.boolean(),
      payload: fc.uint8Array({ minLength: 1, maxLength: 50 }),
    });
    const configs: Partial<Record<Track['codec'], Uint8Array>> = {
      h264: h264Track.config,
      h265: hevcConfig,
      opus: opusConfig,
      flac: flacConfig,
      aac: aacTrack.config,
    };
    fc.assert(
      fc.property(shape, ({ number, codec, cts, key, payload }) => {
        const timed = codec === 'h264' || codec === 'h265';
        const isVideo = timed || codec === 'vp8';
        const of = track(isVideo ? 'video' : 'audio', codec, configs[codec] ?? new Uint8Array(0), number);
        const data = timed ? concat([Uint8Array.of(0, 0, 0, payload.length + 1, 0x41), payload]) : payload;
        const frame = { track: of, dts: 0, cts: timed ? fromMs(cts) : 0, key: isVideo ? key : true, data };
        const encoder = new TagEncoder();
        const decoder = new TagDecoder({ limits: defaultLimits });

        const config = encoder.config(of);
        if (config !== undefined) decoder.decode(config.type, 0, bytesOf(config));
        const tag = encoder.frame(frame)!;

        expect(decoder.decode(tag.type, 0, bytesOf(tag)).at(-1)).toEqual({ type: 'frame', frame });
      }),
    );
  });
});

describe('metadata for players', () => {
  const dataTrack = (properties: AmfValue): Track => ({
    id: firstTrackId.data,
    kind: 'data',
    codec: 'amf0',
    config: writeAmf0(['onMetaData', properties]),
    epoch: 0,
  });
  const metadataOf = (tracks: readonly Track[], hevc?: 'legacy'): readonly AmfValue[] =>
    parseAmf0(bytesOf(encoderOf(hevc).metadata(tracks)), defaultLimits);

  it("is the publisher's, in its order, without what is only true of a file", () => {
    const [name, value] = metadataOf([
      h264Track,
      dataTrack(amfEcmaArray({ duration: 12, encoder: 'obs', filesize: 99, keyframes: amfObject({}), title: 'x' })),
    ]);

    expect(name).toBe('onMetaData');
    expect(value).toEqual(amfEcmaArray({ encoder: 'obs', title: 'x' }));
  });

  it('stays an object when the publisher sent one', () => {
    expect(metadataOf([dataTrack(amfObject({ title: 'x', duration: 0 }))])[1]).toEqual(amfObject({ title: 'x' }));
  });

  it('says the codec ids that the tags have', () => {
    const properties = amfEcmaArray({ videocodecid: 12, audiocodecid: 'mp4a' });
    const hevc = track('video', 'h265', hevcConfig);

    expect(metadataOf([hevc, aacTrack, dataTrack(properties)])[1]).toEqual(
      amfEcmaArray({ videocodecid: 0x68766331, audiocodecid: 10 }),
    );
    expect(metadataOf([hevc, aacTrack, dataTrack(properties)], 'legacy')[1]).toEqual(
      amfEcmaArray({ videocodecid: 12, audiocodecid: 10 }),
    );
  });

  it.each([
    ['damaged', Uint8Array.of(2, 0xff)],
    ['not metadata', writeAmf0(['onMetaData', 1])],
  ])("is made from the tracks when the publisher's is %s", (_name, config) => {
    expect(amfGet(metadataOf([{ ...dataTrack(null), config }, aacTrack])[1], 'audiocodecid')).toBe(10);
  });

  it('is made from the tracks when the publisher sent none', () => {
    const [, value] = metadataOf([h264Track, aacTrack]);

    expect(value).toEqual(
      amfEcmaArray({
        width: 640,
        height: 360,
        framerate: 25,
        videocodecid: 7,
        audiosamplerate: 44_100,
        audiosamplesize: 16,
        stereo: true,
        audiochannels: 2,
        audiocodecid: 10,
      }),
    );
  });

  it('says nothing of a kind that is not there', () => {
    expect(
      [...(amfEntries(metadataOf([aacTrack])[1])?.keys() ?? [])].filter((name) => /width|video/.test(name)),
    ).toEqual([]);
  });
});
