// FLV as three wires: plain, in HTTP chunks, in WebSocket messages. Each is one feed, framed once for all its players.
import { flvFormat } from '../../format/flv/index.ts';
import type { Format } from '../../media/muxer.ts';
import { chunkEnvelope } from '../../wire/http/chunk.ts';
import { messageEnvelope } from '../../wire/websocket/index.ts';

const make = (): ReturnType<Format['make']> => flvFormat.make();

export const plainFlv: Format = { key: 'flv', make };
export const chunkedFlv: Format = { key: 'flv+chunked', make, envelope: chunkEnvelope };
export const webSocketFlv: Format = { key: 'flv+ws', make, envelope: messageEnvelope };
