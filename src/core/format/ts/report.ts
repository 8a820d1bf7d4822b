// What the demuxer counts: everything that was wrong with the input and did not end the session.
import type { EsCounts } from './es.ts';
import type { PesCounts } from './pes.ts';
import type { SectionCounts } from './section.ts';
import type { SyncCounts } from './sync.ts';

export interface TsReport extends SyncCounts, SectionCounts, PesCounts, EsCounts {
  /** Packets of 188 bytes. */
  packets: number;
  /** transport_error_indicator: the receiver in front of us could not repair the packet. */
  transportErrors: number;
  /** Adaptation field longer than the packet, or adaptation_field_control 0. */
  damagedPackets: number;
  /** Encrypted packets, which are left out. */
  scrambledPackets: number;
  /** Gaps in a continuity counter. */
  continuityErrors: number;
  /** Packets sent twice, as §2.4.3.3 allows. */
  duplicatePackets: number;
  /** discontinuity_indicator on the PCR PID. */
  discontinuities: number;
  /** PMTs without a stream that we carry. */
  emptyMaps: number;
  /** Streams of the program that are not carried: LATM, MPEG-2 video, subtitles, and above limits.tracks. */
  refusedStreams: number;
  /** Programs besides the one that is read. */
  otherPrograms: number;
}

export const emptyReport = (): TsReport => ({
  packets: 0,
  transportErrors: 0,
  damagedPackets: 0,
  scrambledPackets: 0,
  continuityErrors: 0,
  duplicatePackets: 0,
  discontinuities: 0,
  emptyMaps: 0,
  refusedStreams: 0,
  otherPrograms: 0,
  syncLosses: 0,
  syncByteErrors: 0,
  skippedBytes: 0,
  crcErrors: 0,
  damagedSections: 0,
  damagedPes: 0,
  pesLengthErrors: 0,
  droppedFrames: 0,
  damagedUnits: 0,
});
