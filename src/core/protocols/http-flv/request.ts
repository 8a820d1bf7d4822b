// What a request asks for, in the words of the admission.
import type { AdmissionRequest } from '../../control/admission.ts';
import type { Settings } from '../../control/config/settings.ts';
import { askedOver } from '../../control/http-asked.ts';
import type { HttpRequest } from '../../wire/http/exchange.ts';
import { parseStreamPath } from '../../wire/http/stream-path.ts';
import type { LiveFormat } from './format.ts';
import { mountedPath } from './mount.ts';

/** Throws HTTP_PATH. */
export function readRequest(
  request: HttpRequest,
  settings: Settings,
  action: AdmissionRequest['action'],
  { name, extension }: LiveFormat,
): AdmissionRequest {
  const names = parseStreamPath(mountedPath(request, settings), extension);
  // SRS has one type for players of all its HTTP containers. Its own casters publish over RTMP and are seen as
  // flash-publish; here they are what they are.
  const type = action === 'play' ? 'flv-play' : 'flv-publish';
  return {
    ...askedOver(request, settings, names, { action, type, protocol: `http-${name}` }),
    elsewhere: 'http',
    told: (vhost) => ({ tcUrl: `rtmp://${vhost}/${names.app}` }),
  };
}
