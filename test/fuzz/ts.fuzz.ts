// Transport streams, ADTS and MP3: what comes over SRT, HTTP and from files.
import { concat } from '../../src/core/base/bytes.ts';
import { AdtsDemuxer } from '../../src/core/format/adts/index.ts';
import { Mp3Demuxer } from '../../src/core/format/mp3/index.ts';
import { TsAnalyser, TsDemuxer } from '../../src/core/format/ts/index.ts';
import {
  ac3Frame,
  ac3Track,
  hevcPicture,
  hevcTrack,
  mp3Frame,
  mp3Track,
  opusFrame,
  opusTrack,
  program,
  ts,
} from '../unit/format/ts/media.ts';
import { cuts, refuses } from './tools.ts';

export const name = 'ts';

const limits = { messageBytes: 256 * 1024, openBytes: 512 * 1024, tracks: 8 };
const six = [0, 26, 52, 78, 104, 130];

export const seeds = [
  ts(program({ seconds: 1, gop: 5, size: 60 })),
  ts(
    six.map((at) => hevcPicture({ at, key: at === 0 })),
    [hevcTrack],
  ),
  ts(six.map(mp3Frame), [mp3Track]),
  ts(
    six.map((at) => opusFrame(at)),
    [opusTrack],
  ),
  ts(six.map(ac3Frame), [ac3Track]),
  concat(six.map((at) => mp3Frame(at).data)),
];

export function run(bytes: Uint8Array): void {
  for (const pieces of cuts(bytes)) {
    for (const demuxer of [new TsDemuxer(limits), new AdtsDemuxer(), new Mp3Demuxer()]) {
      refuses(() => {
        for (const piece of pieces) demuxer.push(piece);
        demuxer.end();
      });
      if (demuxer.heldBytes > limits.openBytes) throw new Error(`${demuxer.heldBytes} bytes are held`);
    }
    refuses(() => {
      const analyser = new TsAnalyser();
      for (const piece of pieces) analyser.push(piece);
      analyser.end();
    });
  }
}
