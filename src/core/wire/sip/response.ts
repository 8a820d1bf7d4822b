// The answer to a request (RFC 3261 §8.2.6).
import type { Peer } from '../../base/link.ts';
import { headerOf, headersOf, type SipHeaders, type SipRequest, type SipResponse } from './message.ts';
import { parseAddress, parseVia } from './values.ts';

/** Reasons of the answers that are given here. */
const reasons: Readonly<Record<number, string>> = {
  200: 'OK',
  400: 'Bad Request',
  403: 'Forbidden',
  481: 'Call/Transaction Does Not Exist',
  503: 'Service Unavailable',
};

/** What an answer says beyond its request. */
export interface ResponseOptions {
  readonly status: number;
  /** Where the request came from. */
  readonly peer: Peer;
  /** Of the To header, unless it has one. */
  readonly tag: string;
  readonly more?: SipHeaders;
}

/** Via, From, To, Call-ID and CSeq are those of the request. */
export function respond(request: SipRequest, { status, peer, tag, more = [] }: ResponseOptions): SipResponse {
  const [first, ...vias] = headersOf(request, 'via');
  const to = headerOf(request, 'to') ?? '';
  const tagged = parseAddress(to)?.parameters.has('tag') === true;
  const headers: [string, string][] = [
    ...(first === undefined ? [] : [['via', returnVia(first, peer)] as [string, string]]),
    ...vias.map((via): [string, string] => ['via', via]),
    ['from', headerOf(request, 'from') ?? ''],
    ['to', tagged ? to : `${to};tag=${tag}`],
    ['call-id', headerOf(request, 'call-id') ?? ''],
    ['cseq', headerOf(request, 'cseq') ?? ''],
  ];
  const reason = reasons[status] ?? '';
  return { kind: 'response', status, reason, headers: [...headers, ...more], body: new Uint8Array(0) };
}

/** Where the request really came from, for who asks to know (RFC 3581 §4); everybody else gets the header as it was. */
function returnVia(text: string, { host, port }: Peer): string {
  const via = text.includes(',') ? undefined : parseVia(text);
  if (via?.parameters.get('rport') !== '') return text;
  return `${text.replace(/;\s*rport(?=\s*(;|,|$))/i, `;rport=${port}`)};received=${host}`;
}
