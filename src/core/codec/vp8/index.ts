// VP8 (RFC 6386), which has no configuration record.
export { isKeyFrame, parseHeader, type Vp8Header } from './header.ts';
