// The uncompressed header of VP9 (VP9 bitstream specification §6.2) as far as the size of a key frame.
import { BitReader } from '../../base/bits.ts';
import { checkDimensions } from '../bounds.ts';
import { codecErrors } from '../errors.ts';

/** The beginning of a frame header. */
export interface Vp9Header {
  readonly key: boolean;
  readonly profile: number;
  /** The frame only shows one that was decoded before. */
  readonly showExisting: boolean;
  readonly shown: boolean;
  /** Of key frames only. */
  readonly picture?: Vp9Picture;
}

/** Format and size that a key frame declares. */
export interface Vp9Picture {
  readonly bitDepth: number;
  /** color_space: 0 unknown, 1 BT.601, 2 BT.709, 5 BT.2020, 7 RGB (§7.2.2). */
  readonly colorSpace: number;
  readonly fullRange: boolean;
  readonly subsamplingX: number;
  readonly subsamplingY: number;
  readonly width: number;
  readonly height: number;
}

/** Whether the frame (or the first of a superframe) is a key frame; false for what is no VP9 frame. */
export function isKeyFrame(data: Uint8Array): boolean {
  const head = data[0];
  if (head === undefined || head >> 6 !== 2) return false;
  // frame_marker, profile; profile 3 has a reserved bit more. Then show_existing_frame 0 and frame_type 0.
  return (head & 0x30) === 0x30 ? (head & 0x06) === 0 : (head & 0x0c) === 0;
}

/** Errors: BITS_SHORT, CODEC_SYNC (frame marker or key frame sync code), CODEC_RESERVED, CODEC_DIMENSION. */
export function parseHeader(data: Uint8Array): Vp9Header {
  const bits = new BitReader(data);
  const marker = bits.u(2);
  if (marker !== 2) throw codecErrors.protocol('SYNC', { codec, found: marker });
  const profile = bits.u(1) + 2 * bits.u(1);
  if (profile === 3) mustBeZero(bits, 'reserved_zero');
  if (bits.flag()) return { key: false, profile, showExisting: true, shown: true };
  const key = !bits.flag();
  const shown = bits.flag();
  bits.skip(1); // error_resilient_mode
  const header = { key, profile, showExisting: false, shown };
  return key ? { ...header, picture: parsePicture(bits, profile) } : header;
}

const codec = 'vp9';

function parsePicture(bits: BitReader, profile: number): Vp9Picture {
  const sync = bits.u(24);
  if (sync !== 0x498342) throw codecErrors.protocol('SYNC', { codec, found: sync.toString(16) });
  const color = parseColorConfig(bits, profile);
  const width = 1 + bits.u(16);
  const height = 1 + bits.u(16);
  checkDimensions(codec, width, height);
  return { ...color, width, height };
}

/** color_config, §6.2.2. Profiles 1 and 3 are those with other chroma than 4:2:0. */
function parseColorConfig(bits: BitReader, profile: number): Omit<Vp9Picture, 'width' | 'height'> {
  const bitDepth = profile < 2 ? 8 : bits.flag() ? 12 : 10;
  const colorSpace = bits.u(3);
  const rgb = colorSpace === 7;
  const fullRange = rgb || bits.flag();
  if (profile % 2 === 0) {
    if (rgb) throw codecErrors.protocol('RESERVED', { codec, field: 'color_space', value: colorSpace });
    return { bitDepth, colorSpace, fullRange, subsamplingX: 1, subsamplingY: 1 };
  }
  const subsamplingX = rgb ? 0 : bits.u(1);
  const subsamplingY = rgb ? 0 : bits.u(1);
  mustBeZero(bits, 'reserved_zero');
  return { bitDepth, colorSpace, fullRange, subsamplingX, subsamplingY };
}

function mustBeZero(bits: BitReader, field: string): void {
  if (bits.flag()) throw codecErrors.protocol('RESERVED', { codec, field, value: 1 });
}
