// WebSocket (RFC 6455) without sockets: what the net layer and the protocols use of it.
export { closeCode, webSocketErrors } from './errors.ts';
export { FrameReader, type WebSocketEvent } from './frame-reader.ts';
export { acceptValue, asksForWebSocket, hasToken } from './handshake.ts';
export { clientMessageEnvelope, messageEnvelope, opcodes, writeClose, writeFrame } from './message.ts';
