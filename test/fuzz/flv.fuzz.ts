// FLV files and HTTP-FLV bodies.
import { concat } from '../../src/core/base/bytes.ts';
import { defaultLimits } from '../../src/core/base/limits.ts';
import { FlvDemuxer, FlvMuxer } from '../../src/core/format/flv/index.ts';
import type { Track } from '../../src/core/media/track.ts';
import { aacTrack, h264Track, live } from '../tools/builders.ts';
import { cuts, refuses } from './tools.ts';

export const name = 'flv';

const file = (tracks: readonly Track[], seconds: number): Uint8Array => {
  const muxer = new FlvMuxer();
  const frames = live({ seconds, gop: 5 }).filter(({ track }) => tracks.includes(track));
  return concat([...muxer.header(tracks), ...frames.flatMap((frame) => muxer.write(frame))].flatMap((p) => p.chunks));
};

export const seeds = [file([h264Track, aacTrack], 1), file([aacTrack], 1), file([h264Track], 1)];

export function run(bytes: Uint8Array): void {
  for (const pieces of cuts(bytes)) {
    const demuxer = new FlvDemuxer(defaultLimits);
    refuses(() => {
      for (const piece of pieces) demuxer.push(piece);
      demuxer.end();
    });
  }
}
