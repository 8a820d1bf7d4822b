// What a person, the API or a player wants to know of a track, out of its configuration or its first frame.
import * as aac from './aac/index.ts';
import * as ac3 from './ac3/index.ts';
import * as av1 from './av1/index.ts';
import { codecErrors } from './errors.ts';
import * as flac from './flac/index.ts';
import * as g711 from './g711/index.ts';
import * as h264 from './h264/index.ts';
import * as h265 from './h265/index.ts';
import * as mp3 from './mp3/index.ts';
import * as opus from './opus/index.ts';
import * as vp8 from './vp8/index.ts';
import * as vp9 from './vp9/index.ts';
import type { Colour, SampleAspectRatio } from './vui.ts';

/** Facts of a track; those that the stream does not tell are absent. */
export interface CodecInfo {
  readonly kind: 'video' | 'audio';
  /** As SRS's HTTP API prints it where SRS knows the codec: H264, HEVC, AV1, AAC, MP3, Opus; else VP9, AC3 ... */
  readonly name: string;
  /** RFC 6381, for the CODECS attribute of HLS and `MediaSource.isTypeSupported`. */
  readonly codecString: string;
  /** As SRS prints them, "Other" included. SRS prints null for AV1 and VP9, which have their own names here. */
  readonly profile?: string;
  readonly level?: string;
  readonly width?: number;
  readonly height?: number;
  /** Frames a second as the stream declares, which need not be true. */
  readonly fps?: number;
  /** Frames that a decoder may have to hold back; 0: no B-frames. */
  readonly reorder?: number;
  readonly bitDepth?: number;
  readonly sar?: SampleAspectRatio;
  readonly colour?: Colour;
  /** Of the output: HE-AAC has twice the rate of its core. */
  readonly sampleRate?: number;
  readonly channels?: number;
  /** At `sampleRate`. */
  readonly samplesPerFrame?: number;
}

/**
 * Describes a track by its configuration bytes (docs/codecs.md). `sample`, the data of a frame, is needed for codecs
 * without a configuration (mp3, ac3, eac3, vp8), helps vp9 and av1 (size), and tells the samples of an opus packet.
 *
 * Undefined: an unknown codec, or neither the configuration nor a sample that would say something. Errors: any
 * ProtocolError of the codec's parsers when the bytes are damaged.
 */
export function describe(codec: string, config: Uint8Array, sample?: Uint8Array): CodecInfo | undefined {
  const describer = Object.hasOwn(describers, codec) ? describers[codec] : undefined;
  return describer?.(config, sample !== undefined && sample.length > 0 ? sample : undefined);
}

type Describer = (config: Uint8Array, sample: Uint8Array | undefined) => CodecInfo | undefined;

const describers: Readonly<Record<string, Describer>> = {
  h264: (config) => (config.length === 0 ? undefined : describeH264(config)),
  h265: (config) => (config.length === 0 ? undefined : describeH265(config)),
  av1: describeAv1,
  vp8: (_, sample) => (sample ? describeVp8(sample) : undefined),
  vp9: describeVp9,
  aac: (config) => (config.length === 0 ? undefined : describeAac(config)),
  mp3: (_, sample) => (sample ? describeMp3(sample) : undefined),
  opus: describeOpus,
  flac: (config) => (config.length === 0 ? undefined : describeFlac(config)),
  ac3: (_, sample) => (sample ? describeAc3(sample) : undefined),
  eac3: (_, sample) => (sample ? describeAc3(sample) : undefined),
  pcma: (_, sample) => describeG711('PCMA', 'alaw', sample),
  pcmu: (_, sample) => describeG711('PCMU', 'ulaw', sample),
};

function describeH264(bytes: Uint8Array): CodecInfo {
  const config = h264.parseConfig(bytes);
  const first = config.sps[0];
  if (first === undefined) throw codecErrors.protocol('MISSING', { codec: 'h264', what: 'SPS' });
  const sps = h264.parseSps(first);
  return {
    kind: 'video',
    name: 'H264',
    codecString: h264.codecString(config),
    profile: h264.profileName(config.profileIdc),
    level: h264.levelName(config.levelIdc),
    ...pictureOf(sps),
    reorder: sps.reorder,
    bitDepth: sps.bitDepthLuma,
  };
}

function describeH265(bytes: Uint8Array): CodecInfo {
  const config = h265.parseConfig(bytes);
  const sets = h265.parameterSets(config);
  const first = sets.sps[0];
  if (first === undefined) throw codecErrors.protocol('MISSING', { codec: 'h265', what: 'SPS' });
  const sps = h265.parseSps(first);
  // The rate is in the VUI or, for some encoders, only in the VPS.
  const fps = sps.fps ?? (sets.vps[0] && h265.parseVps(sets.vps[0]).fps);
  return {
    kind: 'video',
    name: 'HEVC',
    codecString: h265.codecString(config.profile),
    profile: h265.profileName(config.profile.profileIdc),
    level: h265.levelName(config.profile.levelIdc),
    ...pictureOf(sps),
    ...(fps !== undefined && { fps }),
    reorder: sps.reorder,
    bitDepth: sps.bitDepthLuma,
  };
}

function describeAv1(bytes: Uint8Array, sample: Uint8Array | undefined): CodecInfo | undefined {
  const made = bytes.length > 0 ? bytes : sample && av1.configOf(sample);
  if (made === undefined) return undefined;
  const config = av1.parseConfig(made);
  const sequence = av1.sequenceHeaderOf(config.obus) ?? (sample && av1.sequenceHeaderOf(sample));
  return {
    kind: 'video',
    name: 'AV1',
    codecString: av1.codecString(config, sequence),
    profile: av1.profileName(config.profile),
    level: av1.levelName(config.levelIndex),
    ...(sequence && pictureOf(sequence)),
    // AV1 shows frames in the order of its temporal units.
    reorder: 0,
    bitDepth: config.bitDepth,
  };
}

function describeVp8(sample: Uint8Array): CodecInfo {
  const header = vp8.parseHeader(sample);
  return { kind: 'video', name: 'VP8', codecString: 'vp8', ...sizeOf(header), reorder: 0, bitDepth: 8 };
}

function describeVp9(bytes: Uint8Array, sample: Uint8Array | undefined): CodecInfo | undefined {
  const made = bytes.length > 0 ? bytes : sample && vp9.configOf(sample);
  if (made === undefined) return undefined;
  const config = vp9.parseConfig(made);
  const picture = sample && vp9.parseHeader(sample).picture;
  const level = vp9.levelName(config.level);
  return {
    kind: 'video',
    name: 'VP9',
    codecString: vp9.codecString(config),
    profile: vp9.profileName(config.profile),
    ...(level !== undefined && { level }),
    ...(picture && sizeOf(picture)),
    reorder: 0,
    bitDepth: config.bitDepth,
  };
}

function describeAac(bytes: Uint8Array): CodecInfo {
  const config = aac.parseConfig(bytes);
  return {
    kind: 'audio',
    name: 'AAC',
    codecString: aac.codecString(config),
    profile: aac.profileName(config),
    ...aac.outputOf(config),
  };
}

function describeMp3(sample: Uint8Array): CodecInfo {
  const header = mp3.parseHeader(sample);
  const { sampleRate, channels, samplesPerFrame } = header;
  return { kind: 'audio', name: 'MP3', codecString: mp3.codecString(header), sampleRate, channels, samplesPerFrame };
}

function describeOpus(bytes: Uint8Array, sample: Uint8Array | undefined): CodecInfo | undefined {
  const packet = sample && opus.parsePacket(sample);
  const channels = bytes.length > 0 ? opus.parseHead(bytes).channels : packet?.channels;
  if (channels === undefined) return undefined;
  return {
    kind: 'audio',
    name: 'Opus',
    codecString: 'opus',
    sampleRate: opus.opusSampleRate,
    channels,
    ...(packet && { samplesPerFrame: packet.samples }),
  };
}

function describeFlac(bytes: Uint8Array): CodecInfo {
  const { sampleRate, channels, bitDepth, maxBlockSize: samplesPerFrame } = flac.parseStreamInfo(bytes);
  return { kind: 'audio', name: 'FLAC', codecString: 'flac', sampleRate, channels, bitDepth, samplesPerFrame };
}

function describeAc3(sample: Uint8Array): CodecInfo {
  const { enhanced, sampleRate, channels, samplesPerFrame } = ac3.parseSyncFrame(sample);
  const names = enhanced ? { name: 'EAC3', codecString: 'ec-3' } : { name: 'AC3', codecString: 'ac-3' };
  return { kind: 'audio', ...names, sampleRate, channels, samplesPerFrame };
}

function describeG711(name: string, codecString: string, sample: Uint8Array | undefined): CodecInfo {
  const { g711SampleRate: sampleRate, g711Channels: channels } = g711;
  return { kind: 'audio', name, codecString, sampleRate, channels, ...(sample && { samplesPerFrame: sample.length }) };
}

type Picture = Pick<CodecInfo, 'width' | 'height' | 'fps' | 'sar' | 'colour'>;

/** The fields that every kind of sequence header has under one name. */
const pictureOf = ({ fps, sar, colour, ...size }: Picture): Picture => ({
  ...sizeOf(size),
  ...(fps !== undefined && { fps }),
  ...(sar && { sar }),
  ...(colour && { colour }),
});

const sizeOf = ({ width, height }: Picture): Picture =>
  width === undefined || height === undefined ? {} : { width, height };
