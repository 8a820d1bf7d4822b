// THE table of containers that files may have; a new one is one entry here.
import { ProtocolError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import type { RandomAccess } from '../../base/link.ts';
import { fromSeconds } from '../../base/time.ts';
import { containers } from '../../format/container/index.ts';
import { fmp4FormatOf, Mp4File } from '../../format/fmp4/index.ts';
import { tagSize } from '../../format/mp3/index.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import type { FileFormat } from './formats.ts';

const FLV_SIGNATURE = [0x46, 0x4c, 0x56] as const;

const flv: FileFormat = {
  ...containers.flv,
  extensions: ['flv'],
  headBytes: FLV_SIGNATURE.length,
  matches: (head) => FLV_SIGNATURE.every((byte, index) => head[index] === byte),
};

/** Boxes that an MP4, a segment of one, or a QuickTime file begins with. */
const FIRST_BOXES: ReadonlySet<string> = new Set('ftyp styp moov moof mdat sidx emsg prft free skip wide'.split(' '));

const mp4: FileFormat = {
  ...containers.mp4,
  extensions: ['mp4', 'm4v', 'm4a', 'fmp4'],
  headBytes: 8,
  matches: (head) => FIRST_BOXES.has(String.fromCharCode(...head.subarray(4, 8))),
  anywhere: mp4Events,
  // Chosen: what a crash may cost, against 200 bytes for each fragment.
  format: fmp4FormatOf({ fragmentTime: fromSeconds(1) }),
};

/** The index may be behind the data, as it is in files that nobody made for streaming. */
async function* mp4Events(
  file: RandomAccess,
  limits: Limits,
  onBad: (code: string) => void,
): AsyncGenerator<MediaEvent> {
  const movie = await Mp4File.open(file, limits);
  try {
    yield* movie.events();
  } catch (error) {
    // A recording that was cut is worth what it holds.
    if (!(error instanceof ProtocolError) || error.code !== 'FMP4_CUT') throw error;
    onBad(error.code);
  }
}

/** The first sync byte, and the distance to the next: plain, with a time stamp in front (M2TS), with parity behind. */
const TS_RUNS = [
  [0, 188],
  [4, 192],
  [0, 204],
] as const;
const TS_SYNC = 0x47;
/** Packets that must agree; fewer where the file is shorter. */
const TS_AGREE = 3;

const ts: FileFormat = {
  ...containers.ts,
  extensions: ['ts'],
  headBytes: TS_AGREE * 204,
  matches: (head) => TS_RUNS.some(([first, stride]) => isTsRun(head, first, stride)),
};

function isTsRun(head: Uint8Array, first: number, stride: number): boolean {
  const packets = Math.min(TS_AGREE, Math.floor(head.length / stride));
  for (let i = 0; i < packets; i++) if (head[first + i * stride] !== TS_SYNC) return false;
  return packets > 0;
}

const aac: FileFormat = {
  ...containers.aac,
  extensions: ['aac', 'adts'],
  // An ID3 tag as HLS puts it in front of a segment fits.
  headBytes: 128,
  matches: (head) => isFrame(head, tagSize(head), 0xf6, 0xf0),
};

const mp3: FileFormat = {
  ...containers.mp3,
  extensions: ['mp3'],
  headBytes: 10,
  matches: (head) => tagSize(head) > 0 || isFrame(head, 0, 0xe6, 0xe2),
};

/** Eleven or twelve bits of sync, and the layer. */
const isFrame = (head: Uint8Array, at: number, mask: number, wanted: number): boolean =>
  head[at] === 0xff && ((head[at + 1] ?? 0) & mask) === wanted;

/** In the order in which content is asked about: long signatures first, two bytes of sound last. */
export const fileFormats: readonly FileFormat[] = [flv, mp4, ts, aac, mp3];
