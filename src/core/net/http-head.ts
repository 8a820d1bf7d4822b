// The head of an HTTP answer that goes to the socket as it is (RFC 9112 §4), past Node's own response object.
import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import { utf8 } from '../base/bytes.ts';
import type { HttpHeaders } from '../wire/http/exchange.ts';

/** Throws Node's TypeError for names or values that would break out of their line. */
export function writeHead(status: number, ...groups: readonly HttpHeaders[]): Uint8Array {
  return utf8(statusLine(status) + fieldLines(groups) + dateLine());
}

/** The lines around Content-Length, and the newest head that was made of them. */
interface KeptHead {
  readonly status: number;
  readonly last: HttpHeaders;
  readonly date: string;
  readonly before: string;
  readonly after: string;
  length: number | undefined;
  head: Uint8Array;
}

/** The newest head of each object that cannot change: a part that 500 players wait for has one head. */
const kept = new WeakMap<HttpHeaders, KeptHead>();

/**
 * As `writeHead`, but made once a second for headers that are frozen.
 *
 * @param length of the body; undefined: none is said.
 * @param last goes behind them; a constant of the caller.
 */
export function sharedHead(
  status: number,
  headers: HttpHeaders,
  length: number | undefined,
  last: HttpHeaders,
): Uint8Array {
  const date = dateLine();
  const known = kept.get(headers);
  if (known?.status === status && known.last === last && known.date === date) {
    if (known.length !== length) {
      known.length = length;
      known.head = headOf(known.before, length, known.after);
    }
    return known.head;
  }
  const before = statusLine(status) + fieldLines([headers]);
  const after = fieldLines([last]) + date;
  const head = headOf(before, length, after);
  if (Object.isFrozen(headers)) kept.set(headers, { status, last, date, before, after, length, head });
  return head;
}

const headOf = (before: string, length: number | undefined, after: string): Uint8Array =>
  Buffer.from(before + (length === undefined ? '' : `Content-Length: ${length}\r\n`) + after);

const statusLine = (status: number): string => `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;

function fieldLines(groups: readonly HttpHeaders[]): string {
  let lines = '';
  for (const headers of groups) {
    for (const [name, value] of Object.entries(headers)) {
      validateHeaderName(name);
      for (const one of Array.isArray(value) ? value : [value]) {
        validateHeaderValue(name, String(one));
        lines += `${name}: ${one}\r\n`;
      }
    }
  }
  return lines;
}

let dateSecond = -1;
let dateText = '';

/** It changes once a second (RFC 9110 §5.6.7). The last line of a head, with the empty one. */
function dateLine(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = `Date: ${new Date(now).toUTCString()}\r\n\r\n`;
  }
  return dateText;
}
