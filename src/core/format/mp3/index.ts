// Raw MP3 streams.
export { Mp3Demuxer, tagSize } from './demux.ts';
export { Mp3Muxer, mp3Format } from './mux.ts';
