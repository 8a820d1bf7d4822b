// Where a stream is forwarded to.

import { isThisMachine } from '../../base/ip.ts';
import { DEFAULT_VHOST, type StreamName } from '../../media/stream-name.ts';
import { parseRtmpTarget, wordsBeside } from '../rtmp-name.ts';
import { forwardErrors } from './errors.ts';

/** `host`, `host:port`, `[v6]:port`. */
const PLACE = /^(?:\[[0-9a-f:.]+\]|[\w.-]+)(?::\d{1,5})?$/i;

/**
 * The URL at a static destination: same vhost (in tcUrl, as SRS does it), app, stream and parameters. Throws
 * FORWARD_TARGET. @param param of the publisher, with its `?`.
 */
export function destinationUrl(place: string, { vhost, app, stream }: StreamName, param: string): URL {
  if (!PLACE.test(place)) throw forwardErrors.config('TARGET', { target: place });
  const words = wordsBeside(param);
  const asked = vhost === DEFAULT_VHOST ? [] : [`vhost=${vhost}`];
  // In a URL the last slash ends the app: one in the parameters would be taken for it.
  const inApp = asked.length > 0 && !words.some((word) => word.includes('/'));
  const query = (list: readonly string[]): string => (list.length === 0 ? '' : `?${list.join('&')}`);
  const text = inApp
    ? `rtmp://${place}/${app}${query(asked)}/${stream}${query(words)}`
    : `rtmp://${place}/${app}/${stream}${query([...asked, ...words])}`;
  return targetUrl(text);
}

/** A URL that a backend gave; RTMP only, as in SRS. Throws FORWARD_TARGET. */
export function targetUrl(text: string): URL {
  const url = parseRtmpTarget(text) === undefined ? null : URL.parse(text);
  if (url === null) throw forwardErrors.config('TARGET', { target: text.slice(0, 200) });
  return url;
}

/** Whether a target is the stream itself at this server. @param ports where it listens for RTMP. */
export function isItself(url: URL, { app, stream, vhost }: StreamName, ports: readonly number[]): boolean {
  const target = parseRtmpTarget(url.href);
  if (target === undefined || !isThisMachine(target.host) || !ports.includes(target.port)) return false;
  const { name } = target;
  return name.app === app && name.stream === stream && [vhost, DEFAULT_VHOST].includes(name.vhost);
}
