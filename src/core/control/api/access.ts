// Who may ask the API: credentials, and pages of other sites that borrow a browser's.

import { isLoopback } from '../../base/ip.ts';
import { type Credentials, parseAuthorization, sameSecret } from '../../wire/http/authorization.ts';
import type { HttpRequest } from '../../wire/http/exchange.ts';
import { hostName } from '../../wire/http/stream-path.ts';
import type { Section } from '../config/config.ts';
import { Answer } from './answer.ts';

/** What is asked for: `rtc` is WHIP and WHEP, which only a bearer token protects. */
export type Scope = 'api' | 'rtc';

/** How a request was let in. */
export type Access = 'open' | 'basic' | 'bearer';

/**
 * Looks at the credential of a request (SRS: http_api.auth; the bearer token of SRS 8). Without `type`, each scheme whose
 * credential is written is taken; with `enabled on` and no credential at all nobody is let in.
 */
export function accessOf(
  root: Section,
  { header }: Pick<HttpRequest, 'header'>,
  scope: Scope = 'api',
): Access | Answer {
  if (!root.get('http_api.auth.enabled')) return 'open';
  if (scope === 'rtc' && !root.get('http_api.auth.rtc_bearer_enabled')) return 'open';
  const type = root.get('http_api.auth.type');
  const token = root.get('http_api.auth.token');
  const bearer = type !== 'basic' && token !== '';
  const basic = type !== 'bearer' && scope === 'api';
  const given = parseAuthorization(header('authorization'));
  if (given?.scheme === 'bearer' && bearer && sameSecret(token, given.token)) return 'bearer';
  if (given?.scheme === 'basic' && basic && sameUser(root, given)) return 'basic';
  const challenge = bearer && (!basic || type === 'bearer' || !hasUser(root)) ? 'Bearer' : 'Basic';
  return new Answer(401, '', { 'WWW-Authenticate': challenge });
}

const hasUser = (root: Section): boolean =>
  root.get('http_api.auth.username') !== '' && root.get('http_api.auth.password') !== '';

/** Both are compared, so that the time does not say whether the user is right. */
function sameUser(root: Section, given: Credentials & { scheme: 'basic' }): boolean {
  const user = sameSecret(root.get('http_api.auth.username'), given.user);
  const password = sameSecret(root.get('http_api.auth.password'), given.password);
  return user && password && hasUser(root);
}

/** Whether the API has a credential that somebody could give. */
export const hasCredential = (root: Section): boolean =>
  root.get('http_api.auth.enabled') && (hasUser(root) || root.get('http_api.auth.token') !== '');

/**
 * Whether a browser sends this for a page of another site. A page can make a browser ask, with the browser's own rights:
 * its network, its basic credential. A token is never sent that way.
 *
 * Another port of the same host is the same site, because SRS's console is served there. For a server that only this
 * machine may ask, the host must be an address or `localhost`: a name that an attacker lets point to 127.0.0.1 makes his
 * page the same site (DNS rebinding).
 */
export function isForeign({ header, peer }: Pick<HttpRequest, 'header' | 'peer'>, access: Access): boolean {
  if (access === 'bearer') return false;
  const host = hostName(header('host') ?? '');
  // Before all else: such a page is at its own site, and may leave out where it is.
  if (access === 'open' && isLoopback(peer.host) && host !== '' && !isLocalName(host)) return true;
  const site = header('sec-fetch-site');
  const origin = header('origin') ?? header('referer');
  if (site === undefined && origin === undefined) return false;
  if (origin === undefined) return site !== 'same-origin' && site !== 'none';
  return originHost(origin) !== host;
}

/**
 * Whether a browser may be loading a script here (JSONP) with its password for a page that nobody knows: any page can have
 * a script loaded without a word of where it stands, and run what comes.
 */
export const isBorrowed = (request: Pick<HttpRequest, 'header' | 'peer' | 'query'>, access: Access): boolean => {
  const { header, query } = request;
  if (access !== 'basic' || !query.has('callback')) return false;
  const told = header('sec-fetch-site') ?? header('origin') ?? header('referer');
  return told === undefined || isForeign(request, access);
};

const isLocalName = (host: string): boolean => /^(localhost|[\d.]+|[\da-f:.]*:[\da-f:.]*)$/i.test(host);

function originHost(origin: string): string {
  try {
    return hostName(new URL(origin).host);
  } catch {
    // `null`, which a sandboxed page sends, is nobody's host.
    return '';
  }
}
