// The containers other than FLV: MPEG-TS, fragmented and plain MP4, ADTS, MP3.
import { concat } from '../../src/core/base/bytes.ts';
import { defaultLimits } from '../../src/core/base/limits.ts';
import { AdtsDemuxer, AdtsMuxer } from '../../src/core/format/adts/index.ts';
import { Fmp4Demuxer, Fmp4Muxer } from '../../src/core/format/fmp4/index.ts';
import { Mp3Demuxer } from '../../src/core/format/mp3/index.ts';
import { TsDemuxer, TsMuxer } from '../../src/core/format/ts/index.ts';
import type { Demuxer } from '../../src/core/media/demuxer.ts';
import type { Muxer } from '../../src/core/media/muxer.ts';
import type { Track } from '../../src/core/media/track.ts';
import { aacTrack, h264Track, live } from '../tools/builders.ts';
import { cuts, refuses } from './tools.ts';

export const name = 'container';

function file(muxer: Muxer, tracks: readonly Track[]): Uint8Array {
  const frames = live({ seconds: 1, gop: 5 }).filter(({ track }) => tracks.includes(track));
  const packets = [...muxer.header(tracks), ...frames.flatMap((frame) => muxer.write(frame))];
  return concat(packets.flatMap(({ chunks }) => chunks));
}

const both = [h264Track, aacTrack];
export const seeds = [
  file(new TsMuxer(), both),
  file(new Fmp4Muxer(), both),
  file(new AdtsMuxer(), [aacTrack]),
  // Two frames of MPEG-1 layer III, 128 kbit/s, 44.1 kHz.
  concat([0, 1].map(() => Uint8Array.from({ length: 417 }, (_, at) => [0xff, 0xfb, 0x90, 0x00][at] ?? 0))),
];

const demuxers: readonly (() => Demuxer)[] = [
  () => new TsDemuxer(defaultLimits),
  () => new Fmp4Demuxer(defaultLimits),
  () => new AdtsDemuxer(),
  () => new Mp3Demuxer(),
];

export function run(bytes: Uint8Array): void {
  for (const make of demuxers) {
    for (const pieces of cuts(bytes)) {
      const demuxer = make();
      refuses(() => {
        for (const piece of pieces) demuxer.push(piece);
        demuxer.end();
      });
    }
  }
}
