// FLV: tag bodies, which RTMP shares, and the container of files and HTTP-FLV.
export { FlvDemuxer, type FlvLimits } from './demux.ts';
export { flvErrors, type OnBad } from './errors.ts';
export { FlvMuxer, flvFormat, flvLegacyHevcFormat } from './mux.ts';
export { FlvWriter, type Patch } from './record.ts';
export { TagDecoder, type TagDecoderOptions } from './tag-decoder.ts';
export { type TagBody, TagEncoder, type TagEncoderOptions } from './tag-encoder.ts';
export { TagType } from './wire.ts';
