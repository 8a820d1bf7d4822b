// RTMP and RTMPS servers.
import { block, endpoints, int, supported, text, toggle } from '../setting.ts';

/** Block `rtmp`. */
export const rtmp = block('rtmp', {
  listen: supported(
    endpoints([], 'RTMP listen endpoints, IPv4 and IPv6 (`[::]:1935`) since 7.0.67.', {
      env: ['SRS_LISTEN', 'SRS_RTMP_LISTEN'],
      defaultText: '(required)',
    }),
  ),
  chunk_size: supported(
    int(60000, '', 'Global RTMP chunk size.', {
      env: ['SRS_CHUNK_SIZE', 'SRS_RTMP_CHUNK_SIZE', 'SRS_VHOST_CHUNK_SIZE'],
    }),
  ),
});

/** Block `rtmps`. */
export const rtmps = block('rtmps', {
  enabled: supported(toggle(false, 'RTMP over TLS server.')),
  listen: supported(endpoints([], 'RTMPS listen endpoints.', { defaultText: '(none; sample 1443)' })),
  key: supported(text('./conf/server.key', 'path', 'TLS key.')),
  cert: supported(text('./conf/server.crt', 'path', 'TLS certificate.')),
});
