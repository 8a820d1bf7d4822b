// The RTSP server.
import { block, endpoints, int, own, supported, toggle } from '../setting.ts';

/** Block `rtsp_server`. */
export const rtspServer = block('rtsp_server', {
  enabled: supported(toggle(false, 'RTSP server.')),
  listen: supported(endpoints([], 'RTSP TCP listen.', { defaultText: '(sample 8554)' })),
  udp_port: own(
    int(0, '', 'Players over UDP: even port of RTP, the next one is of RTCP; 0: they are told to use TCP, as at SRS.'),
  ),
});
