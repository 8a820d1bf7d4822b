// In which vhosts a stream or file that an HTTP request names may be.
import { DEFAULT_VHOST } from '../media/stream-name.ts';
import type { HttpRequest } from '../wire/http/exchange.ts';
import { requestedVhost } from '../wire/http/stream-path.ts';
import type { Settings } from './config/settings.ts';

/**
 * The vhost that it asks for, the one that serves that name, that of its session, and the default one, in this order.
 *
 * @param session the vhost of the session that it names: URIs in playlists do not repeat `?vhost=`.
 */
export function vhostsOf(
  request: Pick<HttpRequest, 'query' | 'header'>,
  settings: Pick<Settings, 'find'>,
  session?: string,
): readonly string[] {
  const asked = requestedVhost(request);
  const vhosts = [asked];
  const serving = settings.find(asked)?.name;
  if (serving !== undefined) vhosts.push(serving);
  if (session !== undefined) vhosts.push(session);
  vhosts.push(DEFAULT_VHOST);
  return vhosts;
}
