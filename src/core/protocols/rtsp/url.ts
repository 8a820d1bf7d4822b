// What URLs of RTSP name: a stream of ours, a track of it, a remote server (RFC 2326 §3.2, §C.1.1).
import { DEFAULT_VHOST, type StreamName } from '../../media/stream-name.ts';
import { errors } from './errors.ts';

/** What a client wants from this server. */
export interface Target {
  /** `vhost` is what the URL says, or its host. */
  readonly name: StreamName;
  /** With its leading `?`, or empty. */
  readonly param: string;
  /** `rtsp://host/app`, as hooks are told of other protocols. */
  readonly tcUrl: string;
}

/** Behind a stream's URL: the number of the track in its description. */
const TRACK = /\/(?:trackid|streamid|stream)=(\d{1,2})\/?$/i;

/**
 * `rtsp://host:port/app/stream?params`, where a client may have put the track behind path or parameters. Undefined for what
 * names no stream.
 */
export function parseTarget(url: string): { readonly target: Target; readonly track: number | undefined } | undefined {
  const [, authority = '', rest = ''] = /^rtsps?:\/\/([^/?#]*)([^#]*)/i.exec(url) ?? [];
  if (authority === '') return undefined;
  const [, number] = TRACK.exec(rest) ?? [];
  const whole = number === undefined ? rest : rest.replace(TRACK, '');
  const question = whole.indexOf('?');
  const path = decode(question < 0 ? whole : whole.slice(0, question)).replace(/^\/+|\/+$/g, '');
  const param = question < 0 ? '' : whole.slice(question).replace(/\/+$/, '');
  const slash = path.lastIndexOf('/');
  if (slash <= 0) return undefined;
  const asked = /[?&](?:vhost|domain)=([^&/]+)/.exec(param)?.[1];
  const host = asked ?? hostOf(authority);
  const app = path.slice(0, slash);
  const name = { vhost: host || DEFAULT_VHOST, app, stream: path.slice(slash + 1) };
  const target = { name, param: param === '?' ? '' : param, tcUrl: `rtsp://${hostOf(authority)}/${app}` };
  return { target, track: number === undefined ? undefined : Number(number) };
}

function hostOf(authority: string): string {
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host.startsWith('[')) return host.slice(1, host.indexOf(']') < 0 ? undefined : host.indexOf(']'));
  return host.replace(/:.*$/, '');
}

/** Names are not percent-encoded inside; a stray `%` stays as it is. */
const decode = (path: string): string =>
  path.replace(/(%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString());

/** A remote stream. */
export interface Remote {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** For requests: without credentials. */
  readonly url: string;
  readonly user: string;
  readonly password: string;
}

/** RFC 2326 §3.2 and, for TLS, RFC 7826 §4.2. */
const PORTS = { rtsp: 554, rtsps: 322 } as const;

/** The parts of `rtsp://[user:password@]host[:port]/path?query`. Errors: RTSP_URL. */
export function parseRemote(url: URL): Remote {
  const secure = url.protocol === 'rtsps:';
  const port = url.port === '' ? PORTS[secure ? 'rtsps' : 'rtsp'] : Number(url.port);
  if (url.hostname === '') throw errors.config('URL', { url: url.href.slice(0, 200), why: 'it has no host' });
  const authority = url.port === '' ? url.hostname : `${url.hostname}:${url.port}`;
  return {
    secure,
    port,
    host: url.hostname.replace(/^\[|\]$/g, ''),
    url: `${url.protocol}//${authority}${url.pathname}${url.search}`,
    user: decode(url.username),
    password: decode(url.password),
  };
}

/**
 * The URL of a track or of all (RFC 2326 §C.1.1). A relative one is appended to the base, as all clients do and cameras expect,
 * not resolved as RFC 3986 would: the last level of a base without a slash is the stream, not a file beside the track.
 */
export function controlUrl(base: string, control: string): string {
  if (control === '' || control === '*') return base;
  if (/^rtsps?:\/\//i.test(control)) return control;
  return `${base.replace(/\/+$/, '')}/${control.replace(/^\/+/, '')}`;
}
