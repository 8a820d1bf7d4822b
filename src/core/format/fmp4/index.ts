// The door of the MP4 folder: fragmented MP4 (CMAF) in and out, plain MP4 in, and recordings.
export { type CmafOptions, CmafWriter, type CutOptions, type Part, partBytes } from './cmaf.ts';
export { Fmp4Demuxer, type Fmp4Limits } from './demux.ts';
export { fmp4Errors } from './errors.ts';
export { Mp4File } from './file.ts';
export { type Finished, type FinishOptions, finishMp4 } from './finish.ts';
export { prft, styp } from './fragment.ts';
export { initSegment } from './init.ts';
export { type Mp4Track, mp4TrackId } from './mp4-track.ts';
export { Fmp4Muxer, type Fmp4Options, fmp4Format, fmp4FormatOf } from './mux.ts';
export type { RandomAccess } from './random-access.ts';
export { Mp4Writer, type RecordOptions } from './record.ts';
export { Roster } from './roster.ts';
export { describeTrack, isSupported } from './sample-entry.ts';
