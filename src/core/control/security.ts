// Who may publish and play by address (SRS: security).
import { defineErrors } from '../base/errors.ts';
import { type IpBytes, isInBlock, parseIp, parseIpBlock } from '../base/ip.ts';
import type { Section } from './config/config.ts';

/** Codes of security. */
export const securityErrors = defineErrors('SECURITY', {
  DENY: {
    srs: 1053,
    text: 'a rule denies {ip} to {action}',
    advice: 'Look at the deny lines of security in the vhost.',
  },
  ALLOW: {
    srs: 1054,
    text: 'no rule allows {ip} to {action}',
    advice: 'Add an allow line to security in the vhost; with one allow line, everybody else needs one.',
  },
});

type Action = 'publish' | 'play';

/**
 * Checks an address by the rules of a vhost, in SRS's order:
 *
 * | rules of the vhost                | the address may                                        |
 * | --------------------------------- | ------------------------------------------------------ |
 * | a matching deny for this action   | not                                                    |
 * | a matching allow for this action  | yes                                                    |
 * | an allow for anything, none fits  | not                                                    |
 * | only denies, none fits            | yes                                                    |
 * | none at all                       | not: security that is on and says nothing denies       |
 *
 * A rule is `allow|deny publish|play all|IP|CIDR`; one that is neither fits nobody.
 *
 * Errors: SECURITY_DENY, SECURITY_ALLOW.
 */
export function checkSecurity(vhost: Section, action: Action, ip: string): void {
  if (!vhost.get('vhost.security.enabled')) return;
  const address = parseIp(ip);
  const allows = vhost.get('vhost.security.allow');
  const denies = vhost.get('vhost.security.deny');
  if (denies.some((rule) => fits(rule, action, ip, address))) throw securityErrors.refused('DENY', { ip, action });
  if (allows.some((rule) => fits(rule, action, ip, address))) return;
  if (allows.length === 0 && denies.length > 0) return;
  throw securityErrors.refused('ALLOW', { ip, action });
}

function fits(rule: readonly string[], action: Action, ip: string, address: IpBytes | undefined): boolean {
  const [whom, place = ''] = rule;
  if (whom !== action) return false;
  if (place === 'all' || place === ip) return true;
  const block = parseIpBlock(place);
  return block !== undefined && address !== undefined && isInBlock(address, block);
}
