// The streamid as SRS reads it: `#!::r=app/stream,m=publish`, its older forms, and the bare `app/stream`.
import { errors } from './errors.ts';

/** What a caller wants. Names are as written: the admission checks them. */
export interface StreamTarget {
  readonly action: 'publish' | 'play';
  /** Empty: not named. */
  readonly vhost: string;
  readonly app: string;
  readonly stream: string;
  /** The other keys in alphabetical order as `?k=v&l=w`, with `vhost=` when one was named; or empty. */
  readonly param: string;
}

/** SRS's `srt_server.default_app`, `default_mode` and `default_streamid`. */
export interface StreamIdDefaults {
  readonly app: string;
  /** Of a streamid without the prefix. */
  readonly mode: 'publish' | 'request';
  /** Stands for an empty one. */
  readonly streamid: string;
}

const PREFIX = '#!::';

/**
 * | streamid                               | means                                  |
 * | -------------------------------------- | -------------------------------------- |
 * | `#!::r=live/a,m=publish`               | publish live/a; without `m`: play      |
 * | `#!::h=example.com,r=live/a`           | the same in a vhost                    |
 * | `#!::h=live/a`, `#!::h=example.com/live/a` | older: the path is in `h`          |
 * | `live/a?k=v`, `a`                      | by the defaults: play live/a           |
 *
 * Keys are separated by `,`, `&`, `;` or `?`. Unlike SRS a value may hold `=`, and a key without a value is just that.
 * Throws SRT_STREAM_ID.
 */
export function parseStreamId(streamid: string, defaults: StreamIdDefaults): StreamTarget {
  const text = streamid === '' ? defaults.streamid : streamid;
  return text.startsWith(PREFIX) ? parseKeys(text, defaults) : parseBare(text, defaults);
}

function parseKeys(text: string, { app }: StreamIdDefaults): StreamTarget {
  const keys = pairs(text.slice(PREFIX.length));
  const mode = (keys.get('m') ?? 'request').toLowerCase();
  if (mode !== 'publish' && mode !== 'request') fail(text, `m=${mode} is neither publish nor request`);
  const { vhost, path } = place(keys.get('h') ?? '', keys.get('r'));
  for (const known of ['m', 'h', 'r']) keys.delete(known);
  return { action: actionOf(mode), vhost, ...split(path, app, text), param: paramOf(keys, vhost) };
}

/** Where `h` is a host, and where it holds the path. */
function place(host: string, resource: string | undefined): { readonly vhost: string; readonly path: string } {
  const levels = host.split('/').filter((level) => level !== '');
  if (resource !== undefined) return { vhost: levels.length === 2 ? '' : (levels[0] ?? ''), path: resource };
  if (levels.length < 2) return { vhost: levels[0] ?? '', path: '' };
  return levels.length === 2
    ? { vhost: '', path: levels.join('/') }
    : { vhost: levels[0] ?? '', path: levels.slice(1).join('/') };
}

function parseBare(text: string, { app, mode }: StreamIdDefaults): StreamTarget {
  if (text.startsWith('#!')) fail(text, 'only the form #!:: is known');
  const [path = '', ...query] = text.split('?');
  const keys = pairs(query.join('&'));
  const vhost = keys.get('vhost') ?? '';
  return { action: actionOf(mode), vhost, ...split(path, app, text), param: paramOf(keys, vhost) };
}

const actionOf = (mode: 'publish' | 'request') => (mode === 'publish' ? 'publish' : 'play');

/** The first slash ends the app, as in SRS. */
function split(path: string, defaultApp: string, text: string): { readonly app: string; readonly stream: string } {
  const trimmed = path.replace(/^\/+|\/+$/g, '');
  if (trimmed === '') fail(text, 'it names no stream');
  const slash = trimmed.indexOf('/');
  return slash < 0
    ? { app: defaultApp, stream: trimmed }
    : { app: trimmed.slice(0, slash), stream: trimmed.slice(slash + 1) };
}

function pairs(text: string): Map<string, string> {
  const keys = new Map<string, string>();
  for (const item of text.split(/[,&;?]+/)) {
    const equals = item.indexOf('=');
    const key = equals < 0 ? item : item.slice(0, equals);
    if (key !== '') keys.set(key, equals < 0 ? '' : item.slice(equals + 1));
  }
  return keys;
}

function paramOf(keys: Map<string, string>, vhost: string): string {
  if (vhost !== '') keys.set('vhost', vhost);
  const sorted = [...keys].sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.length === 0 ? '' : `?${sorted.map(([key, value]) => `${key}=${value}`).join('&')}`;
}

function fail(streamid: string, why: string): never {
  throw errors.refused('STREAM_ID', { streamid, why });
}
