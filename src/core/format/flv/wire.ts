// Numbers of FLV (Adobe FLV and F4V 10.1, annex E) and Enhanced RTMP v2 (E-RTMP).
import type { Codec } from '../../media/track.ts';

/** Types of tags (annex E.4.1), which are also the types of RTMP messages with the same bodies. */
export const TagType = { audio: 8, video: 9, script: 18 } as const;

/** Bytes of a tag's header (annex E.4.1) and of the size behind it. */
export const TAG_HEADER_BYTES = 11;
export const BACK_SIZE_BYTES = 4;

/** Frame types (annex E.4.3.1). */
export const FrameType = { key: 1, inter: 2, generatedKey: 4, command: 5 } as const;

/** First byte of a video tag: E-RTMP header follows. */
export const EX_VIDEO = 0x80;
/** SoundFormat of an audio tag: E-RTMP header follows. */
export const EX_AUDIO = 9;

/** E-RTMP VideoPacketType. */
export const VideoPacket = {
  sequenceStart: 0,
  codedFrames: 1,
  sequenceEnd: 2,
  /** Coded frames without the composition time, which is 0. */
  codedFramesX: 3,
  metadata: 4,
  mpeg2TsSequenceStart: 5,
  multitrack: 6,
  modEx: 7,
} as const;

/** E-RTMP AudioPacketType. */
export const AudioPacket = {
  sequenceStart: 0,
  codedFrames: 1,
  sequenceEnd: 2,
  multichannelConfig: 4,
  multitrack: 5,
  modEx: 7,
} as const;

/** E-RTMP AvMultitrackType. */
export const Multitrack = { oneTrack: 0, manyTracks: 1, manyTracksManyCodecs: 2 } as const;

/** E-RTMP ModEx type: nanoseconds to add to the presentation time, 24 bits. */
export const MODEX_NANO_OFFSET = 0;

/** A FourCC as the number it is on the wire, big-endian. */
export const fourCc = (text: string): number =>
  (text.charCodeAt(0) * 0x100_0000 + (text.charCodeAt(1) << 16) + (text.charCodeAt(2) << 8) + text.charCodeAt(3)) >>> 0;

const videoFourCcs = {
  h264: fourCc('avc1'),
  h265: fourCc('hvc1'),
  av1: fourCc('av01'),
  vp9: fourCc('vp09'),
  vp8: fourCc('vp08'),
} as const;

const audioFourCcs = {
  aac: fourCc('mp4a'),
  mp3: fourCc('.mp3'),
  opus: fourCc('Opus'),
  flac: fourCc('fLaC'),
  ac3: fourCc('ac-3'),
  eac3: fourCc('ec-3'),
} as const;

/** FourCC of a codec; undefined when E-RTMP has none. */
export const codecFourCc: Readonly<Partial<Record<Codec, number>>> = { ...videoFourCcs, ...audioFourCcs };

const invert = (codes: Readonly<Partial<Record<Codec, number>>>): ReadonlyMap<number, Codec> =>
  new Map(Object.entries(codes).map(([codec, code]) => [code, codec as Codec]));

export const videoByFourCc = invert(videoFourCcs);
export const audioByFourCc = invert(audioFourCcs);

/** CodecID of a video tag (annex E.4.3.1); 12 is the extension that Chinese CDNs made for HEVC. */
export const LegacyVideo = { h264: 7, h265: 12 } as const;
export const legacyVideoCodecs: ReadonlyMap<number, Codec> = new Map([
  [LegacyVideo.h264, 'h264'],
  [LegacyVideo.h265, 'h265'],
]);

/** SoundFormat of an audio tag (annex E.4.2.1). */
export const LegacyAudio = { mp3: 2, pcma: 7, pcmu: 8, aac: 10, mp3At8k: 14 } as const;
export const legacyAudioCodecs: ReadonlyMap<number, Codec> = new Map([
  [LegacyAudio.mp3, 'mp3'],
  [LegacyAudio.pcma, 'pcma'],
  [LegacyAudio.pcmu, 'pcmu'],
  [LegacyAudio.aac, 'aac'],
  [LegacyAudio.mp3At8k, 'mp3'],
]);
