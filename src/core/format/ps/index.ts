// MPEG program stream: the demuxer.
import type { Limits } from '../../base/limits.ts';
import { type ContainerDemuxer, tallied } from '../container/index.ts';
import { PsDemuxer } from './demux.ts';
import type { PsReport } from './report.ts';

export { PsDemuxer, type PsDemuxLimits } from './demux.ts';
export { psErrors } from './errors.ts';
export type { PsReport } from './report.ts';

/** What a healthy stream has none of. */
const FAULTS = [
  ...(['damagedHeaders', 'damagedMaps', 'resyncs', 'damagedPes', 'pesLengthErrors'] as const),
  ...(['refusedStreams', 'droppedFrames', 'damagedUnits'] as const),
] as const satisfies readonly (keyof PsReport)[];

/** A demuxer that tells what it leaves out or tolerates, and can be told that bytes are missing. */
export function psDemuxer(limits: Limits, onBad: (code: string) => void): ContainerDemuxer & { lost(): void } {
  const demuxer = new PsDemuxer(limits);
  const count = (name: (typeof FAULTS)[number]): number => demuxer.report[name];
  const told = tallied(demuxer, { names: FAULTS, count, onBad, promised: () => demuxer.kinds });
  return { ...told, lost: () => demuxer.lost() };
}
