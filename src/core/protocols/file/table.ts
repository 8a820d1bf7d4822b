// THE table of containers that files may have; a new one is one entry here.
import { FlvDemuxer, flvFormat } from '../../format/flv/index.ts';
import type { FileFormat } from './formats.ts';

const FLV_SIGNATURE = [0x46, 0x4c, 0x56] as const;

export const fileFormats: readonly FileFormat[] = [
  {
    name: 'flv',
    extensions: ['flv'],
    headBytes: FLV_SIGNATURE.length,
    matches: (head) => FLV_SIGNATURE.every((byte, index) => head[index] === byte),
    demuxer: (limits, onBad) => new FlvDemuxer(limits, { onBad }),
    format: flvFormat,
  },
];
