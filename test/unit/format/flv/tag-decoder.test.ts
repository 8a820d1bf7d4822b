// Tag bodies to tracks and frames: the table, changes of parameters, metadata, and everything that is dropped.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat, fromHex, toHex } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromMs } from '../../../../src/core/base/time.ts';
import { TagDecoder, TagType } from '../../../../src/core/format/flv/index.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { type AmfValue, amfEcmaArray, amfObject, writeAmf0 } from '../../../../src/core/wire/amf0/index.ts';
import { aacConfig, avcConfig } from '../../../tools/builders.ts';
import { damage } from '../../../tools/chop.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import { av1Config, badTags, otherAvcConfig, tagCases, vp9Config } from './tag.cases.ts';

function setUp(limits: Partial<typeof defaultLimits> = {}) {
  const bad: string[] = [];
  const decoder = new TagDecoder({ limits: { ...defaultLimits, ...limits }, onBad: (code) => bad.push(code) });
  const video = (hex: string, at = 0): MediaEvent[] => decoder.decode(TagType.video, fromMs(at), fromHex(hex));
  const audio = (hex: string, at = 0): MediaEvent[] => decoder.decode(TagType.audio, fromMs(at), fromHex(hex));
  const script = (values: readonly AmfValue[], at = 0): MediaEvent[] =>
    decoder.decode(TagType.script, fromMs(at), writeAmf0(values));
  return { bad, decoder, video, audio, script };
}

const avcHeader = `17 00 000000 ${toHex(avcConfig)}`;
const aacHeader = `af 00 ${toHex(aacConfig)}`;
const tracksOf = (events: readonly MediaEvent[]): readonly Track[] => {
  const event = events.find((one) => one.type === 'tracks');
  return event?.type === 'tracks' ? event.tracks : [];
};
const framesOf = (events: readonly MediaEvent[]): Frame[] =>
  events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []));

describe('a tag decoder', () => {
  it.each(tagCases)('reads $name', ({ type, track, configBody, frames }) => {
    const { decoder, bad } = setUp();
    const events: MediaEvent[] = [];
    if (configBody !== undefined) events.push(...decoder.decode(type, 0, configBody));
    for (const { frame, body } of frames) events.push(...decoder.decode(type, frame.dts, body));

    expect(bad).toEqual([]);
    expect(tracksOf(events)).toEqual([track]);
    expect(framesOf(events)).toEqual(frames.map(({ frame }) => frame));
    expect(decoder.tracks).toEqual([track]);
  });

  it.each(tagCases)('gives frames of $name as views of the body', ({ type, configBody, frames }) => {
    const { decoder } = setUp();
    if (configBody !== undefined) decoder.decode(type, 0, configBody);
    for (const { frame, body } of frames) {
      expect(framesOf(decoder.decode(type, frame.dts, body))[0]?.data.buffer).toBe(body.buffer);
    }
  });

  it.each(badTags)('drops $name and counts $code', ({ type, body, code }) => {
    const { decoder, bad, video, audio } = setUp();
    video(avcHeader);
    audio(aacHeader);

    expect(decoder.decode(type, 0, fromHex(body))).toEqual([]);
    expect(bad).toEqual([code]);
    expect(decoder.dropped).toBe(1);
    expect(framesOf(video('17 01 000000 00000001 65'))).toHaveLength(1);
  });

  it('says nothing of a sequence header that is repeated', () => {
    const { video } = setUp();

    expect(tracksOf(video(avcHeader))).toHaveLength(1);
    expect(video(avcHeader)).toEqual([]);
  });

  it('gives a changed sequence header a new epoch under the same id', () => {
    const { video, audio } = setUp();
    video(avcHeader);
    audio(aacHeader);

    const tracks = tracksOf(video(`17 00 000000 ${toHex(otherAvcConfig)}`));

    expect(tracks.map(({ id, epoch }) => [id, epoch])).toEqual([
      [0, 1],
      [256, 0],
    ]);
    expect(framesOf(video('17 01 000000 00000001 65'))[0]?.track).toBe(tracks[0]);
  });

  it('gives another codec in the same place a new epoch', () => {
    const { video } = setUp();
    video(avcHeader);

    expect(tracksOf(video('91 76703038 1002'))).toMatchObject([{ id: 0, codec: 'vp8', epoch: 1 }]);
  });

  it('keeps the last good parameters when a damaged sequence header comes', () => {
    const { video, bad } = setUp();
    video(avcHeader);
    video('17 00 000000 01640028ffe000');

    expect(framesOf(video('17 01 000000 00000001 65'))).toHaveLength(1);
    expect(bad).toEqual(['FLV_VIDEO_CONFIG']);
  });

  it('drops frames before the first sequence header', () => {
    const { video, audio, bad } = setUp();

    expect([...video('17 01 000000 00000001 65'), ...audio('af 01 21')]).toEqual([]);
    expect(bad).toEqual(['FLV_NO_CONFIG', 'FLV_NO_CONFIG']);
  });

  it.each([
    ['1 byte', 'fc', '02 65aa 01 41'],
    ['2 bytes', 'fd', '0002 65aa 0001 41'],
    ['3 bytes', 'fe', '000002 65aa 000001 41'],
  ])('widens NAL lengths of %s', (_name, lengths, units) => {
    const { video } = setUp();
    const config = avcConfig.slice();
    config[4] = Number.parseInt(lengths, 16);

    const tracks = tracksOf(video(`17 00 000000 ${toHex(config)}`));

    expect(toHex(tracks[0]!.config)).toBe(toHex(avcConfig));
    expect(toHex(framesOf(video(`17 01 000000 ${units}`))[0]!.data)).toBe('0000000265aa0000000141');
  });

  it('drops frames of short NAL lengths that hold nothing', () => {
    const { video, bad } = setUp();
    const config = avcConfig.slice();
    config[4] = 0xfd;
    video(`17 00 000000 ${toHex(config)}`);

    expect(video('17 01 000000 0000 ffff 65')).toEqual([]);
    expect(bad).toEqual(['FLV_NAL_SIZE']);
  });

  it('cuts what is behind the last whole NAL unit', () => {
    const { video, bad } = setUp();
    video(avcHeader);

    expect(toHex(framesOf(video('17 01 000000 00000002 65aa 000000ff 41'))[0]!.data)).toBe('0000000265aa');
    expect(bad).toEqual(['FLV_NAL_SIZE']);
  });

  it('reads start codes where lengths should be', () => {
    const { video, bad } = setUp();
    video(avcHeader);

    const [frame] = framesOf(video('17 01 000000 00000001 65aa 000001 41bb'));

    expect(toHex(frame!.data)).toBe('0000000265aa0000000241bb');
    expect(video('17 01 000000 00000001 000001')).toEqual([]);
    expect(bad).toEqual(['FLV_NAL_SIZE']);
  });

  it('drops a frame with more NAL units than any level allows', () => {
    const { video, bad } = setUp();
    video(avcHeader);

    expect(video(`17 01 000000 ${'0000000165'.repeat(4097)}`.replace('0000000165', '0000000265aa'))).toEqual([]);
    expect(bad).toEqual(['FLV_NAL_SIZE']);
  });

  it('takes generated key frames as key frames', () => {
    const { video } = setUp();
    video(avcHeader);

    expect(framesOf(video('47 01 000000 00000002 65aa'))[0]?.key).toBe(true);
  });

  it.each([
    ['a seek command', '57 00'],
    ['an E-RTMP seek command', 'd1 00'],
    ['the end of a sequence', '17 02 000000'],
    ['the end of a sequence without its composition time', '17 02'],
    ['the E-RTMP end of a sequence', '92 61766331'],
    ['E-RTMP colour metadata', '94 61766331 02 0009 636f6c6f72496e666f'],
  ])('ignores %s without counting it', (_name, body) => {
    const { video, bad } = setUp();
    video(avcHeader);

    expect(video(body)).toEqual([]);
    expect(bad).toEqual([]);
  });

  it('ignores the multichannel configuration of audio', () => {
    const { audio, bad } = setUp();

    expect(audio('94 4f707573 01 02 00000003')).toEqual([]);
    expect(bad).toEqual([]);
  });

  it('reads the MPEG-2 TS descriptor of AV1 as an av1C', () => {
    const { video } = setUp();

    const [track] = tracksOf(video('95 61763031 8004 81000c c0'));

    expect(track?.codec).toBe('av1');
    expect(toHex(track!.config)).toBe(`${toHex(av1Config.subarray(0, 3))}00`);
  });

  it('takes a vpcC with and without the head of its box', () => {
    const { video } = setUp();

    expect(tracksOf(video(`90 76703039 01000000 ${toHex(vp9Config)}`))[0]?.config).toEqual(vp9Config);
    expect(video(`90 76703039 ${toHex(vp9Config)}`)).toEqual([]);
  });

  it('has no configuration for VP8, though E-RTMP has', () => {
    const { video } = setUp();

    expect(tracksOf(video(`90 76703038 ${toHex(vp9Config)}`))).toMatchObject([
      { codec: 'vp8', config: new Uint8Array(0) },
    ]);
  });

  it('adds nanoseconds to the presentation time of a picture', () => {
    const { video } = setUp();
    video(avcHeader);

    const [frame] = framesOf(video('97 02 07a120 01 61766331 000028 00000002 65aa', 1000));

    expect(frame).toMatchObject({ dts: fromMs(1000), cts: 40_500 });
  });

  it('adds nanoseconds to the time of sound', () => {
    const { audio } = setUp();
    audio(aacHeader);

    expect(framesOf(audio('97 02 07a120 01 6d703461 21', 1000))[0]).toMatchObject({ dts: 1_000_500, cts: 0 });
  });

  it('skips modifiers that it does not know, long ones too', () => {
    const { video, bad } = setUp();
    video(avcHeader);

    expect(framesOf(video('97 00 aa 17 01 bbbb 33 61766331 00000002 65aa'))).toHaveLength(1);
    expect(framesOf(video(`97 ff 0100 ${'cc'.repeat(257)} 33 61766331 00000002 65aa`))).toHaveLength(1);
    expect(bad).toEqual([]);
  });

  it('counts modifiers that are cut', () => {
    const { video, bad } = setUp();
    for (const body of ['97', '97 02 00', '97 ff 01', '97 02 000000']) video(body);

    expect(bad).toEqual(Array(4).fill('FLV_VIDEO_SHORT'));
  });

  it('takes the tracks of one multitrack tag apart', () => {
    const { video } = setUp();
    const config = toHex(avcConfig);
    const size = avcConfig.length.toString(16).padStart(6, '0');

    const events = [
      ...video(`96 10 61766331 00 ${size} ${config} 01 ${size} ${config}`),
      ...video('96 13 61766331 00 000006 00000002 65aa 01 000006 00000002 65bb', 40),
    ];

    expect(tracksOf([events.at(-3)!]).map(({ id }) => id)).toEqual([0, 1]);
    expect(framesOf(events).map(({ track, data }) => [track.id, toHex(data)])).toEqual([
      [0, '0000000265aa'],
      [1, '0000000265bb'],
    ]);
  });

  it('takes tracks of several codecs in one tag apart', () => {
    const { audio } = setUp();

    const events = audio('95 21 61632d33 03 000002 0b77 2e6d7033 04 000003 fffb90');

    expect(framesOf(events).map(({ track, data }) => [track.id, track.codec, toHex(data)])).toEqual([
      [259, 'ac3', '0b77'],
      [260, 'mp3', 'fffb90'],
    ]);
  });

  it('gives a track without a composition time none of its neighbour in the tag', () => {
    const { video } = setUp();
    video(avcHeader);

    const events = video('96 21 61766331 00 000009 000050 00000002 65aa 76703038 01 000002 1002');

    expect(framesOf(events).map(({ track, cts }) => [track.codec, cts])).toEqual([
      ['h264', fromMs(80)],
      ['vp8', 0],
    ]);
  });

  it('goes on behind a damaged track of a multitrack tag', () => {
    const { audio, bad } = setUp();

    const events = audio('95 21 78787878 03 000002 0b77 2e6d7033 04 000000 2e6d7033 04 000003 fffb90');

    expect(framesOf(events)).toHaveLength(1);
    expect(bad).toEqual(['FLV_AUDIO_CODEC', 'FLV_AUDIO_SHORT']);
  });

  it('takes no more tracks than the limit, and no more frames from one tag', () => {
    const { audio, bad } = setUp({ tracks: 2 });

    const events = audio(`95 11 61632d33 ${['00', '01', '02', '03'].map((id) => `${id} 000001 0b`).join('')}`);

    expect(framesOf(events)).toHaveLength(2);
    expect(audio('95 01 61632d33 05 0b')).toEqual([]);
    expect(bad).toEqual(['FLV_TRACKS', 'FLV_TRACKS']);
  });

  it('throws for nothing, and gives frames with bytes only', () => {
    const rng = new SeedRng(3);
    const seeds = [
      ...tagCases.flatMap(({ type, configBody, frames }) => [
        ...(configBody === undefined ? [] : [{ type, body: configBody }]),
        ...frames.map(({ body }) => ({ type, body })),
      ]),
      ...badTags.map(({ type, body }) => ({ type, body: fromHex(body) })),
    ];
    const { decoder } = setUp();
    for (let i = 0; i < 30_000; i++) {
      const { type, body } = seeds[rng.below(seeds.length)]!;
      const input = i % 3 === 0 ? concat([body, rng.bytes(rng.below(20))]) : damage(body, rng);
      for (const event of decoder.decode(type, fromMs(i), input)) {
        if (event.type === 'frame') expect(event.frame.data.length).toBeGreaterThan(0);
      }
    }
    expect(decoder.tracks.length).toBeLessThanOrEqual(defaultLimits.tracks);
  });

  it('reads any composition time', () => {
    const { video } = setUp();
    video(avcHeader);
    fc.assert(
      fc.property(fc.integer({ min: -0x800000, max: 0x7fffff }), (cts) => {
        const hex = (cts & 0xffffff).toString(16).padStart(6, '0');
        expect(framesOf(video(`27 01 ${hex} 00000002 41aa`))[0]?.cts).toBe(fromMs(cts));
      }),
    );
  });
});

describe('script data', () => {
  const properties = amfEcmaArray({ width: 640, height: 360, videocodecid: 7, audiocodecid: 10 });
  const plain = writeAmf0(['onMetaData', properties]);

  it.each([
    ['as it is in files', ['onMetaData', properties]],
    ['as it is published', ['@setDataFrame', 'onMetaData', properties]],
  ])('makes onMetaData, %s, the data track', (_name, values) => {
    const { script } = setUp();

    expect(script(values)).toEqual([
      { type: 'tracks', tracks: [{ id: 512, kind: 'data', codec: 'amf0', config: plain, epoch: 0 }] },
    ]);
    expect(script(['onMetaData', properties])).toEqual([]);
  });

  it('gives changed metadata a new epoch', () => {
    const { script } = setUp();
    script(['onMetaData', properties]);

    expect(tracksOf(script(['onMetaData', amfObject({ title: 'x' })]))).toMatchObject([{ id: 512, epoch: 1 }]);
  });

  it('makes everything else a frame of the data track', () => {
    const { script } = setUp();

    const events = script(['@setDataFrame', 'onTextData', amfObject({ text: 'hello' })], 40);

    expect(tracksOf(events)).toMatchObject([{ id: 512, codec: 'amf0', epoch: 0 }]);
    expect(framesOf(events)).toMatchObject([
      { dts: fromMs(40), key: true, data: writeAmf0(['onTextData', amfObject({ text: 'hello' })]) },
    ]);
  });

  it.each([['|RtmpSampleAccess'], ['onStatus'], ['@clearDataFrame']])('ignores %s', (name) => {
    const { script, bad } = setUp();

    expect(script([name, false, false])).toEqual([]);
    expect(bad).toEqual([]);
  });

  it('counts metadata that is nested too deep or holds too many values', () => {
    const { script, bad } = setUp({ amfDepth: 2, amfValues: 5 });
    script(['onMetaData', amfObject({ a: amfObject({ b: amfObject({ c: 1 }) }) })]);
    script(['onMetaData', [1, 2, 3, 4, 5]]);

    expect(bad).toEqual(['AMF0_DEPTH', 'AMF0_VALUES']);
  });

  it.each<[string, Record<string, AmfValue>, string[]]>([
    ['codec ids', { videocodecid: 7, audiocodecid: 10 }, ['video', 'audio']],
    ['codec names', { videocodecid: 'avc1', audiocodecid: 'mp4a' }, ['video', 'audio']],
    ['a picture size', { width: 640, height: 360 }, ['video']],
    ['no audio by number', { videocodecid: 7, audiocodecid: 0 }, ['video']],
    ['no video by name', { videocodecid: 'none', width: 640, height: 360, audiocodecid: 10 }, ['audio']],
    ['an empty name', { videocodecid: '', audiocodecid: 10 }, ['audio']],
    ['a size of 0', { width: 0, height: 0 }, []],
    ['nothing', { title: 'x' }, []],
    ['E-RTMP track maps', { audioTrackIdInfoMap: amfObject({ '1': amfObject({ channels: 2 }) }) }, ['audio']],
  ])('promises what it says by %s', (_name, values, kinds) => {
    const { decoder, script } = setUp();
    expect(decoder.promised()).toEqual([]);

    script(['onMetaData', amfObject(values)]);

    expect(decoder.promised()).toEqual(kinds);
  });
});

describe('the choices of a vhost', () => {
  const decoderWith = (options: Partial<ConstructorParameters<typeof TagDecoder>[0]>) => {
    const decoder = new TagDecoder({ limits: defaultLimits, ...options });
    decoder.decode(TagType.video, 0, fromHex(avcHeader));
    return decoder;
  };
  const dataOf = (decoder: TagDecoder, hex: string): string[] =>
    framesOf(decoder.decode(TagType.video, 0, fromHex(`17 01 000000 ${hex}`))).map(({ data }) => toHex(data));

  it('what may be start codes or lengths is taken for one of them', () => {
    // A unit of one byte and one of two, or one unit of seven behind a start code.
    const both = '00000001 65 00000002 6588';

    expect(dataOf(decoderWith({}), both)).toEqual(['0000000765000000026588']);
    expect(dataOf(decoderWith({ annexBFirst: false }), both)).toEqual(['0000000165000000026588']);
  });

  it('start codes are found all the same when the data cannot be lengths', () => {
    const hex = '00000001 658884 00000001 6588';

    expect(dataOf(decoderWith({ annexBFirst: false }), hex)).toEqual(['00000003658884000000026588']);
  });

  it('a repeated sequence header is told when it is wanted', () => {
    const repeated = (repeatsHeaders: boolean) =>
      tracksOf(decoderWith({ repeatsHeaders }).decode(TagType.video, 0, fromHex(avcHeader))).map(({ epoch }) => epoch);

    expect(repeated(true)).toEqual([0]);
    expect(repeated(false)).toEqual([]);
  });

  it.each<[AmfValue, number]>([
    ['true', 1],
    ['false', 0],
    [true, 0],
  ])('metadata with bravo_atc %j says %i times that its times are absolute', (value, times) => {
    let told = 0;
    const decoder = decoderWith({ onAbsolute: () => told++ });
    decoder.decode(TagType.script, 0, writeAmf0(['@setDataFrame', 'onMetaData', amfObject({ bravo_atc: value })]));

    expect(told).toBe(times);
  });
});
