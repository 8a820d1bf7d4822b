// What is written in headers: URIs, addresses, ways back, numbers (RFC 3261 §19.1, §20).
import { sipErrors } from './errors.ts';
import { headerOf, type SipMessage } from './message.ts';

/** `sip:user@host:port`; parameters are left out. */
export interface SipUri {
  /** Empty when there is none. */
  readonly user: string;
  /** A name or an address; IPv6 with its brackets. */
  readonly host: string;
  readonly port: number | undefined;
}

/** From, To, Contact (§20.10). */
export interface SipAddress {
  readonly uri: SipUri;
  /** Parameters behind the URI, names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

/** §20.42. */
export interface SipVia {
  /** In upper case. */
  readonly transport: string;
  readonly host: string;
  readonly port: number | undefined;
  readonly parameters: ReadonlyMap<string, string>;
}

/** §20.16. */
export interface SipCSeq {
  readonly number: number;
  readonly method: string;
}

const uriForm =
  /^sips?:(?:([^@;?:<>\s]{1,128})(?::[^@<>\s]*)?@)?(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,255})(?::(\d{1,5}))?(?:[;?].*)?$/i;
const viaForm =
  /^SIP\s*\/\s*2\.0\s*\/\s*([a-z]{2,8})\s+(\[[0-9a-f:.]{2,45}\]|[a-z0-9._-]{1,255})(?:\s*:\s*(\d{1,5}))?\s*(?:;(.*))?$/i;

/** Undefined for what is none of SIP. */
export function parseUri(text: string): SipUri | undefined {
  const [, user = '', host, port] = uriForm.exec(text.trim()) ?? [];
  if (host === undefined) return undefined;
  return { user, host, port: port === undefined ? undefined : Number(port) };
}

/** With a name and brackets, or the URI alone, whose parameters then are those of the header (§20.10). */
export function parseAddress(text: string): SipAddress | undefined {
  const open = text.lastIndexOf('<');
  const close = text.indexOf('>', open);
  const semicolon = text.indexOf(';');
  const bare = semicolon < 0 ? text.length : semicolon;
  const [from, to, rest] = open < 0 ? [0, bare, bare] : [open + 1, close, close + 1];
  const uri = to < 0 ? undefined : parseUri(text.slice(from, to));
  return uri && { uri, parameters: parseParameters(text.slice(rest)) };
}

/** The first of a list is the nearest. */
export function parseVia(text: string): SipVia | undefined {
  const [first = ''] = text.split(',');
  const [, transport, host, port, rest = ''] = viaForm.exec(first.trim()) ?? [];
  if (transport === undefined || host === undefined) return undefined;
  const parameters = parseParameters(`;${rest}`);
  return { transport: transport.toUpperCase(), host, port: port === undefined ? undefined : Number(port), parameters };
}

/** `;a=b;c`; quotes are left as they are. */
function parseParameters(text: string): ReadonlyMap<string, string> {
  const parameters = new Map<string, string>();
  for (const part of text.split(';').slice(1)) {
    const [name = '', ...value] = part.split('=');
    if (name.trim() !== '') parameters.set(name.trim().toLowerCase(), value.join('=').trim());
  }
  return parameters;
}

/** Of a From, To or Contact that must be there. Throws SIP_HEADER. */
export function addressOf(message: SipMessage, name: 'from' | 'to' | 'contact'): SipAddress {
  const found = parseAddress(headerOf(message, name) ?? '');
  if (found === undefined) throw sipErrors.protocol('HEADER', { name });
  return found;
}

/** The nearest Via. Throws SIP_HEADER. */
export function viaOf(message: SipMessage): SipVia {
  const found = parseVia(headerOf(message, 'via') ?? '');
  if (found === undefined) throw sipErrors.protocol('HEADER', { name: 'via' });
  return found;
}

/** Throws SIP_HEADER; also when it is that of another method than the request's (§8.1.1.5). */
export function cseqOf(message: SipMessage): SipCSeq {
  const [, number, method = ''] = /^(\d{1,10})\s+([A-Z]{1,32})$/.exec(headerOf(message, 'cseq') ?? '') ?? [];
  const fits = message.kind === 'response' || message.method === method;
  if (number === undefined || !fits) throw sipErrors.protocol('HEADER', { name: 'cseq' });
  return { number: Number(number), method };
}

/** Throws SIP_HEADER. */
export function callIdOf(message: SipMessage): string {
  const id = headerOf(message, 'call-id') ?? '';
  if (id === '' || id.length > 256) throw sipErrors.protocol('HEADER', { name: 'call-id' });
  return id;
}
