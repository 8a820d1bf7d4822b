// Exporter, heartbeat and statistics of the machine.
import { block, endpoints, int, list, own, supported, text, toggle } from '../setting.ts';

/** Block `exporter`. */
export const exporter = block('exporter', {
  enabled: supported(toggle(false, 'Prometheus exporter.')),
  listen: supported(endpoints(['9972'], 'Exporter HTTP listen.')),
  label: supported(text('', 'string', 'Value of label `label`.')),
  tag: supported(text('', 'string', 'Value of label `tag`.')),
  streams: own(int(500, '', 'Streams with metrics of their own at most, the busiest first; 0 for none.')),
});

/** Block `heartbeat`. */
export const heartbeat = block('heartbeat', {
  enabled: supported(toggle(false, 'POST heartbeat to a URL.')),
  interval: supported(int(10, 's', 'Heartbeat interval.')),
  url: supported(text('http://127.0.0.1:8085/api/v1/servers', 'url', 'Heartbeat URL.')),
  device_id: supported(text('', 'string', 'Sent as device_id.')),
  summaries: supported(toggle(false, 'Add `summaries` object.')),
  ports: supported(toggle(false, 'Add rtmp/http/api/srt/rtc listen arrays.')),
});

/** Block `heartbeat.auth`. */
export const heartbeatAuth = block('heartbeat.auth', {
  enabled: supported(toggle(false, 'Authenticate heartbeat, SRS 8.')),
  type: supported(text('bearer', 'bearer', 'Only bearer, SRS 8.')),
  token: supported(text('', 'string', 'Token, SRS 8.')),
});

/** Block `stats`. */
export const stats = block(
  'stats',
  {
    enabled: supported(toggle(true, 'System stat collection.')),
    network: supported(int(0, 'index', 'Which local IP is "the" device IP (heartbeat ip, summaries).')),
    disk: supported(list([], 'device list', 'Block devices for IO stat.', { defaultText: '(none: disk iops off)' })),
  },
  { env: false },
);
