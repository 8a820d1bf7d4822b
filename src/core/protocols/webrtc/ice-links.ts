// What clients are told of servers of STUN and TURN (RFC 9725 §4.6; WHEP §4.6).
import { accessOf } from '../../control/api/access.ts';
import type { Section } from '../../control/config/config.ts';
import { iceServers } from '../../control/config/ice-servers.ts';
import type { Settings } from '../../control/config/settings.ts';
import type { HttpHeaders, HttpRequest } from '../../wire/http/exchange.ts';
import { writeLink } from '../../wire/http/link-header.ts';
import { requestedVhost } from '../../wire/http/stream-path.ts';

/** What a vhost asks before it admits somebody. */
const guards = ['vhost.http_hooks.enabled', 'vhost.security.enabled', 'vhost.refer.enabled'] as const;

/** For a client that the vhost has admitted. */
export const iceLinks = (vhost: Section): HttpHeaders => linksOf(vhost, true);

/**
 * For OPTIONS, with which nobody is admitted yet: credentials are told only where a POST would not be asked for more than
 * this request has. A browser's preflight (Fetch §3.3.2) is told nothing.
 */
export function iceLinksForAsking(request: HttpRequest, settings: Settings): HttpHeaders {
  const vhost = settings.find(requestedVhost(request));
  const isPreflight = request.header('access-control-request-method') !== undefined;
  if (isPreflight || vhost?.get('vhost.rtc.enabled') !== true) return {};
  const letIn = typeof accessOf(settings.root, request, 'rtc') === 'string';
  return linksOf(vhost, letIn && !guards.some((guard) => vhost.get(guard)));
}

/** A line for each: GStreamer's client of WHIP takes one server of a line. */
function linksOf(vhost: Section, withCredentials: boolean): HttpHeaders {
  const links = iceServers(vhost.get('vhost.rtc.ice_servers')).flatMap(({ url, username, credential }) => {
    if (username === undefined || credential === undefined) return [writeLink(url, { rel: 'ice-server' })];
    const secret = { rel: 'ice-server', username, credential, 'credential-type': 'password' };
    return withCredentials ? [writeLink(url, secret)] : [];
  });
  return links.length === 0 ? {} : { Link: links };
}
