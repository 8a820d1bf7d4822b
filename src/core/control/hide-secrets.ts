// URLs for eyes that may not see keys: whoever may ask the API what runs need not be allowed to publish elsewhere.
import { isLoopback } from './rtmp-name.ts';

const URL_WORD = /([a-z][a-z0-9+.-]*:\/\/)([^\s'"<>]+)/gi;
const HIDDEN = '***';

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
  if (isLoopback(host)) return user + place + path;
  return user + place + path.replace(/\/[^/?]+(?=$|\?[^/]*$)/, `/${HIDDEN}`);
}
