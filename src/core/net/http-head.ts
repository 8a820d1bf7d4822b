// The head of an HTTP answer that goes to the socket as it is (RFC 9112 §4), past Node's own response object.
import { STATUS_CODES, validateHeaderName, validateHeaderValue } from 'node:http';
import { utf8 } from '../base/bytes.ts';
import type { HttpHeaders } from '../wire/http/exchange.ts';

/** Throws Node's TypeError for names or values that would break out of their line. */
export function writeHead(status: number, ...groups: readonly HttpHeaders[]): Uint8Array {
  return utf8(headText(status, groups));
}

/** A head as text and as bytes, for answers that have a text or bytes behind it. */
export interface Head {
  readonly text: string;
  readonly bytes: Uint8Array;
}

interface KeptHead extends Head {
  readonly status: number;
  readonly length: number | undefined;
  readonly last: HttpHeaders;
  readonly date: string;
}

/** The newest head of each object that cannot change: a part that 500 players wait for has one head. */
const kept = new WeakMap<HttpHeaders, KeptHead>();

/**
 * As `writeHead`, but made once a second for headers that are frozen.
 *
 * @param length of the body; undefined: none is said.
 * @param last goes behind them; a constant of the caller.
 */
export function sharedHead(status: number, headers: HttpHeaders, length: number | undefined, last: HttpHeaders): Head {
  const before = kept.get(headers);
  const date = dateNow();
  if (before?.status === status && before.length === length && before.last === last && before.date === date) {
    return before;
  }
  const text = headText(status, [headers, length === undefined ? {} : { 'Content-Length': length }, last]);
  let bytes: Uint8Array | undefined;
  const head = {
    ...{ status, length, last, date, text },
    get bytes() {
      return (bytes ??= utf8(text));
    },
  };
  if (Object.isFrozen(headers)) kept.set(headers, head);
  return head;
}

function headText(status: number, groups: readonly HttpHeaders[]): string {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'Unknown'}\r\n`;
  for (const headers of groups) {
    for (const [name, value] of Object.entries(headers)) {
      validateHeaderName(name);
      for (const one of Array.isArray(value) ? value : [value]) {
        validateHeaderValue(name, String(one));
        head += `${name}: ${one}\r\n`;
      }
    }
  }
  return `${head}Date: ${dateNow()}\r\n\r\n`;
}

let dateSecond = -1;
let dateText = '';

/** It changes once a second (RFC 9110 §5.6.7). */
function dateNow(): string {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(now).toUTCString();
  }
  return dateText;
}
