// What is typed as the URL of a WebRTC server: WHIP and WHEP as they are, and SRS's `webrtc://host/app/stream`.
import { rtcErrors } from './errors.ts';

/** SRS: the port of its API. */
const API_PORT = '1985';
const secure = new Set(['whips:', 'wheps:']);

/**
 * The HTTP endpoint. `whip://host/path` is `http://host/path`, `whips://` is HTTPS, and what has no path of an endpoint but names
 * an app and a stream, as `webrtc://` does, is SRS's. Throws RTC_URL.
 */
export function endpointOf(url: URL, action: 'publish' | 'play'): URL {
  const scheme = secure.has(url.protocol) ? 'https' : 'http';
  const isSrs = url.protocol === 'webrtc:';
  const wanted = action === 'publish' ? 'whip' : 'whep';
  if (!isSrs && !url.protocol.startsWith(wanted)) throw rtcErrors.config('URL', { url: url.href, wanted, action });
  const credentials = url.username === '' && url.password === '' ? '' : `${url.username}:${url.password}@`;
  if (!isSrs) return new URL(`${scheme}://${credentials}${url.host}${url.pathname}${url.search}`);
  const [, app, stream] = /^\/(.+)\/([^/]+)$/.exec(url.pathname) ?? [];
  if (app === undefined || stream === undefined) throw rtcErrors.config('URL', { url: url.href, wanted, action });
  const endpoint = new URL(`http://${credentials}${url.host}/rtc/v1/${wanted}/${url.search}`);
  if (url.port === '') endpoint.port = API_PORT;
  endpoint.searchParams.set('app', decodeURIComponent(app));
  endpoint.searchParams.set('stream', decodeURIComponent(stream));
  return endpoint;
}
