// On which pages a player may stand (SRS: refer).
import { defineErrors } from '../base/errors.ts';
import type { Section } from './config/config.ts';

/** Codes of refer. */
export const referErrors = defineErrors('REFER', {
  PAGE: {
    srs: 2015,
    text: 'the page {page} is not one that may {action}',
    advice: 'Look at refer in the vhost, and at what the player says its page is.',
  },
});

type Action = 'all' | 'publish' | 'play';

/** What the check is about. */
export interface ReferRequest {
  readonly protocol: string;
  /** URL of the page, as the client says; empty when it says none. */
  readonly pageUrl: string;
}

/**
 * Checks the page that a client names against `refer.all`, `refer.publish` or `refer.play`.
 *
 * SRS looks at RTMP only, where a client that names no page is refused. Over HTTP a page is looked at when the browser
 * names one (Referer): who embeds a stream on another site is refused, and a player that is no page is not. Other
 * protocols have none.
 *
 * Unlike in SRS `github.com` is that domain and what is below it, not whatever ends with the letters.
 *
 * Errors: REFER_PAGE.
 */
export function checkRefer(vhost: Section, action: Action, { protocol, pageUrl }: ReferRequest): void {
  if (!vhost.get('vhost.refer.enabled')) return;
  const domains = vhost.get(`vhost.refer.${action}`);
  if (domains.length === 0) return;
  if (protocol !== 'rtmp' && pageUrl === '') return;
  const host = hostOf(pageUrl);
  if (domains.some((domain) => isBelow(host, domain.toLowerCase()))) return;
  throw referErrors.refused('PAGE', { page: pageUrl === '' ? '(none)' : pageUrl, action });
}

/** The host of a page's URL; what is before `://` may be missing. */
function hostOf(pageUrl: string): string {
  const text = pageUrl.includes('://') ? pageUrl : `http://${pageUrl}`;
  return URL.parse(text)?.hostname.toLowerCase() ?? '';
}

const isBelow = (host: string, domain: string): boolean =>
  host !== '' && (host === domain || host.endsWith(domain.startsWith('.') ? domain : `.${domain}`));
