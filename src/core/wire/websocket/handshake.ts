// The opening handshake (RFC 6455 §4): pure checks and the accept value; who sends them is not known here.
import { createHash } from 'node:crypto';

/** RFC 6455 §1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Sec-WebSocket-Accept for a Sec-WebSocket-Key (RFC 6455 §4.2.2). */
export const acceptValue = (key: string): string =>
  createHash('sha1')
    .update(key + GUID)
    .digest('base64');

/** Whether a request is a correct opening handshake of version 13 (RFC 6455 §4.2.1). */
export function asksForWebSocket(method: string, header: (name: string) => string | undefined): boolean {
  return (
    method === 'GET' &&
    hasToken(header('connection'), 'upgrade') &&
    hasToken(header('upgrade'), 'websocket') &&
    header('sec-websocket-version')?.trim() === '13' &&
    // 16 bytes in base64.
    /^[A-Za-z0-9+/]{22}==$/.test(header('sec-websocket-key')?.trim() ?? '')
  );
}

/** Whether a comma-separated header value has `token`, in any case. */
export const hasToken = (value: string | undefined, token: string): boolean =>
  (value ?? '').split(',').some((part) => part.trim().toLowerCase() === token);
