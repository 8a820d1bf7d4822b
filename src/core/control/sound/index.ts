// Sound in another codec, for players that cannot play what was published.
export type { BridgeOptions } from './bridge.ts';
export { ffmpegTranscoders, SoundBridges, type SoundLease } from './bridges.ts';
export type { FfmpegOptions } from './ffmpeg.ts';
export type { SoundCodec, SoundTranscoder, TranscoderEvents, Transcoders } from './transcoder.ts';
