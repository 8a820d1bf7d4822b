// In which vhosts a stream or file that an HTTP request names may be.
import { DEFAULT_VHOST } from '../media/stream-name.ts';
import type { HttpRequest } from '../wire/http/exchange.ts';
import { requestedVhost } from '../wire/http/stream-path.ts';
import type { Settings } from './config/settings.ts';

/**
 * The vhost that it asks for, the one that serves that name, that of its session, and the default one, in this order,
 * each once.
 *
 * @param session the vhost of the session that it names: URIs in playlists do not repeat `?vhost=`.
 */
export function vhostsOf(
  request: Pick<HttpRequest, 'query' | 'header'>,
  settings: Pick<Settings, 'find'>,
  session?: string,
): readonly string[] {
  const asked = requestedVhost(request);
  const serving = settings.find(asked)?.name ?? asked;
  // Nearly always these are two: a list that grows would be a hundred bytes of garbage for each request.
  const plain = (serving === asked || serving === DEFAULT_VHOST) && (session ?? serving) === serving;
  if (plain) return asked === DEFAULT_VHOST ? [asked] : [asked, DEFAULT_VHOST];
  return [...new Set([asked, serving, session ?? serving, DEFAULT_VHOST])];
}
