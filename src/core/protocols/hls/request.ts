// What a request asks for, in the words of the admission.
import type { AdmissionRequest } from '../../control/admission.ts';
import type { Settings } from '../../control/config/settings.ts';
import { askedOver } from '../../control/http-asked.ts';
import type { HttpRequest } from '../../wire/http/exchange.ts';
import { hostName } from '../../wire/http/stream-path.ts';

/** @param ctx the session that the player names; it is the id of its client, as in SRS. */
export function readRequest(
  request: HttpRequest,
  settings: Pick<Settings, 'root'>,
  name: { readonly app: string; readonly stream: string },
  ctx: string | null,
): AdmissionRequest {
  const { app, stream } = name;
  const scheme = request.secure ? 'https' : 'http';
  return {
    ...askedOver(request, settings, name, { action: 'play', protocol: 'hls', type: 'hls-play' }),
    told: () => ({ stream: `${stream}.m3u8`, tcUrl: `${scheme}://${hostName(request.header('host') ?? '')}/${app}` }),
    ...(ctx !== null && { id: ctx }),
  };
}

/** The name of the session in queries, as SRS has it. */
export const CTX = 'hls_ctx';

/** Ids that clients may choose: they go into playlists as they are. */
export const isCtx = (text: string): boolean => /^[\w-]{1,64}$/.test(text);

/** The query of the session's playlist: the session first, then what the player came with. */
export function sessionQuery(id: string, search: string): string {
  const rest = search.slice(1);
  return `?${CTX}=${id}${rest === '' ? '' : `&${rest}`}`;
}
