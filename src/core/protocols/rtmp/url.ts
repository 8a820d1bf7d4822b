// Names of streams in RTMP: out of tcUrl and stream name on the server's side, out of an rtmp:// URL on the client's.
//
// Encoders put virtual host and tokens wherever their two text fields allow it: behind the application, behind the
// stream, as `app...vhost...v`, with `#` for `?`. All of them are read as SRS reads them.
import type { StreamName } from '../../media/stream-name.ts';
import { errors } from './errors.ts';

export interface Target {
  /** `vhost` is the one asked for by parameter, or the host of tcUrl. */
  readonly name: StreamName;
  /** Stream name as the client wrote it, without parameters. */
  readonly shownName: string;
  /** Parameters of application and stream with a leading `?`, or empty. */
  readonly param: string;
}

/** Extensions that players add to a stream's name; any other dot belongs to the name. */
const EXTENSION = /\.(flv|f4v|mp4|ts|aac|mp3|m3u8|mpd|sdp)$/i;
/** Flash's way to name the container of a recorded stream. */
const PREFIX = /^(mp4|flv|f4v|mp3|aac|raw):/i;
const INSTANCE = /\/_definst_$/;

/** What a client wants. @param streamName as in publish and play, with its parameters. */
export function parseTarget(tcUrl: string, streamName: string): Target {
  const { host, path, query: appQuery } = splitUrl(tcUrl);
  const { path: rawStream, query: streamQuery } = splitQuery(withDots(streamName));
  let app = trim(path).replace(INSTANCE, '');
  let shownName = trim(rawStream).replace(PREFIX, '');
  // Some encoders have one field only and put the application into the stream's name, or the stream into tcUrl.
  if (shownName === '' && streamQuery === '' && app.includes('/')) {
    shownName = app.slice(app.lastIndexOf('/') + 1);
    app = app.slice(0, app.lastIndexOf('/'));
  }
  if (app === '') app = '__defaultApp__';
  const query = [appQuery, streamQuery].filter((part) => part !== '').join('&');
  const vhost = trim(parameter(query, 'vhost') ?? parameter(query, 'domain') ?? host).replaceAll('/', '');
  return {
    name: { vhost, app, stream: shownName.replace(EXTENSION, '') },
    shownName,
    param: query === '' ? '' : `?${query}`,
  };
}

/** The parts of tcUrl; `query` without `?`. A port is of no interest: it is the one we listen on. */
function splitUrl(tcUrl: string): { readonly host: string; readonly path: string; readonly query: string } {
  const { path: plain, query } = splitQuery(withDots(tcUrl.trim()));
  const afterScheme = plain.indexOf('://');
  const rest = afterScheme < 0 ? plain : plain.slice(afterScheme + 3);
  const slash = rest.indexOf('/');
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  return { host: hostOf(authority), path: slash < 0 ? '' : rest.slice(slash + 1), query };
}

function hostOf(authority: string): string {
  const host = authority.slice(authority.lastIndexOf('@') + 1);
  if (host.startsWith('[')) return host.slice(1, host.indexOf(']') < 0 ? undefined : host.indexOf(']'));
  const colon = host.indexOf(':');
  return colon < 0 ? host : host.slice(0, colon);
}

/** `app...vhost...v` is what encoders write that do not allow `?` and `=`. */
function withDots(text: string): string {
  return text.replace(/\.\.\.(vhost|domain)\.\.\./, text.includes('?') ? '&$1=' : '?$1=');
}

/** Splits at the first `?` or `#`; further ones are separators too, as `a#b` is used for `a?b`. */
function splitQuery(text: string): { readonly path: string; readonly query: string } {
  const at = text.search(/[?#]/);
  if (at < 0) return { path: text, query: '' };
  return {
    path: text.slice(0, at),
    query: text
      .slice(at + 1)
      .replace(/[?#]/g, '&')
      .replace(/&+/g, '&'),
  };
}

/** Blanks anywhere, and slashes at both ends, are typing errors of operators. */
const trim = (text: string): string => text.replace(/[ \t\r\n]/g, '').replace(/^\/+|\/+$/g, '');

function parameter(query: string, key: string): string | undefined {
  const found = query.split('&').find((part) => part.startsWith(`${key}=`) && part.length > key.length + 1);
  // A vhost that some client put before a path: `?vhost=v/stream`.
  return found?.slice(key.length + 1).split('/')[0];
}

/** A remote stream. */
export interface Remote {
  readonly secure: boolean;
  readonly host: string;
  readonly port: number;
  /** What connect says. */
  readonly tcUrl: string;
  readonly app: string;
  /** What publish and play say: stream with its parameters. */
  readonly stream: string;
}

const PORTS = { rtmp: 1935, rtmps: 443 } as const;

/** The parts of `rtmp://host[:port]/app/stream?params`. Errors: RTMP_URL. */
export function parseRemote(url: URL): Remote {
  const secure = url.protocol === 'rtmps:';
  const port = url.port === '' ? PORTS[secure ? 'rtmps' : 'rtmp'] : Number(url.port);
  const { app, stream } = splitPath(decode(url.pathname), url.search + url.hash);
  if (url.hostname === '' || app === '' || stream === '') throw errors.config('URL', { url: url.href });
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const authority = url.port === '' ? url.hostname : `${url.hostname}:${url.port}`;
  return { secure, host, port, tcUrl: `${secure ? 'rtmps' : 'rtmp'}://${authority}/${app}`, app, stream };
}

/** Everything before the last slash is the application; `app?vhost=v/stream` keeps its parameters there. */
function splitPath(path: string, search: string): { readonly app: string; readonly stream: string } {
  const levels = path.replace(/^\/+|\/+$/g, '');
  const slash = levels.lastIndexOf('/');
  if (slash >= 0) return { app: levels.slice(0, slash), stream: levels.slice(slash + 1) + search };
  const inSearch = search.lastIndexOf('/');
  if (inSearch < 0) return { app: levels, stream: '' };
  return { app: levels + search.slice(0, inSearch), stream: search.slice(inSearch + 1) };
}

/** RTMP names are not percent-encoded, URLs are; a stray `%` stays as it is. */
function decode(path: string): string {
  return path.replace(/(%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString());
}
