// What every request over HTTP says to the admission, whatever its protocol is.
import type { StreamName } from '../media/stream-name.ts';
import type { HttpRequest } from '../wire/http/exchange.ts';
import { requestedVhost } from '../wire/http/stream-path.ts';
import type { AdmissionRequest } from './admission.ts';
import { clientPeer } from './client-peer.ts';
import type { Settings } from './config/settings.ts';

/** With the vhost that the request asks for, and the client's own address when it comes through a trusted proxy. */
export function askedOver(
  request: HttpRequest,
  settings: Pick<Settings, 'root'>,
  { app, stream }: Pick<StreamName, 'app' | 'stream'>,
  own: Pick<AdmissionRequest, 'action' | 'protocol' | 'type'>,
): AdmissionRequest {
  const scheme = request.secure ? 'https' : 'http';
  return {
    ...own,
    peer: clientPeer(request, settings),
    name: { vhost: requestedVhost(request), app, stream },
    param: request.search,
    tcUrl: `${scheme}://${request.header('host') ?? ''}/${app}`,
    pageUrl: request.header('referer') ?? '',
    swfUrl: '',
  };
}
