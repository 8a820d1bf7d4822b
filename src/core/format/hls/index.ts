// The door of the HLS folder: segmenters, the store, playlists out and in, and the rules that they must keep.

export { decryptAes128, encryptAes128 } from './aes128.ts';
export { CmafSegmenter, type CmafSegmenterOptions } from './cmaf-segmenter.ts';
export { type CutSettings, cutsBefore, leadOf } from './cut-rule.ts';
export { applyDelta } from './delta.ts';
export { playlistErrors } from './errors.ts';
export { parsePlaylist } from './parse.ts';
export {
  type Attributes,
  type ByteRange,
  type MasterPlaylist,
  type MediaPlaylist,
  nextSequenceOf,
  type Playlist,
  type PlaylistMap,
  type PlaylistPart,
  type PlaylistSegment,
  type PreloadHint,
  type ServerControl,
  type Variant,
} from './playlist.ts';
export { SampleClock } from './sample-clock.ts';
export type {
  Segment,
  SegmentEvent,
  Segmenter,
  SegmentHead,
  SegmentKey,
  SegmentPart,
  TrackFragment,
} from './segment.ts';
export { type OpenSegment, type ResumePoint, SegmentStore, type StoredSegment, type StoreLimits } from './store.ts';
export { TrackSegmenter, type TrackSegmenterOptions } from './track-segmenter.ts';
export { TsSegmenter, type TsSegmenterOptions } from './ts-segmenter.ts';
export { type PlaylistFinding, validatePlaylist, validateReload, validateUpdate } from './validate.ts';
export {
  type ClassicPlaylist,
  type ClassicSegment,
  type LowLatencyOptions,
  type MasterOptions,
  partTargetSeconds,
  targetDuration,
  type VariantStream,
  writeClassic,
  writeLowLatency,
  writeMultivariant,
  writeReports,
  writeSessionMaster,
} from './write.ts';
