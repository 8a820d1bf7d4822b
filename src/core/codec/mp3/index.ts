// MPEG audio layers I to III, which have no configuration record.
export { codecString, type Mp3Header, mp3HeaderSize, parseHeader } from './header.ts';
