// One SIP message: values and bytes (RFC 3261 §7).
import { concat } from '../../base/bytes.ts';
import { sipErrors } from './errors.ts';

/** Of one head. A camera's REGISTER has about 500 bytes. */
export const MAX_HEAD_BYTES = 8 * 1024;
/** Of one body. A catalogue answer of many channels comes in pieces of a few KiB. */
export const MAX_BODY_BYTES = 64 * 1024;
const MOST_HEADERS = 64;

/** Names in lower case and in full, values without the blanks around them; in their order. */
export type SipHeaders = readonly (readonly [name: string, value: string])[];

/** What somebody wants. */
export interface SipRequest {
  readonly kind: 'request';
  readonly method: string;
  readonly uri: string;
  readonly headers: SipHeaders;
  readonly body: Uint8Array;
}

/** What became of it. */
export interface SipResponse {
  readonly kind: 'response';
  /** 100 to 699. */
  readonly status: number;
  readonly reason: string;
  readonly headers: SipHeaders;
  readonly body: Uint8Array;
}

/** Either. */
export type SipMessage = SipRequest | SipResponse;

/** The first header of a name, which is in lower case. */
export const headerOf = ({ headers }: Pick<SipMessage, 'headers'>, name: string): string | undefined =>
  headers.find(([key]) => key === name)?.[1];

/** All of a name, in their order. */
export const headersOf = ({ headers }: Pick<SipMessage, 'headers'>, name: string): string[] =>
  headers.filter(([key]) => key === name).map(([, value]) => value);

/** Short names (§7.3.3). */
const shortNames: Readonly<Record<string, string>> = {
  c: 'content-type',
  e: 'content-encoding',
  f: 'from',
  i: 'call-id',
  k: 'supported',
  l: 'content-length',
  m: 'contact',
  s: 'subject',
  t: 'to',
  v: 'via',
};

/** A whole message; views of `bytes` are kept. Without a Content-Length, all that is left is the body (§20.14). Throws SIP_MESSAGE. */
export function parseSip(bytes: Uint8Array): SipMessage {
  const end = headEnd(bytes);
  if (end < 0 || end > MAX_HEAD_BYTES) throw damaged('its head does not end');
  const [first = '', ...lines] = unfold(latin1(bytes.subarray(0, end)));
  const headers = lines.map(parseHeader);
  const said = contentLength(headers);
  const left = bytes.length - end - 4;
  if (said === undefined ? left > MAX_BODY_BYTES : said > left) throw damaged('its body is cut or too long');
  const body = bytes.subarray(end + 4, end + 4 + (said ?? left));
  const [, method, uri] = /^([A-Za-z][\w.!%*+`'~-]*) (\S+) SIP\/2\.0$/.exec(first) ?? [];
  if (method !== undefined && uri !== undefined) return { kind: 'request', method, uri, headers, body };
  const [, status, reason = ''] = /^SIP\/2\.0 ([1-6]\d\d)(?: (.*))?$/.exec(first) ?? [];
  if (status === undefined) throw damaged('its first line is none of SIP');
  return { kind: 'response', status: Number(status), reason, headers, body };
}

/** Where the empty line begins that ends the head, by its own line break; -1: not in these bytes. */
export function headEnd(bytes: Uint8Array, from = 0, to = bytes.length): number {
  for (let at = from; at + 4 <= to; at++) {
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return -1;
}

/** The number of bytes that the headers say; undefined: they say none. Throws SIP_MESSAGE when they contradict themselves. */
export function contentLength(headers: SipHeaders): number | undefined {
  const values = new Set(headersOf({ headers }, 'content-length'));
  if (values.size === 0) return undefined;
  const [value = ''] = values;
  if (values.size > 1 || !/^\d{1,7}$/.test(value)) throw damaged('its Content-Length is no number');
  return Number(value);
}

/** Lines of a head, with those that begin with a blank joined to the one before (§7.3.1). */
export function unfold(head: string): string[] {
  const lines = head.replace(/\r\n[ \t]+/g, ' ').split('\r\n');
  if (lines.length > MOST_HEADERS + 1) throw damaged('it has too many headers');
  return lines;
}

/** Throws SIP_MESSAGE. */
export function parseHeader(line: string): readonly [name: string, value: string] {
  const colon = line.indexOf(':');
  const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
  // What is handed back in an answer must not end a line there.
  if (!/^[\w.!%*+`'~-]+$/.test(name) || hasControls(line)) throw damaged('a line is no header');
  return [shortNames[name] ?? name, line.slice(colon + 1).trim()];
}

function hasControls(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if ((code < 32 && code !== 9) || code === 127) return true;
  }
  return false;
}

const damaged = (why: string) => sipErrors.protocol('MESSAGE', { why });

/** Names that are not written as their words are. */
const written: Readonly<Record<string, string>> = {
  'call-id': 'Call-ID',
  cseq: 'CSeq',
  'www-authenticate': 'WWW-Authenticate',
};

const writeName = (name: string): string =>
  written[name] ?? name.replace(/(^|-)[a-z]/g, (letter) => letter.toUpperCase());

/** The bytes of a message; its Content-Length is written here. */
export function writeSip(message: SipMessage): Uint8Array {
  const first =
    message.kind === 'request'
      ? `${message.method} ${message.uri} SIP/2.0`
      : `SIP/2.0 ${message.status} ${message.reason}`;
  const headers = message.headers.filter(([name]) => name !== 'content-length');
  const lines = [...headers, ['content-length', String(message.body.length)] as const].map(
    ([name, value]) => `${writeName(name)}: ${value}`,
  );
  return concat([fromLatin1(`${[first, ...lines].join('\r\n')}\r\n\r\n`), message.body]);
}

/** Each byte as the character of its number. */
export const latin1 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');

const fromLatin1 = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'latin1'));
