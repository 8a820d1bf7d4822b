// Names of streams in RTMP URLs of a configuration: outputs of transcoders and casters, targets of a forward.
import { isThisMachine } from '../base/ip.ts';
import { DEFAULT_VHOST, type StreamName } from '../media/stream-name.ts';

/** The parts of an RTMP URL. */
export interface RtmpTarget {
  readonly host: string;
  readonly port: number;
  /** `vhost` is the parameter of that name, else the host; the default vhost for an address of this machine. */
  readonly name: StreamName;
  /** Parameters with a leading `?`, without the vhost; empty when there are none. */
  readonly param: string;
}

/** RTMP 1.0: the port of the scheme. */
const RTMP_PORT = 1935;

/**
 * `rtmp://host[:port]/app[?vhost=v]/stream[?vhost=v&token=t]`; everything between host and last slash is the app, as SRS
 * reads it. Undefined for anything else.
 */
export function parseRtmpTarget(text: string): RtmpTarget | undefined {
  const [, authority = '', rest = ''] = /^rtmps?:\/\/([^/\s]+)\/(\S+)$/i.exec(text) ?? [];
  const [, bracketed, plain = '', port] = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/i.exec(authority) ?? [];
  const host = bracketed ?? plain;
  const slash = rest.lastIndexOf('/');
  if (host === '' || slash <= 0) return undefined;
  const [app, appQuery] = splitQuery(rest.slice(0, slash));
  const [stream, streamQuery] = splitQuery(rest.slice(slash + 1));
  if (app === '' || stream === '') return undefined;
  const query = [appQuery, streamQuery].filter((part) => part !== '').join('&');
  const words = query.split('&').filter((word) => word !== '');
  const vhost = words.find((word) => /^(vhost|domain)=./.test(word))?.replace(/^\w+=/, '');
  const others = wordsBeside(query);
  return {
    host,
    port: port === undefined ? RTMP_PORT : Number(port),
    name: { vhost: vhost ?? (isThisMachine(host) ? DEFAULT_VHOST : host), app, stream },
    param: others.length === 0 ? '' : `?${others.join('&')}`,
  };
}

/** The words of a query, with or without its `?`, but those that say which stream it is; `own` finds these. */
export const wordsBeside = (param: string, own = /^(vhost|domain)=/): string[] =>
  param
    .replace(/^\?/, '')
    .split('&')
    .filter((word) => word !== '' && !own.test(word));

/** Where a program of this machine finds a stream of this server (SRS: the input of a transcoder). */
export function localUrl({ vhost, app, stream }: StreamName, port: number): string {
  const asked = vhost === DEFAULT_VHOST ? '' : `?vhost=${vhost}`;
  return `rtmp://127.0.0.1:${port}/${app}${asked}/${stream}`;
}

function splitQuery(text: string): readonly [path: string, query: string] {
  const at = text.indexOf('?');
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1).replaceAll('?', '&')];
}
