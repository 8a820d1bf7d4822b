// One table of tracks and frames with their tag bodies, for the decoder, the encoder and the damage tests.
import { concat, fromHex, utf8 } from '../../../../src/core/base/bytes.ts';
import { fromMs } from '../../../../src/core/base/time.ts';
import { TagType } from '../../../../src/core/format/flv/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { type Codec, firstTrackId, type Track } from '../../../../src/core/media/track.ts';
import { aacConfig, avcConfig } from '../../../tools/builders.ts';

export interface TagCase {
  readonly name: string;
  readonly type: number;
  readonly track: Track;
  /** Undefined when the codec has no sequence header. */
  readonly configBody: Uint8Array | undefined;
  readonly frames: readonly { readonly frame: Frame; readonly body: Uint8Array }[];
  /** HEVC as CodecID 12. */
  readonly hevc?: 'legacy';
  /** Legal, but written in another way by us. */
  readonly decodeOnly?: true;
}

/** hvcC of a 64x48 Main stream: VPS, SPS and PPS, shortened to what FLV looks at. */
export const hevcConfig = fromHex(`
  01 01 60 00 00 00 90 00 00 00 00 00 1e f0 00 fc fd f8 f8 00 00 0f 03
  a0 00 01 00 06 40 01 0c 01 ff ff
  a1 00 01 00 06 42 01 01 01 60 00
  a2 00 01 00 05 44 01 c1 72 b4
`);
export const av1Config = fromHex('81 00 0c 00 0a 0b 00 00 00 04 3c ff bc 02 f9 80 40');
export const vp9Config = fromHex('00 14 82 02 02 02 00 00');
export const opusConfig = concat([utf8('OpusHead'), fromHex('01 02 3801 80bb0000 0000 00')]);
export const flacConfig = fromHex(`1000 1000 000000 000000 0ac442f0 00000000 ${'00'.repeat(16)}`);

/** avcC with two SPS bytes less: another resolution. */
export const otherAvcConfig = fromHex('01 42 c0 0a ff e1 00 08 67 42 c0 0a da 0f 0a 69 01 00 04 68 ce 0f c8');

export const track = (kind: 'video' | 'audio', codec: Codec, config: Uint8Array, number = 0): Track => ({
  id: firstTrackId[kind] + number,
  kind,
  codec,
  config,
  epoch: 0,
});

const NONE = new Uint8Array(0);
/** Two NAL units. */
const nals = fromHex('00000003 65aabb 00000002 41cc');
const nalsHex = '00000003 65aabb 00000002 41cc';

interface Shape {
  readonly at?: number;
  readonly cts?: number;
  readonly key?: boolean;
  readonly data: Uint8Array;
  readonly body: string;
}

const frames = (of: Track, shapes: readonly Shape[]): TagCase['frames'] =>
  shapes.map(({ at = 40, cts = 0, key = true, data, body }) => ({
    frame: { track: of, dts: fromMs(at), cts: fromMs(cts), key, data },
    body: fromHex(body),
  }));

function one(
  name: string,
  of: Track,
  configHead: string | undefined,
  shapes: readonly Shape[],
  more: Partial<TagCase> = {},
): TagCase {
  return {
    name,
    type: of.kind === 'video' ? TagType.video : TagType.audio,
    track: of,
    configBody: configHead === undefined ? undefined : concat([fromHex(configHead), of.config]),
    frames: frames(of, shapes),
    ...more,
  };
}

const opusPacket = fromHex('fc ff fe');
const opusHex = 'fcfffe';
const h264 = track('video', 'h264', avcConfig);
const h265 = track('video', 'h265', hevcConfig);
const h264Second = track('video', 'h264', avcConfig, 1);
const aacThird = track('audio', 'aac', aacConfig, 2);

export const tagCases: readonly TagCase[] = [
  one('H.264', h264, '17 00 000000', [
    { data: nals, body: `17 01 000000 ${nalsHex}` },
    { cts: 80, key: false, data: nals, body: `27 01 000050 ${nalsHex}` },
    { cts: -40, key: false, data: nals, body: `27 01 ffffd8 ${nalsHex}` },
  ]),
  one(
    'H.264 as E-RTMP',
    h264,
    '90 61766331',
    [
      { data: nals, body: `93 61766331 ${nalsHex}` },
      { cts: 80, key: false, data: nals, body: `a1 61766331 000050 ${nalsHex}` },
    ],
    { decodeOnly: true },
  ),
  one('H.264 as a second track', h264Second, '96 00 61766331 01', [
    { data: nals, body: `96 03 61766331 01 ${nalsHex}` },
    { cts: 80, key: false, data: nals, body: `a6 01 61766331 01 000050 ${nalsHex}` },
  ]),
  one('HEVC', h265, '90 68766331', [
    { data: nals, body: `93 68766331 ${nalsHex}` },
    { cts: 80, key: false, data: nals, body: `a1 68766331 000050 ${nalsHex}` },
  ]),
  one(
    'HEVC with a composition time of 0 that is written',
    h265,
    '90 68766331',
    [{ data: nals, body: `91 68766331 000000 ${nalsHex}` }],
    { decodeOnly: true },
  ),
  one(
    'HEVC of Chinese CDNs',
    h265,
    '1c 00 000000',
    [
      { data: nals, body: `1c 01 000000 ${nalsHex}` },
      { cts: 80, key: false, data: nals, body: `2c 01 000050 ${nalsHex}` },
    ],
    { hevc: 'legacy' },
  ),
  one('AV1', track('video', 'av1', av1Config), '90 61763031', [
    { data: fromHex('32 03 aabbcc'), body: '91 61763031 3203aabbcc' },
    { key: false, data: fromHex('32 01 dd'), body: 'a1 61763031 3201dd' },
  ]),
  one(
    'AV1 with temporal delimiters',
    track('video', 'av1', av1Config),
    '90 61763031',
    [{ data: fromHex('32 03 aabbcc'), body: '91 61763031 1200 3203aabbcc' }],
    { decodeOnly: true },
  ),
  one('VP9', track('video', 'vp9', vp9Config), '90 76703039', [{ data: fromHex('82 49'), body: '91 76703039 8249' }]),
  one('VP9 without a sequence header', track('video', 'vp9', NONE), undefined, [
    { data: fromHex('82 49'), body: '91 76703039 8249' },
  ]),
  one('VP8', track('video', 'vp8', NONE), undefined, [
    { data: fromHex('10 02'), body: '91 76703038 1002' },
    { key: false, data: fromHex('11 02'), body: 'a1 76703038 1102' },
  ]),
  one('AAC', track('audio', 'aac', aacConfig), 'af 00', [{ data: fromHex('21 10'), body: 'af 01 2110' }]),
  one(
    'AAC as E-RTMP',
    track('audio', 'aac', aacConfig),
    '90 6d703461',
    [{ data: fromHex('21 10'), body: '91 6d703461 2110' }],
    { decodeOnly: true },
  ),
  one('AAC as a third track', aacThird, '95 00 6d703461 02', [
    { data: fromHex('21 10'), body: '95 01 6d703461 02 2110' },
  ]),
  one('MP3, MPEG 1, stereo', track('audio', 'mp3', NONE), undefined, [
    { data: fromHex('fffb9064 00'), body: '2f fffb906400' },
  ]),
  one('MP3, MPEG 2, mono', track('audio', 'mp3', NONE), undefined, [
    { data: fromHex('fff350c4 00'), body: '2a fff350c400' },
  ]),
  one('MP3, MPEG 2.5, 8 kHz', track('audio', 'mp3', NONE), undefined, [
    { data: fromHex('ffe318c4 00'), body: 'e2 ffe318c400' },
  ]),
  one(
    'MP3 as E-RTMP',
    track('audio', 'mp3', NONE),
    undefined,
    [{ data: fromHex('fffb9064 00'), body: '91 2e6d7033 fffb906400' }],
    { decodeOnly: true },
  ),
  one('G.711 A-law', track('audio', 'pcma', NONE), undefined, [{ data: fromHex('d5d5'), body: '72 d5d5' }]),
  one('G.711 µ-law', track('audio', 'pcmu', NONE), undefined, [{ data: fromHex('ffff'), body: '82 ffff' }]),
  one('Opus', track('audio', 'opus', opusConfig), '90 4f707573', [
    { data: opusPacket, body: `91 4f707573 ${opusHex}` },
  ]),
  one('Opus without a sequence header', track('audio', 'opus', NONE), undefined, [
    { data: opusPacket, body: `91 4f707573 ${opusHex}` },
  ]),
  one('FLAC', track('audio', 'flac', flacConfig), '90 664c6143 664c6143 80000022', [
    { data: fromHex('fff8c9'), body: '91 664c6143 fff8c9' },
  ]),
  one(
    'FLAC with a bare STREAMINFO',
    track('audio', 'flac', flacConfig),
    '90 664c6143',
    [{ data: fromHex('fff8c9'), body: '91 664c6143 fff8c9' }],
    { decodeOnly: true },
  ),
  one('AC-3', track('audio', 'ac3', NONE), undefined, [{ data: fromHex('0b77'), body: '91 61632d33 0b77' }]),
  one('E-AC-3', track('audio', 'eac3', NONE), undefined, [{ data: fromHex('0b77'), body: '91 65632d33 0b77' }]),
];

/** Bodies that are dropped and counted, after the sequence headers of H.264 and AAC came. */
export const badTags: readonly {
  readonly name: string;
  readonly type: number;
  readonly body: string;
  readonly code: string;
}[] = [
  { name: 'a video tag of 0 bytes', type: 9, body: '', code: 'FLV_VIDEO_SHORT' },
  { name: 'a video tag of 1 byte', type: 9, body: '17', code: 'FLV_VIDEO_SHORT' },
  { name: 'a video tag of 2 bytes', type: 9, body: '1701', code: 'FLV_VIDEO_SHORT' },
  { name: 'a video tag of 3 bytes', type: 9, body: '170100', code: 'FLV_VIDEO_SHORT' },
  { name: 'a video tag of 4 bytes', type: 9, body: '17010000', code: 'FLV_VIDEO_SHORT' },
  { name: 'a video tag without a NAL unit', type: 9, body: '1701000000', code: 'FLV_VIDEO_SHORT' },
  { name: 'an E-RTMP video tag of 1 byte', type: 9, body: '91', code: 'FLV_VIDEO_SHORT' },
  { name: 'an E-RTMP video tag with half a FourCC', type: 9, body: '91 6876', code: 'FLV_VIDEO_SHORT' },
  {
    name: 'an E-RTMP video tag with half a composition time',
    type: 9,
    body: '91 61766331 0000',
    code: 'FLV_VIDEO_SHORT',
  },
  { name: 'an E-RTMP video tag without a payload', type: 9, body: '93 61766331', code: 'FLV_VIDEO_SHORT' },
  { name: 'an audio tag of 0 bytes', type: 8, body: '', code: 'FLV_AUDIO_SHORT' },
  { name: 'an audio tag of 1 byte', type: 8, body: 'af', code: 'FLV_AUDIO_SHORT' },
  { name: 'an empty AAC frame', type: 8, body: 'af01', code: 'FLV_AUDIO_SHORT' },
  { name: 'an empty MP3 frame', type: 8, body: '2f', code: 'FLV_AUDIO_SHORT' },
  { name: 'an E-RTMP audio tag with half a FourCC', type: 8, body: '91 4f70', code: 'FLV_AUDIO_SHORT' },
  { name: 'Sorenson H.263', type: 9, body: '22 0000840000', code: 'FLV_VIDEO_CODEC' },
  { name: 'VP6', type: 9, body: '14 0000000000', code: 'FLV_VIDEO_CODEC' },
  { name: 'an unknown video FourCC', type: 9, body: '90 78787878 00', code: 'FLV_VIDEO_CODEC' },
  { name: 'Speex', type: 8, body: 'b6 0000', code: 'FLV_AUDIO_CODEC' },
  { name: 'linear PCM', type: 8, body: '3f 0000', code: 'FLV_AUDIO_CODEC' },
  { name: 'an unknown audio FourCC', type: 8, body: '91 78787878 00', code: 'FLV_AUDIO_CODEC' },
  { name: 'an unknown AVC packet type', type: 9, body: '17 03 000000 00', code: 'FLV_VIDEO_PACKET' },
  { name: 'an unknown E-RTMP video packet type', type: 9, body: '9f 61766331 00', code: 'FLV_VIDEO_PACKET' },
  { name: 'an unknown AAC packet type', type: 8, body: 'af 02 00', code: 'FLV_AUDIO_PACKET' },
  { name: 'an unknown E-RTMP audio packet type', type: 8, body: '9f 6d703461 00', code: 'FLV_AUDIO_PACKET' },
  { name: 'an avcC without SPS', type: 9, body: '17 00 000000 01640028ffe000', code: 'FLV_VIDEO_CONFIG' },
  {
    name: 'an avcC with an empty SPS',
    type: 9,
    body: '17 00 000000 01640028ffe1000001000268ee',
    code: 'FLV_VIDEO_CONFIG',
  },
  { name: 'an avcC without PPS', type: 9, body: '17 00 000000 01640028ffe100026764 00', code: 'FLV_VIDEO_CONFIG' },
  { name: 'an avcC that is cut', type: 9, body: '17 00 000000 01640028ffe1001b67', code: 'FLV_VIDEO_CONFIG' },
  { name: 'an avcC of version 2', type: 9, body: '17 00 000000 02640028ffe1000167010001 68', code: 'FLV_VIDEO_CONFIG' },
  {
    name: 'an hvcC without PPS',
    type: 9,
    body: `90 68766331 01${'00'.repeat(21)}01 2100010001aa`,
    code: 'FLV_VIDEO_CONFIG',
  },
  {
    name: 'an hvcC without SPS',
    type: 9,
    body: `90 68766331 01${'00'.repeat(21)}01 2000010001aa`,
    code: 'FLV_VIDEO_CONFIG',
  },
  { name: 'an empty av1C', type: 9, body: '90 61763031', code: 'FLV_VIDEO_CONFIG' },
  { name: 'an empty vpcC', type: 9, body: '90 76703039', code: 'FLV_VIDEO_CONFIG' },
  { name: 'an MPEG-2 TS header of HEVC', type: 9, body: '95 68766331 000000', code: 'FLV_VIDEO_CONFIG' },
  { name: 'a cut AV1 descriptor', type: 9, body: '95 61763031 80048100', code: 'FLV_VIDEO_CONFIG' },
  { name: 'an AudioSpecificConfig of 0 bytes', type: 8, body: 'af 00', code: 'FLV_AUDIO_CONFIG' },
  { name: 'an AudioSpecificConfig of 1 byte', type: 8, body: 'af 00 12', code: 'FLV_AUDIO_CONFIG' },
  { name: 'an OpusHead without its magic', type: 8, body: `90 4f707573 ${'00'.repeat(19)}`, code: 'FLV_AUDIO_CONFIG' },
  { name: 'a short STREAMINFO', type: 8, body: '90 664c6143 664c614380000022 0000', code: 'FLV_AUDIO_CONFIG' },
  { name: 'an HEVC frame before its sequence header', type: 9, body: '93 68766331 0000000165', code: 'FLV_NO_CONFIG' },
  { name: 'a FLAC frame before its sequence header', type: 8, body: '91 664c6143 ff', code: 'FLV_NO_CONFIG' },
  { name: 'NAL units of no size', type: 9, body: '17 01 000000 00000000 00000000', code: 'FLV_NAL_SIZE' },
  { name: 'a NAL unit longer than the tag', type: 9, body: '17 01 000000 0000ffff 65', code: 'FLV_NAL_SIZE' },
  { name: 'a multitrack video tag of 1 byte', type: 9, body: '96', code: 'FLV_MULTITRACK' },
  { name: 'a multitrack video tag with 0 tracks', type: 9, body: '96 11 61766331', code: 'FLV_MULTITRACK' },
  { name: 'a multitrack tag of many codecs with 0 tracks', type: 9, body: '96 21', code: 'FLV_MULTITRACK' },
  { name: 'a multitrack audio tag with 0 tracks', type: 8, body: '95 11 6d703461', code: 'FLV_MULTITRACK' },
  { name: 'a multitrack tag of an unknown kind', type: 9, body: '96 31 61766331 00', code: 'FLV_MULTITRACK' },
  { name: 'a multitrack tag in a multitrack tag', type: 9, body: '96 06 61766331 00', code: 'FLV_MULTITRACK' },
  {
    name: 'a track longer than its multitrack tag',
    type: 9,
    body: '96 13 61766331 01 0000ff 00',
    code: 'FLV_MULTITRACK',
  },
  { name: 'a multitrack tag cut in a size', type: 9, body: '96 13 61766331 01 00', code: 'FLV_MULTITRACK' },
  { name: 'a multitrack tag cut in a FourCC', type: 9, body: '96 23 6176', code: 'FLV_MULTITRACK' },
  { name: 'script data that is a number', type: 18, body: '00 0000000000000000', code: 'FLV_SCRIPT' },
  { name: 'script data of 0 bytes', type: 18, body: '', code: 'FLV_SCRIPT' },
  { name: 'script data that is cut', type: 18, body: '02 000a 6f6e', code: 'AMF0_SHORT' },
  { name: 'a tag of no known type', type: 15, body: '00', code: 'FLV_TAG_TYPE' },
];
