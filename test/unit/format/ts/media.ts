// Frames that may lie in a byte stream with start codes, and transport streams made of them.
import { concat, fromHex } from '../../../../src/core/base/bytes.ts';
import { fromMs } from '../../../../src/core/base/time.ts';
import { makeHead } from '../../../../src/core/codec/opus/index.ts';
import { TsMuxer, type TsMuxOptions } from '../../../../src/core/format/ts/index.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Packet } from '../../../../src/core/media/packet.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { aacTrack, audio, h264Track, video } from '../../../tools/builders.ts';

/** A payload without zero bytes, so without start codes; it begins with `head` and says the time. */
export function payload(head: readonly number[], at: number, size: number): Uint8Array {
  const data = Uint8Array.from({ length: Math.max(size, head.length + 4) }, (_, i) => 1 + ((i * 7 + at) % 250));
  data.set(head);
  for (let i = 0; i < 4; i++) data[head.length + i] = 0x80 | ((at >> (7 * i)) & 0x7f);
  return data;
}

/** NAL units with 4-byte lengths. */
export const units = (...nals: readonly Uint8Array[]): Uint8Array =>
  concat(nals.flatMap((nal) => [Uint8Array.of(nal.length >>> 24, nal.length >> 16, nal.length >> 8, nal.length), nal]));

export interface PictureOptions {
  readonly at: number;
  readonly cts?: number;
  readonly key?: boolean;
  readonly size?: number;
  readonly track?: Track;
}

/** An H.264 frame of one slice; first_mb_in_slice is 0. */
export const picture = ({ at, size = 64, key = false, ...rest }: PictureOptions): Frame =>
  video({ at, key, ...rest, data: units(payload([key ? 0x65 : 0x41, 0x88], at, size)) });

/** hvcC of a 320x180 Main stream of x265. */
export const hevcConfig = fromHex(`
  0101600000009000000000003cf000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003003c959409a10001
  002b42010101600000030090000003000003003ca00a080c1f3e595952930bc05a020000030002000003003c10a2000100064401c073c1
  89
`);
export const hevcTrack: Track = { ...h264Track, codec: 'h265', config: hevcConfig };

export const hevcPicture = ({ at, size = 64, key = false, cts = 0, track = hevcTrack }: PictureOptions): Frame => ({
  track,
  dts: fromMs(at),
  cts: fromMs(cts),
  key,
  data: units(payload([key ? 0x26 : 0x02, 0x01, 0x80], at, size)),
});

export const opusTrack: Track = { ...aacTrack, codec: 'opus', config: makeHead(2) };
export const mp3Track: Track = { ...aacTrack, codec: 'mp3', config: new Uint8Array(0) };
export const ac3Track: Track = { ...aacTrack, codec: 'ac3', config: new Uint8Array(0) };

/** 20 ms of Opus. */
export const opusFrame = (at: number, size = 40): Frame =>
  audio({ at, track: opusTrack, data: payload([0xfc], at, size) });

/** MPEG-1 layer III, 128 kbit/s, 44.1 kHz: 417 bytes, 26.12 ms. */
export const mp3Frame = (at: number): Frame =>
  audio({ at, track: mp3Track, data: payload([0xff, 0xfb, 0x90, 0x44], at, 417) });

/** MPEG-2 layer III, 64 kbit/s, 22.05 kHz: 208 bytes. */
export const mp3LowFrame = (at: number): Frame =>
  audio({ at, track: mp3Track, data: payload([0xff, 0xf3, 0x80, 0x44], at, 208) });

/** AC-3, 48 kHz, 32 kbit/s, stereo: 128 bytes, 32 ms. */
export const ac3Frame = (at: number): Frame =>
  audio({ at, track: ac3Track, data: payload([0x0b, 0x77, 0x11, 0x11, 0x00, 0x40, 0x40, 0x11], at, 128) });

export const aacFrame = (at: number, size = 60): Frame => audio({ at, data: payload([0x21], at, size) });

/** 25 pictures and 43 AAC frames for each second; `bFrames` reorders as x264 does. */
export function program({
  seconds,
  gop = 25,
  size = 300,
  bFrames = false,
  start = 0,
}: {
  seconds: number;
  gop?: number;
  size?: number;
  bFrames?: boolean;
  start?: number;
}): Frame[] {
  const frames: Frame[] = [];
  for (let i = 0; i < seconds * 25; i++) {
    const cts = bFrames ? ([80, 160, 40, 0][i % 4] as number) : 0;
    frames.push(picture({ at: start + i * 40, cts, key: i % gop === 0, size: i % gop === 0 ? size * 5 : size }));
  }
  for (let i = 0; i < seconds * 43; i++) frames.push(aacFrame(start + Math.round((i * 1024 * 1000) / 44100)));
  return frames.sort((a, b) => a.dts - b.dts || a.track.id - b.track.id);
}

export const both: readonly Track[] = [h264Track, aacTrack];

export const bytesOf = (packets: readonly Packet[]): Uint8Array => concat(packets.flatMap((packet) => packet.chunks));

/** What a file of these frames holds. */
export function packetsOf(
  frames: readonly Frame[],
  tracks: readonly Track[] = both,
  options: Partial<TsMuxOptions> = {},
): Packet[] {
  const muxer = new TsMuxer(options);
  muxer.header(tracks);
  return [...frames.flatMap((frame) => muxer.write(frame)), ...muxer.flush()];
}

export const ts = (frames: readonly Frame[], tracks?: readonly Track[]): Uint8Array =>
  bytesOf(packetsOf(frames, tracks));

export const framesOf = (events: readonly MediaEvent[]): Frame[] =>
  events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []));

export const tracksOf = (events: readonly MediaEvent[]): (readonly Track[])[] =>
  events.flatMap((event) => (event.type === 'tracks' ? [event.tracks] : []));

export const ofTrack = (frames: readonly Frame[], id: number): Frame[] => frames.filter(({ track }) => track.id === id);
