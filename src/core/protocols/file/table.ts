// THE table of containers that files may have; a new one is one entry here.
import { ProtocolError } from '../../base/errors.ts';
import type { Limits } from '../../base/limits.ts';
import type { RandomAccess } from '../../base/link.ts';
import { fromSeconds } from '../../base/time.ts';
import { AdtsDemuxer, adtsFormat } from '../../format/adts/index.ts';
import { FlvDemuxer, flvFormat } from '../../format/flv/index.ts';
import { Fmp4Demuxer, fmp4FormatOf, isSupported, Mp4File } from '../../format/fmp4/index.ts';
import { Mp3Demuxer, mp3Format, tagSize } from '../../format/mp3/index.ts';
import { TsDemuxer, type TsReport, tsFormat } from '../../format/ts/index.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import type { Codec, TrackKind } from '../../media/track.ts';
import type { FileFormat } from './formats.ts';
import { tallied } from './tally.ts';

const FLV_SIGNATURE = [0x46, 0x4c, 0x56] as const;

const flv: FileFormat = {
  name: 'flv',
  extensions: ['flv'],
  headBytes: FLV_SIGNATURE.length,
  matches: (head) => FLV_SIGNATURE.every((byte, index) => head[index] === byte),
  demuxer: (limits, onBad) => new FlvDemuxer(limits, { onBad }),
  format: flvFormat,
};

/** Boxes that an MP4, a segment of one, or a QuickTime file begins with. */
const FIRST_BOXES: ReadonlySet<string> = new Set('ftyp styp moov moof mdat sidx emsg prft free skip wide'.split(' '));

const mp4: FileFormat = {
  name: 'mp4',
  extensions: ['mp4', 'm4v', 'm4a', 'fmp4'],
  headBytes: 8,
  matches: (head) => FIRST_BOXES.has(String.fromCharCode(...head.subarray(4, 8))),
  demuxer: (limits, onBad) => {
    const demuxer = new Fmp4Demuxer(limits);
    return tallied(demuxer, { counts: () => ({ dropped: demuxer.dropped }), onBad });
  },
  anywhere: mp4Events,
  // Chosen: what a crash may cost, against 200 bytes for each fragment.
  format: fmp4FormatOf({ fragmentTime: fromSeconds(1) }),
  carries: isSupported,
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
const TS_CODECS: ReadonlySet<Codec> = new Set<Codec>(['h264', 'h265', 'aac', 'mp3', 'opus', 'ac3', 'eac3']);
/** What a healthy file has none of. */
const TS_FAULTS = [
  ...(['transportErrors', 'damagedPackets', 'scrambledPackets', 'continuityErrors', 'refusedStreams'] as const),
  ...(['syncLosses', 'syncByteErrors', 'crcErrors', 'damagedSections', 'damagedPes', 'droppedFrames'] as const),
  'damagedUnits',
] as const satisfies readonly (keyof TsReport)[];

const ts: FileFormat = {
  name: 'ts',
  extensions: ['ts'],
  headBytes: TS_AGREE * 204,
  matches: (head) => TS_RUNS.some(([first, stride]) => isTsRun(head, first, stride)),
  demuxer: (limits, onBad) => {
    const demuxer = new TsDemuxer(limits);
    const counts = () => Object.fromEntries(TS_FAULTS.map((name) => [name, demuxer.report[name]]));
    return tallied(demuxer, { counts, onBad, promised: () => demuxer.kinds });
  },
  format: tsFormat,
  carries: (codec) => TS_CODECS.has(codec),
};

function isTsRun(head: Uint8Array, first: number, stride: number): boolean {
  const packets = Math.min(TS_AGREE, Math.floor(head.length / stride));
  for (let i = 0; i < packets; i++) if (head[first + i * stride] !== TS_SYNC) return false;
  return packets > 0;
}

const sound = (): readonly TrackKind[] => ['audio'];

const aac: FileFormat = {
  name: 'aac',
  extensions: ['aac', 'adts'],
  headBytes: 128,
  matches: (head) => isFrame(head, tagSize(head), 0xf6, 0xf0),
  demuxer: (_, onBad) => {
    const demuxer = new AdtsDemuxer();
    const counts = () => ({ skippedBytes: demuxer.skippedBytes });
    return tallied(demuxer, { counts, onBad, promised: sound });
  },
  format: adtsFormat,
  carries: (codec) => codec === 'aac',
};

const mp3: FileFormat = {
  name: 'mp3',
  extensions: ['mp3'],
  headBytes: 10,
  matches: (head) => tagSize(head) > 0 || isFrame(head, 0, 0xe6, 0xe2),
  // Tags at the end of a file are no damage, and nothing tells them from it.
  demuxer: () => Object.assign(new Mp3Demuxer(), { promised: sound }),
  format: mp3Format,
  carries: (codec) => codec === 'mp3',
};

/** Eleven or twelve bits of sync, and the layer. */
const isFrame = (head: Uint8Array, at: number, mask: number, wanted: number): boolean =>
  head[at] === 0xff && ((head[at + 1] ?? 0) & mask) === wanted;

/** In the order in which content is asked about: long signatures first, two bytes of sound last. */
export const fileFormats: readonly FileFormat[] = [flv, mp4, ts, aac, mp3];
