// Program streams, as cameras send them: any bytes in any cut, with bytes missing in between.
import { PsDemuxer } from '../../src/core/format/ps/index.ts';
import type { Track } from '../../src/core/media/track.ts';
import { aacTrack, audio } from '../tools/builders.ts';
import { ps } from '../tools/ps-writer.ts';
import { both, hevcPicture, hevcTrack, mp3Frame, mp3Track, payload, program } from '../unit/format/ts/media.ts';
import { cuts, refuses } from './tools.ts';

export const name = 'ps';

const limits = { messageBytes: 64 * 1024, tracks: 8 };
const six = [0, 40, 80, 120, 160, 200];
const pcmaTrack: Track = { ...aacTrack, codec: 'pcma', config: new Uint8Array(0) };

export const seeds = [
  ps(program({ seconds: 1, gop: 5, size: 60 }), both),
  ps(program({ seconds: 1, gop: 5, size: 60 }), both, { map: false, unbounded: true, pesBytes: 100 }),
  ps(
    six.map((at) => hevcPicture({ at, key: at === 0 })),
    [hevcTrack],
  ),
  ps(six.map(mp3Frame), [mp3Track]),
  ps(
    six.map((at) => audio({ at, track: pcmaTrack, data: payload([0xd5], at, 320) })),
    [pcmaTrack],
  ),
];

export function run(bytes: Uint8Array): void {
  for (const pieces of cuts(bytes)) {
    const demuxer = new PsDemuxer(limits);
    const most = limits.tracks * (limits.messageBytes + 64 * 1024);
    refuses(() => {
      for (const piece of pieces) {
        if ((piece[0] ?? 0) % 16 === 0) demuxer.lost();
        demuxer.push(piece);
      }
      demuxer.end();
    });
    if (demuxer.heldBytes > most) throw new Error(`${demuxer.heldBytes} bytes are held`);
  }
}
