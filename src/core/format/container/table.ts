// The containers that are one stream of bytes from beginning to end: files and endless HTTP answers are made of them.
import type { Limits } from '../../base/limits.ts';
import type { Format } from '../../media/muxer.ts';
import type { Codec, Track, TrackKind } from '../../media/track.ts';
import { AdtsDemuxer, adtsFormat } from '../adts/index.ts';
import { FlvDemuxer, flvFormat } from '../flv/index.ts';
import { Fmp4Demuxer, fmp4Format, isSupported } from '../fmp4/index.ts';
import { Mp3Demuxer, mp3Format } from '../mp3/index.ts';
import { TsDemuxer, type TsReport, tsFormat } from '../ts/index.ts';
import { type ContainerDemuxer, tallied } from './tally.ts';

export interface Container {
  readonly name: string;
  /** As SRS names it in HTTP. */
  readonly contentType: string;
  /** @param onBad is told the code or count of each part that is left out or tolerated. */
  demuxer(limits: Limits, onBad: (code: string) => void): ContainerDemuxer;
  readonly format: Format;
  /** Whether a track with this codec has a place in it; absent: all have. */
  carries?(codec: Codec): boolean;
}

/** Whether a stream with these tracks would be nothing but silence in the container. */
export function carriesNone({ carries }: Container, tracks: readonly Track[]): boolean {
  const media = tracks.filter(({ kind }) => kind !== 'data');
  return carries !== undefined && media.length > 0 && !media.some(({ codec }) => carries(codec));
}

const flv: Container = {
  name: 'flv',
  contentType: 'video/x-flv',
  demuxer: (limits, onBad) => new FlvDemuxer(limits, { onBad }),
  format: flvFormat,
};

const mp4: Container = {
  name: 'mp4',
  contentType: 'video/mp4',
  demuxer: (limits, onBad) => {
    const demuxer = new Fmp4Demuxer(limits);
    return tallied(demuxer, { names: ['droppedSamples'], count: () => demuxer.dropped, onBad });
  },
  format: fmp4Format,
  carries: isSupported,
};

const TS_CODECS: ReadonlySet<Codec> = new Set<Codec>(['h264', 'h265', 'aac', 'mp3', 'opus', 'ac3', 'eac3']);
/** What a healthy stream has none of. */
const TS_FAULTS = [
  ...(['transportErrors', 'damagedPackets', 'scrambledPackets', 'continuityErrors', 'refusedStreams'] as const),
  ...(['syncLosses', 'syncByteErrors', 'crcErrors', 'damagedSections', 'damagedPes', 'droppedFrames'] as const),
  'damagedUnits',
] as const satisfies readonly (keyof TsReport)[];

const ts: Container = {
  name: 'ts',
  contentType: 'video/MP2T',
  demuxer: (limits, onBad) => {
    const demuxer = new TsDemuxer(limits);
    const count = (name: (typeof TS_FAULTS)[number]) => demuxer.report[name];
    return tallied(demuxer, { names: TS_FAULTS, count, onBad, promised: () => demuxer.kinds });
  },
  format: tsFormat,
  carries: (codec) => TS_CODECS.has(codec),
};

const sound = (): readonly TrackKind[] => ['audio'];

const aac: Container = {
  name: 'aac',
  contentType: 'audio/x-aac',
  demuxer: (_, onBad) => {
    const demuxer = new AdtsDemuxer();
    const count = () => demuxer.skippedBytes;
    return tallied(demuxer, { names: ['skippedBytes'], count, onBad, promised: sound });
  },
  format: adtsFormat,
  carries: (codec) => codec === 'aac',
};

const mp3: Container = {
  name: 'mp3',
  contentType: 'audio/mpeg',
  // Tags at the end of a file are no damage, and nothing tells them from it: nothing is counted.
  demuxer: () => tallied(new Mp3Demuxer(), { promised: sound }),
  format: mp3Format,
  carries: (codec) => codec === 'mp3',
};

export const containers = { flv, ts, mp4, aac, mp3 } as const;
