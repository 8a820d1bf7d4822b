// Short ways to make tracks and frames in tests.
import { fromHex } from '../../src/core/base/bytes.ts';
import { fromMs } from '../../src/core/base/time.ts';
import type { Frame } from '../../src/core/media/frame.ts';
import { firstTrackId, type Track } from '../../src/core/media/track.ts';

/** avcC of a 640x360 High@3.0 x264 stream at 25 fps with B-frames. */
export const avcConfig = fromHex(`
  01 64 00 1e ff e1 00 1a 67 64 00 1e ac d9 40 a0 2f f9 70 11 00 00 03 00 01 00 00 03 00 32 0f 16 2d 96
  01 00 06 68 eb e3 cb 22 c0 fd f8 f8 00
`);

/** AudioSpecificConfig: AAC-LC, 44.1 kHz, stereo. */
export const aacConfig = fromHex('12 10');

export const h264Track: Track = { id: firstTrackId.video, kind: 'video', codec: 'h264', config: avcConfig, epoch: 0 };
export const aacTrack: Track = { id: firstTrackId.audio, kind: 'audio', codec: 'aac', config: aacConfig, epoch: 0 };

export interface FrameOptions {
  /** Decode time in milliseconds. */
  readonly at: number;
  /** Composition offset in milliseconds. */
  readonly cts?: number;
  readonly key?: boolean;
  readonly size?: number;
  readonly track?: Track;
  readonly data?: Uint8Array;
}

/** An H.264 frame of one slice; the payload says its time, so that frames differ. */
export function video({ at, cts = 0, key = false, size = 64, track = h264Track, data }: FrameOptions): Frame {
  return { track, dts: fromMs(at), cts: fromMs(cts), key, data: data ?? slice(key ? 0x65 : 0x41, at, size) };
}

/** A raw AAC frame whose payload says its time. */
export function audio({ at, size = 16, track = aacTrack, data }: FrameOptions): Frame {
  return { track, dts: fromMs(at), cts: 0, key: true, data: data ?? filled(0x21, at, size) };
}

/** Frames of a live stream: 25 video frames and 43 audio frames for each second, a key frame every `gop` frames. */
export function live({ seconds, gop = 25, size = 64 }: { seconds: number; gop?: number; size?: number }): Frame[] {
  const frames: Frame[] = [];
  for (let i = 0; i < seconds * 25; i++) frames.push(video({ at: i * 40, key: i % gop === 0, size }));
  for (let i = 0; i < seconds * 43; i++) frames.push(audio({ at: Math.round((i * 1024 * 1000) / 44100) }));
  return frames.sort((a, b) => a.dts - b.dts || a.track.id - b.track.id);
}

function slice(header: number, at: number, size: number): Uint8Array {
  const data = new Uint8Array(size + 4);
  new DataView(data.buffer).setUint32(0, size);
  data.set(filled(header, at, size), 4);
  return data;
}

function filled(header: number, at: number, size: number): Uint8Array {
  const data = new Uint8Array(Math.max(size, 5));
  data[0] = header;
  new DataView(data.buffer).setInt32(1, at);
  return data;
}
