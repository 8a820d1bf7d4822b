// The door of the SRT folder: what the server, pull and push are built on.

export type { SrtConfig } from './config.ts';
export { type ConnectionEvents, type ConnectionState, SrtConnection } from './connection.ts';
export { errors } from './errors.ts';
export type { SrtRequest } from './listener.ts';
export { type MultiplexerSetup, SrtMultiplexer } from './multiplexer.ts';
export type { Terms } from './negotiation.ts';
export { checkOptions, defaultOptions, optionNames, parseOptions, type SrtOptions } from './options.ts';
export { srt } from './protocol.ts';
export { Reject, rejectName } from './reject.ts';
export { type Statistics, toTransmitJson } from './statistics.ts';
export { parseStreamId, type StreamTarget } from './stream-id.ts';
export { parseSrtUrl, type SrtMode, type SrtUrl, uriKeys } from './url.ts';
