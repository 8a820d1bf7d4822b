// What the demuxer counts: everything that was wrong with the input and did not end the session.
import type { EsCounts } from '../ts/es.ts';

/** Counts of one demuxer; all grow but `refusedStreams`, which is that of the newest map. */
export interface PsReport extends EsCounts {
  /** Pack headers, which is about one for each frame. */
  packs: number;
  /** Pack headers and PES headers that contradict themselves. */
  damagedHeaders: number;
  /** Program stream maps that are cut or too long. */
  damagedMaps: number;
  /** Runs of bytes that belong to nothing, skipped to the next pack header. */
  resyncs: number;
  skippedBytes: number;
  /** Pictures that ended before they were whole, or above the limit of bytes. */
  damagedPes: number;
  /** PES_packet_length does not agree with what came. */
  pesLengthErrors: number;
  /** Streams of the newest map that are not carried, and those above limits.tracks. */
  refusedStreams: number;
}

/** All zero. */
export const emptyReport = (): PsReport => ({
  packs: 0,
  damagedHeaders: 0,
  damagedMaps: 0,
  resyncs: 0,
  skippedBytes: 0,
  damagedPes: 0,
  pesLengthErrors: 0,
  refusedStreams: 0,
  droppedFrames: 0,
  damagedUnits: 0,
});
