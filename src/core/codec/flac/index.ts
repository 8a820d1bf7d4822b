// FLAC (RFC 9639).
export { parseStreamInfo, type StreamInfo, streamInfoOf, streamInfoSize } from './stream-info.ts';
