// The RTSP server.
import { block, endpoints, toggle } from '../setting.ts';

/** Block `rtsp_server`. */
export const rtspServer = block('rtsp_server', {
  enabled: toggle(false, 'RTSP play server.'),
  listen: endpoints([], 'RTSP TCP listen.', { defaultText: '(sample 8554)' }),
});
