// Exporter, heartbeat and statistics of the machine.
import { block, endpoints, int, list, text, toggle } from '../setting.ts';

/** Block `exporter`. */
export const exporter = block('exporter', {
  enabled: toggle(false, 'Prometheus exporter.'),
  listen: endpoints(['9972'], 'Exporter HTTP listen.'),
  label: text('', 'string', 'Value of label `label`.'),
  tag: text('', 'string', 'Value of label `tag`.'),
});

/** Block `heartbeat`. */
export const heartbeat = block('heartbeat', {
  enabled: toggle(false, 'POST heartbeat to a URL.'),
  interval: int(10, 's', 'Heartbeat interval.'),
  url: text('http://127.0.0.1:8085/api/v1/servers', 'url', 'Heartbeat URL.'),
  device_id: text('', 'string', 'Sent as device_id.'),
  summaries: toggle(false, 'Add `summaries` object.'),
  ports: toggle(false, 'Add rtmp/http/api/srt/rtc listen arrays.'),
});

/** Block `heartbeat.auth`. */
export const heartbeatAuth = block('heartbeat.auth', {
  enabled: toggle(false, 'Authenticate heartbeat, SRS 8.'),
  type: text('bearer', 'bearer', 'Only bearer, SRS 8.'),
  token: text('', 'string', 'Token, SRS 8.'),
});

/** Block `stats`. */
export const stats = block(
  'stats',
  {
    enabled: toggle(true, 'System stat collection.'),
    network: int(0, 'index', 'Which local IP is "the" device IP (heartbeat ip, summaries).'),
    disk: list([], 'device list', 'Block devices for IO stat.', { defaultText: '(none: disk iops off)' }),
  },
  { env: false },
);
