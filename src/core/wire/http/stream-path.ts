// Stream names in HTTP paths: `/app/stream.ext`, the app with any number of levels.
import { defineErrors } from '../../base/errors.ts';
import type { HttpRequest } from './exchange.ts';

/** Codes with their texts and advice; docs/errors.md has all. */
export const pathErrors = defineErrors('HTTP', {
  PATH: {
    text: 'the path does not name a stream: {why}',
    advice: 'Use /app/stream with an extension; percent-encode everything but letters, digits and -_.',
  },
});

export interface StreamPath {
  readonly app: string;
  readonly stream: string;
}

/** SRS: the app of a stream that is named without one. */
const DEFAULT_APP = '__defaultApp__';

/**
 * The names in a path as received, without `extension`. Throws HTTP_PATH when the percent-encoding is damaged or hides a
 * slash, which would make two names of one path. Whether the names are allowed is the admission's question.
 */
export function parseStreamPath(path: string, extension: string): StreamPath {
  const levels = path
    .slice(0, path.length - extension.length)
    .split('/')
    .map(decodeLevel)
    .filter(Boolean);
  const stream = path.at(-extension.length - 1) === '/' ? '' : (levels.pop() ?? '');
  if (stream === '') throw pathErrors.protocol('PATH', { why: 'no stream in front of the extension' });
  return { app: levels.join('/') || DEFAULT_APP, stream };
}

function decodeLevel(level: string): string {
  if (!level.includes('%')) return level;
  let name: string;
  try {
    name = decodeURIComponent(level);
  } catch (cause) {
    throw pathErrors.protocol('PATH', { why: 'damaged percent-encoding' }, cause);
  }
  if (name.includes('/')) throw pathErrors.protocol('PATH', { why: 'an encoded slash' });
  return name;
}

/** A path of plain names as a URL says it, each level encoded. */
export const encodeLevels = (path: string): string => path.split('/').map(encodeURIComponent).join('/');

/** The virtual host that a request asks for, as SRS finds it: `vhost`, else `domain`, else the Host header's name. */
export function requestedVhost({ query, header }: Pick<HttpRequest, 'query' | 'header'>): string {
  return query.get('vhost') || query.get('domain') || knownHostName(header('host') ?? '');
}

/** The names of a server are few; what somebody may make more of them is read anew. */
const MAX_HOSTS = 100;
const hosts = new Map<string, string>();

function knownHostName(host: string): string {
  const known = hosts.get(host);
  if (known !== undefined) return known;
  const name = hostName(host);
  if (hosts.size < MAX_HOSTS && host.length < 256) hosts.set(host, name);
  return name;
}

/** A Host header without its port (RFC 9110 §7.2); IPv6 addresses lose their brackets. */
export function hostName(host: string): string {
  const bracketed = /^\[([^\]]*)\]/.exec(host);
  return bracketed?.[1] ?? host.replace(/:\d*$/, '');
}
