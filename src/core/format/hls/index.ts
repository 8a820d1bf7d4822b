// The door of the HLS folder: segmenters, the store, playlists out and in, and the rules that they must keep.
export { CmafSegmenter, type CmafSegmenterOptions } from './cmaf-segmenter.ts';
export type { CutSettings } from './cut-rule.ts';
export type { Segment, SegmentEvent, SegmentHead, SegmentPart } from './segment.ts';
export { type OpenSegment, SegmentStore, type StoredSegment, type StoreLimits } from './store.ts';
export { TsSegmenter, type TsSegmenterOptions } from './ts-segmenter.ts';
export {
  type ClassicOptions,
  type LowLatencyOptions,
  type MasterOptions,
  partTargetSeconds,
  targetDuration,
  writeClassic,
  writeLowLatency,
  writeSessionMaster,
} from './write.ts';
