// Files of both kinds, made of frames, and readers of them.
import { concat } from '../../../../src/core/base/bytes.ts';
import {
  Fmp4Demuxer,
  Fmp4Muxer,
  type Fmp4Options,
  finishMp4,
  Mp4Writer,
  type RandomAccess,
} from '../../../../src/core/format/fmp4/index.ts';
import { BoxView } from '../../../../src/core/format/fmp4/wire.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Packet } from '../../../../src/core/media/packet.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { aacTrack, audio, h264Track, video } from '../../../tools/builders.ts';

export const both: readonly Track[] = [h264Track, aacTrack];

/** 25 pictures and 43 sounds a second from `start` ms; `bFrames` reorders as x264 does. */
export function program({
  seconds,
  start = 0,
  bFrames = false,
  gop = 25,
}: {
  seconds: number;
  start?: number;
  bFrames?: boolean;
  gop?: number;
}): Frame[] {
  const frames: Frame[] = [];
  for (let i = 0; i < seconds * 25; i++) {
    const cts = bFrames ? ([80, 160, 40, 0][i % 4] as number) : 0;
    frames.push(video({ at: start + i * 40, cts, key: i % gop === 0 }));
  }
  for (let i = 0; i < seconds * 43; i++) frames.push(audio({ at: start + Math.round((i * 1024 * 1000) / 44100) }));
  return frames.sort((a, b) => a.dts - b.dts || a.track.id - b.track.id);
}

export const bytesOf = (packets: readonly Packet[]): Uint8Array => concat(packets.flatMap(({ chunks }) => chunks));

/** As a player gets it that is there from start to end. */
export function packetsOf(tracks: readonly Track[], frames: readonly Frame[], options?: Fmp4Options): Packet[] {
  const muxer = new Fmp4Muxer(options);
  return [...muxer.header(tracks), ...frames.flatMap((frame) => muxer.write(frame)), ...muxer.flush()];
}

export const fragmented = (tracks: readonly Track[], frames: readonly Frame[], options?: Fmp4Options): Uint8Array =>
  bytesOf(packetsOf(tracks, frames, options));

/** As a recorder writes it. */
export function recorded(tracks: readonly Track[], frames: readonly Frame[]): Uint8Array {
  const writer = new Mp4Writer(tracks);
  return concat([...frames.flatMap((frame) => writer.write(frame)), ...writer.end()]);
}

export async function finished(file: Uint8Array, index: 'first' | 'last' = 'first'): Promise<Uint8Array> {
  const out: Uint8Array[] = [];
  await finishMp4(inMemory(file), async (bytes) => void out.push(bytes), { index });
  return concat(out);
}

export const plain = (
  tracks: readonly Track[],
  frames: readonly Frame[],
  index?: 'first' | 'last',
): Promise<Uint8Array> => finished(recorded(tracks, frames), index);

/** A file in memory that counts the bytes read. */
export function inMemory(bytes: Uint8Array): RandomAccess & { bytesRead: number } {
  const file = {
    size: bytes.length,
    bytesRead: 0,
    read: async (offset: number, size: number): Promise<Uint8Array> => {
      const part = bytes.slice(offset, offset + size);
      file.bytesRead += part.length;
      return part;
    },
  };
  return file;
}

export interface Read {
  readonly tracks: readonly Track[];
  readonly frames: readonly Frame[];
}

export function sorted(events: readonly MediaEvent[]): Read {
  let tracks: readonly Track[] = [];
  const frames: Frame[] = [];
  for (const event of events) {
    if (event.type === 'tracks') tracks = event.tracks;
    else frames.push(event.frame);
  }
  return { tracks, frames };
}

export function read(bytes: Uint8Array): Read {
  const demuxer = new Fmp4Demuxer();
  return sorted([...demuxer.push(bytes), ...demuxer.end()]);
}

export const ofTrack = (frames: readonly Frame[], track: { readonly id: number }): Frame[] =>
  frames.filter((frame) => frame.track.id === track.id);

/** Offset of the type of the `nth` box of a type, wherever it is. */
export function find(bytes: Uint8Array, type: string, nth = 0): number {
  let left = nth;
  for (let at = 4; at + 4 <= bytes.length; at++) {
    if ([0, 1, 2, 3].every((i) => bytes[at + i] === type.charCodeAt(i)) && left-- === 0) return at;
  }
  throw new Error(`no ${type}`);
}

/** The same bytes with 32-bit values written at offsets behind the type of a box. */
export function patched(bytes: Uint8Array, type: string, at: number, value: number, nth = 0): Uint8Array {
  const copy = bytes.slice();
  new DataView(copy.buffer).setUint32(find(copy, type, nth) + at, value);
  return copy;
}

/** The file as one box, to walk down. */
export const rootOf = (bytes: Uint8Array): BoxView => new BoxView(bytes, { type: 'file', start: 0, end: bytes.length });
