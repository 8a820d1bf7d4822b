// AAC in ADTS.
export { AdtsDemuxer } from './demux.ts';
export { AdtsMuxer, adtsFormat } from './mux.ts';
