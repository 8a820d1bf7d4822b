// URLs for eyes that may not see keys: whoever may ask the API what runs need not be allowed to publish elsewhere.
import { isThisMachine } from '../base/ip.ts';

const URL_WORD = /([a-z][a-z0-9+.-]*:\/\/)([^\s'"<>]+)/gi;
const HIDDEN = '***';
/** Names of parameters whose values open something: of SRT, of SRS's security, and of platforms. */
const KEYS = /([?&,;](?:passphrase|password|secret|token|key)=)[^&]*/gi;
const USER = /^([a-z][a-z0-9+.-]*:\/\/)[^/?]*@/i;

/**
 * A URL for who typed it, whose terminal and logs others may read: without its passwords, passphrases and tokens. Of a
 * path, nothing is hidden, since it says which stream it is.
 */
export const hideKeys = (url: string): string => url.replace(USER, `$1${HIDDEN}@`).replace(KEYS, `$1${HIDDEN}`);

/** Directives whose whole value opens something. */
const SECRET = /(password|passphrase|token|secret_key|secret_id)$/;
/** Behind the URL of TURN are a user name and a credential. */
const TURN = /\b(turns?:\S+ \S+ )\S+/gi;

/** The value of a directive, in the form of the file, for who may look at settings and logs. */
export function hideValue(directive: string, value: string): string {
  if (SECRET.test(directive) && value !== '') return HIDDEN;
  return /(^|\.)ice_servers$/.test(directive) ? value.replace(TURN, `$1${HIDDEN}`) : value;
}

/**
 * The text with what is secret in its URLs hidden: passwords, values of parameters (but the vhost), and, at other
 * machines, the last part of the path, which is where platforms have the stream key.
 */
export const hideSecrets = (text: string): string =>
  text.replace(URL_WORD, (_, scheme: string, rest: string) => scheme + hideIn(rest));

function hideIn(rest: string): string {
  const slash = rest.search(/[/?]/);
  const authority = slash < 0 ? rest : rest.slice(0, slash);
  const place = authority.slice(authority.lastIndexOf('@') + 1);
  const user = place === authority ? '' : `${HIDDEN}@`;
  const path = slash < 0 ? '' : rest.slice(slash).replace(/([?&](?!vhost=)[^=&?/]+=)[^&?/]+/g, `$1${HIDDEN}`);
  const host = place.replace(/:\d+$/, '').replace(/^\[|\]$/g, '');
  if (isThisMachine(host)) return user + place + path;
  return user + place + path.replace(/\/[^/?]+(?=$|\?[^/]*$)/, `/${HIDDEN}`);
}
