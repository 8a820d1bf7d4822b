// The head of an HTTP answer that goes to the socket as it is (RFC 9112 §4), past Node's own response object.
import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import { utf8 } from '../base/bytes.ts';
import type { HttpHeaders } from '../wire/http/exchange.ts';

/** Throws Node's TypeError for names or values that would break out of their line. */
export function writeHead(status: number, ...groups: readonly HttpHeaders[]): Uint8Array {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
  for (const headers of groups) {
    for (const [name, value] of Object.entries(headers)) {
      validateHeaderName(name);
      validateHeaderValue(name, String(value));
      head += `${name}: ${value}\r\n`;
    }
  }
  return utf8(`${head}Date: ${new Date().toUTCString()}\r\n\r\n`);
}
