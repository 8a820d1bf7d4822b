// srt:// URLs in srt-live-transmit's grammar: who calls whom, and options as query keys.
import type { Address } from '../../base/link.ts';
import { nearest } from '../../base/nearest.ts';
import { hideKeys } from '../../control/hide-secrets.ts';
import { errors } from './errors.ts';
import { optionNames, parseOptions, type SrtOptions } from './options.ts';

/** Who begins. */
export type SrtMode = 'caller' | 'listener' | 'rendezvous';

/** An `srt://` URL, read. */
export interface SrtUrl {
  readonly mode: SrtMode;
  /** The peer of a caller or a rendezvous; undefined for a listener. */
  readonly remote: Address | undefined;
  /** Where to bind; port 0: any. A rendezvous uses one port number at both ends unless `port` says another. */
  readonly local: Address;
  readonly options: SrtOptions;
}

const ANY_HOST = '0.0.0.0';
const modes: Readonly<Record<string, SrtMode>> = {
  caller: 'caller',
  client: 'caller',
  listener: 'listener',
  server: 'listener',
  rendezvous: 'rendezvous',
};

/** Keys of the address, not of the socket. */
const placeKeys = ['mode', 'adapter', 'port', 'bind'] as const;

/** Every query key of an srt:// URL, for help texts. */
export const uriKeys: readonly string[] = [...placeKeys, ...optionNames].sort();

/**
 * Mode by `mode=`, else by the host: none is a listener, one is a caller, and one with `adapter=` is a rendezvous. The
 * text is not read as a web URL: `srt://:9000` is none, and a streamid begins with `#`. Throws ConfigError SRT_URL and
 * SRT_OPTION.
 */
export function parseSrtUrl(text: string): SrtUrl {
  const match = /^srt:\/\/(\[[^\]]*\]|[^:/?#]*)(?::(\d*))?(?:\/[^?]*)?(?:\?(.*))?$/is.exec(text);
  if (match === null) return fail(text, 'srt://host:port?key=value is the form');
  const [, bracketed = '', portText = '', query = ''] = match;
  const { options, unknown } = parseOptions(queryPairs(query, text));
  const place = new Map(unknown);
  for (const key of place.keys()) checkKey(key, place.get(key) ?? '');
  const port = portNumber(portText, text);
  const host = bracketed.replace(/^\[|\]$/g, '');
  const mode = modeOf(place, host, text);
  if (portText === '' || (port === 0 && mode !== 'listener')) fail(text, 'a port is needed');
  const local = localOf(place, mode, { host, port }, text);
  if (mode === 'listener') return { mode, remote: undefined, local, options };
  if (host === '') fail(text, `a ${mode} needs a host`);
  return { mode, remote: { host, port }, local, options };
}

function modeOf(place: ReadonlyMap<string, string>, host: string, text: string): SrtMode {
  const named = place.get('mode');
  if (named === undefined || named === 'default') {
    if (host === '') return 'listener';
    return place.has('adapter') ? 'rendezvous' : 'caller';
  }
  return modes[named] ?? fail(text, `mode=${named} is none of caller, listener, rendezvous`);
}

function localOf(place: ReadonlyMap<string, string>, mode: SrtMode, named: Address, text: string): Address {
  const bind = /^(.*?)(?::(\d+))?$/.exec(place.get('bind') ?? '');
  const bound = { host: bind?.[1] ?? '', port: portNumber(bind?.[2] ?? '', text) };
  const adapter = place.get('adapter') ?? bound.host;
  const port = place.has('port') ? portNumber(place.get('port') ?? '', text) : bound.port;
  if (mode === 'listener') return { host: adapter || named.host || ANY_HOST, port: named.port };
  // Both ends of a rendezvous must know the other's port: the same one is what libsrt takes.
  return { host: adapter || ANY_HOST, port: mode === 'rendezvous' && port === 0 ? named.port : port };
}

/** Percent-encoding is decoded, a plus stays: passphrases have them. */
function queryPairs(query: string, text: string): [string, string][] {
  return query
    .split('&')
    .filter((item) => item !== '')
    .map((item) => {
      const [key = '', ...value] = item.split('=');
      return [decode(key, text), decode(value.join('='), text)];
    });
}

function decode(part: string, text: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw errors.config('URL', { url: hideKeys(text), why: 'its percent-encoding is damaged' }, error);
  }
}

function checkKey(key: string, value: string): void {
  if ((placeKeys as readonly string[]).includes(key)) return;
  const meant = nearest(key, uriKeys);
  throw errors.config('OPTION', { key, value, why: meant === undefined ? 'it is unknown' : `is ${meant} meant?` });
}

function portNumber(digits: string, text: string): number {
  const port = Number(digits);
  if (port > 0xffff) fail(text, `${digits} is no port`);
  return port;
}

function fail(url: string, why: string): never {
  throw errors.config('URL', { url: hideKeys(url), why });
}
