// What a request asks for, in the words of the admission.
import type { AdmissionRequest } from '../../control/admission.ts';
import type { HttpRequest } from '../../wire/http/exchange.ts';
import { parseStreamPath, requestedVhost } from '../../wire/http/stream-path.ts';

export const EXTENSION = '.flv';

/** Throws HTTP_PATH. */
export function readRequest(request: HttpRequest, action: AdmissionRequest['action']): AdmissionRequest {
  const { app, stream } = parseStreamPath(request.path, EXTENSION);
  const scheme = request.secure ? 'https' : 'http';
  return {
    action,
    protocol: 'http-flv',
    // SRS's own casters publish over RTMP and are seen as flash-publish; here they are what they are.
    type: action === 'play' ? 'flv-play' : 'flv-publish',
    peer: request.peer,
    name: { vhost: requestedVhost(request), app, stream },
    param: request.search,
    tcUrl: `${scheme}://${request.header('host') ?? ''}/${app}`,
    pageUrl: request.header('referer') ?? '',
    swfUrl: '',
  };
}
