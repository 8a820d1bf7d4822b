// Sample entries on the way out: what an MP4 says of a track, from its configuration or from one of its frames.
import { ProtocolError } from '../../base/errors.ts';
import * as av1 from '../../codec/av1/index.ts';
import * as h264 from '../../codec/h264/index.ts';
import * as h265 from '../../codec/h265/index.ts';
import * as vp8 from '../../codec/vp8/index.ts';
import * as vp9 from '../../codec/vp9/index.ts';
import type { Colour, SampleAspectRatio } from '../../codec/vui.ts';
import type { Codec, Track } from '../../media/track.ts';
import { audioEntry } from './audio-entry.ts';
import { type Mp4Track, mp4TrackId } from './mp4-track.ts';
import { box, fields, fullBox } from './wire.ts';

const supported: ReadonlySet<Codec> = new Set([
  'h264',
  'h265',
  'av1',
  'vp8',
  'vp9',
  'aac',
  'mp3',
  'opus',
  'flac',
  'ac3',
  'eac3',
]);

/** Whether MP4 has a place for the codec that players know. G.711, data and unknown codecs are left out. */
export const isSupported = (codec: Codec): boolean => supported.has(codec);

/** Every rate of 24, 25, 30, 50, 60 frames, and a millisecond, is a whole number of ticks. */
export const VIDEO_TIMESCALE = 90_000;

/**
 * How MP4 describes a track.
 *
 * @param sample one of its frames, for codecs that describe themselves there (VP8, VP9, MP3, AC-3): a key frame.
 * @returns undefined when the codec has no place in MP4, or needs a sample that was not given or does not tell.
 */
export function describeTrack(track: Track, sample?: Uint8Array): Mp4Track | undefined {
  if (!isSupported(track.codec)) return undefined;
  try {
    return track.kind === 'video' ? video(track, sample) : audioEntry(track, sample);
  } catch (error) {
    // Damaged parameters: nobody could play the track, and the others must not suffer.
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

/** What the pictures look like. */
interface Picture {
  readonly width: number;
  readonly height: number;
  readonly sar?: SampleAspectRatio | undefined;
  readonly colour?: Colour | undefined;
}

function video(track: Track, sample: Uint8Array | undefined): Mp4Track | undefined {
  const found = videoBoxes(track, sample);
  if (found === undefined) return undefined;
  const { type, picture, config } = found;
  return {
    id: mp4TrackId(track.id),
    source: track,
    timescale: VIDEO_TIMESCALE,
    ...displaySize(picture),
    entry: visualEntry(type, picture, config),
    frameTicks: () => undefined,
  };
}

interface VideoBoxes {
  readonly type: string;
  readonly picture: Picture;
  readonly config: Uint8Array;
}

function videoBoxes({ codec, config }: Track, sample: Uint8Array | undefined): VideoBoxes | undefined {
  switch (codec) {
    case 'h264': {
      const sps = h264.parseConfig(config).sps[0];
      return sps && { type: 'avc1', picture: h264.parseSps(sps), config: box('avcC', config) };
    }
    case 'h265': {
      const sps = h265.parameterSets(h265.parseConfig(config)).sps[0];
      return sps && { type: 'hvc1', picture: h265.parseSps(sps), config: box('hvcC', config) };
    }
    case 'av1': {
      const header = av1.sequenceHeaderOf(av1.parseConfig(config).obus) ?? (sample && av1.sequenceHeaderOf(sample));
      return header && { type: 'av01', picture: header, config: box('av1C', config) };
    }
    case 'vp9':
      return vp9Boxes(config, sample);
    case 'vp8': {
      const { width, height } = sample === undefined ? {} : vp8.parseHeader(sample);
      if (width === undefined || height === undefined) return undefined;
      return { type: 'vp08', picture: { width, height }, config: vpcC(VP8_CONFIG) };
    }
    default:
      return undefined;
  }
}

function vp9Boxes(config: Uint8Array, sample: Uint8Array | undefined): VideoBoxes | undefined {
  const picture = sample && vp9.parseHeader(sample).picture;
  if (sample === undefined || picture === undefined) return undefined;
  const record = config.length > 0 ? vp9.parseConfig(config) : vp9.parseConfig(vp9.configOf(sample) ?? config);
  const { width, height } = picture;
  return { type: 'vp09', picture: { width, height, colour: record }, config: vpcC(vp9.writeConfig(record)) };
}

/** Profile 0, level unknown, 8 bits, 4:2:0, colours unknown: VP8 has nothing else. */
const VP8_CONFIG = Uint8Array.of(0, 0, 0x82, 2, 2, 2, 0, 0);

const vpcC = (record: Uint8Array): Uint8Array => fullBox('vpcC', 1, 0, record);

/** VisualSampleEntry (ISO 14496-12 §12.1.3). */
function visualEntry(type: string, picture: Picture, config: Uint8Array): Uint8Array {
  const head = fields((w) => {
    // Reserved, data_reference_index 1, then 16 bytes that are zero.
    w.u32(0).u16(0).u16(1).u32(0).u32(0).u32(0).u32(0);
    w.u16(picture.width).u16(picture.height);
    // 72 dpi both ways, reserved, one frame a sample, no compressor name, depth 24, -1.
    w.u32(0x480000).u32(0x480000).u32(0).u16(1).put(NO_NAME).u16(24).u16(0xffff);
  });
  return box(type, head, config, ...colr(picture.colour), ...pasp(picture.sar));
}

const NO_NAME = new Uint8Array(32);

/** Colour information (§12.1.5), where it is known. */
function colr(colour: Colour | undefined): Uint8Array[] {
  if (colour === undefined) return [];
  const { primaries, transfer, matrix, fullRange } = colour;
  if (primaries === 2 && transfer === 2 && matrix === 2 && !fullRange) return [];
  return [
    box(
      'colr',
      fields((w) =>
        w
          .text('nclx')
          .u16(primaries)
          .u16(transfer)
          .u16(matrix)
          .u8(fullRange ? 0x80 : 0),
      ),
    ),
  ];
}

/** Pixel aspect ratio (§12.1.4.2), where pixels are not square. */
const pasp = (sar: SampleAspectRatio | undefined): Uint8Array[] =>
  sar === undefined || sar.width === sar.height
    ? []
    : [
        box(
          'pasp',
          fields((w) => w.u32(sar.width).u32(sar.height)),
        ),
      ];

/** tkhd has the size in square pixels (§8.3.2.3). */
function displaySize({ width, height, sar }: Picture): { readonly width: number; readonly height: number } {
  if (sar === undefined || sar.height === 0) return { width, height };
  return { width: Math.min(0xffff, Math.round((width * sar.width) / sar.height)), height };
}
