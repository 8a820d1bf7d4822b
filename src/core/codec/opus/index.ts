// Opus (RFC 6716) and its headers.
export {
  type ChannelMapping,
  makeHead,
  type OpusHead,
  opusSampleRate,
  parseDops,
  parseHead,
  writeDops,
  writeHead,
} from './head.ts';
export { type OpusPacket, parsePacket } from './packet.ts';
