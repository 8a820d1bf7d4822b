// The RTSP server.
import { block, endpoints, supported, toggle } from '../setting.ts';

/** Block `rtsp_server`. */
export const rtspServer = block('rtsp_server', {
  enabled: supported(toggle(false, 'RTSP server.')),
  listen: supported(endpoints([], 'RTSP TCP listen.', { defaultText: '(sample 8554)' })),
});
