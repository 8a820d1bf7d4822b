// RTP packets and their header extensions.
export { rtpErrors } from './errors.ts';
export { extensionUri } from './extensions.ts';
export { FrameReader, framed } from './framing.ts';
export {
  type Element,
  type ExtensionPlace,
  extensionBytes,
  findElement,
  HEADER_BYTES,
  type HeaderFields,
  kindOf,
  parsePacket,
  putUint16,
  putUint32,
  type RtpPacket,
  uint16,
  uint32,
  writeExtension,
  writeHeader,
} from './packet.ts';
export { parseSourceText } from './values.ts';
