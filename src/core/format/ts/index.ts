// MPEG transport stream: muxer, demuxer and analyser.
export { TsDemuxer, type TsDemuxLimits } from './demux.ts';
export { tsErrors } from './errors.ts';
export { type Landmark, Landmarks } from './landmarks.ts';
export { type TsMuxCounts, TsMuxer, type TsMuxOptions, tsFormat, tsFormatWith } from './mux.ts';
export { type PromisedStream, promisedStreams } from './promised.ts';
export type { TsReport } from './report.ts';
export { analyseTs, TsAnalyser, type TsIndicators, tsFaults } from './tr101290.ts';
export { PACKET_BYTES, SYNC_BYTE, TS_RATE } from './wire.ts';
