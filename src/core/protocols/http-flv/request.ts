// What a request asks for, in the words of the admission.
import type { AdmissionRequest } from '../../control/admission.ts';
import type { HttpRequest } from '../../wire/http/exchange.ts';
import { parseStreamPath, requestedVhost } from '../../wire/http/stream-path.ts';
import type { LiveFormat } from './format.ts';

/** Throws HTTP_PATH. @param path where the stream is, when that is not the path of the request. */
export function readRequest(
  request: HttpRequest,
  action: AdmissionRequest['action'],
  { name, extension }: LiveFormat,
  path = request.path,
): AdmissionRequest {
  const { app, stream } = parseStreamPath(path, extension);
  const scheme = request.secure ? 'https' : 'http';
  return {
    action,
    protocol: `http-${name}`,
    // SRS has one type for players of all its HTTP containers. Its own casters publish over RTMP and are seen as
    // flash-publish; here they are what they are.
    type: action === 'play' ? 'flv-play' : 'flv-publish',
    peer: request.peer,
    name: { vhost: requestedVhost(request), app, stream },
    param: request.search,
    tcUrl: `${scheme}://${request.header('host') ?? ''}/${app}`,
    pageUrl: request.header('referer') ?? '',
    swfUrl: '',
    elsewhere: 'http',
    told: (vhost) => ({ tcUrl: `rtmp://${vhost}/${app}` }),
  };
}
