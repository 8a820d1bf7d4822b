// What a user typed as source or target, as a protocol and a URL.
import { nearest } from '../base/nearest.ts';
import { hideKeys } from '../control/hide-secrets.ts';
import { type Protocol, protocolFor } from '../control/host.ts';
import { fileUrl, STDIO } from '../protocols/file/index.ts';
import { endpointErrors } from './errors.ts';

export interface Endpoint {
  readonly protocol: Protocol;
  readonly url: URL;
}

/** At least two letters, so that the drive letters of Windows are paths. */
const SCHEME = /^([a-z][a-z0-9+.-]+):/i;

/**
 * `rtmp://…`, `https://….flv`, `ws://…`, `file:…`, a path, or `-`. Throws ConfigError: ENDPOINT_EMPTY, ENDPOINT_SCHEME
 * with the nearest known one, ENDPOINT_URL, ENDPOINT_KIND.
 */
export function resolveEndpoint(text: string, protocols: readonly Protocol[]): Endpoint {
  if (text === '') throw endpointErrors.config('EMPTY');
  const scheme = schemeOf(text);
  const own = protocols.find((protocol) => scheme !== undefined && protocol.schemes.includes(scheme))?.url;
  const url = scheme === undefined ? fileUrl(text) : (own?.(text) ?? parseUrl(text));
  const wanted = url.protocol.slice(0, -1);
  const protocol = protocolFor(url, protocols);
  if (protocol === undefined) {
    const known = protocols.some(({ schemes }) => schemes.includes(wanted));
    throw known
      ? endpointErrors.config('KIND', { text: hideKeys(text), scheme: wanted })
      : unknownScheme(wanted, protocols);
  }
  return { protocol, url };
}

/** The endpoint if it can be read; throws ENDPOINT_PULL. */
export function resolveSource(text: string, protocols: readonly Protocol[]): Source {
  const { protocol, url } = resolveEndpoint(text, protocols);
  const pull = protocol.pull?.bind(protocol);
  if (pull === undefined) {
    const known = protocols.filter((other) => other.pull !== undefined).map((other) => other.name);
    throw endpointErrors.config('PULL', { protocol: protocol.name, known: known.join(', ') });
  }
  return { text, shown: hideKeys(text), file: isFile(url), protocol: protocol.name, url, pull };
}

/** The endpoint if it can be published or written to; throws ENDPOINT_PUSH. */
export function resolveTarget(text: string, protocols: readonly Protocol[]): Target {
  const { protocol, url } = resolveEndpoint(text, protocols);
  const push = protocol.push?.bind(protocol);
  if (push === undefined) {
    const known = protocols.filter((other) => other.push !== undefined).map((other) => other.name);
    throw endpointErrors.config('PUSH', { protocol: protocol.name, known: known.join(', ') });
  }
  return { text, shown: hideKeys(text), file: isFile(url), protocol: protocol.name, url, push };
}

interface Resolved {
  readonly text: string;
  /** The text for reports, errors and logs: without its keys. */
  readonly shown: string;
  /** A file or standard input or output: it can wait, and nobody dials. */
  readonly file: boolean;
  readonly protocol: string;
  readonly url: URL;
}

export interface Source extends Resolved {
  readonly pull: NonNullable<Protocol['pull']>;
}

export interface Target extends Resolved {
  readonly push: NonNullable<Protocol['push']>;
}

const isFile = (url: URL): boolean => url.protocol === 'file:';

/** A colon may be part of a file name: without `//` only `file:` and what has no dot or slash before it is a scheme. */
function schemeOf(text: string): string | undefined {
  if (text === STDIO) return undefined;
  const scheme = SCHEME.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined) return undefined;
  return text.startsWith('//', scheme.length + 1) || scheme === 'file' ? scheme : undefined;
}

function parseUrl(text: string): URL {
  try {
    return new URL(text);
  } catch (error) {
    throw endpointErrors.config('URL', { text: hideKeys(text) }, error);
  }
}

function unknownScheme(scheme: string, protocols: readonly Protocol[]): Error {
  const schemes = protocols.flatMap((protocol) => protocol.schemes);
  const guess = nearest(scheme, schemes);
  return endpointErrors.config('SCHEME', {
    scheme,
    known: schemes.join(', '),
    nearest: guess === undefined ? '' : ` Did you mean ${guess}?`,
  });
}
