// The circuit breaker; process management and vendor services that srsx has no part for.
import { accepted, block, int, supported, text, toggle } from '../setting.ts';

/** Block `threads`. */
export const threads = block('threads', {
  interval: accepted('srsx has no threads to manage', int(5, 's', 'Thread manager cycle (block removed in 7.0.59).')),
});

/** Block `circuit_breaker`. */
export const circuitBreaker = block('circuit_breaker', {
  enabled: supported(toggle(true, 'CPU-driven circuit breaker.')),
  high_threshold: supported(int(90, '%', 'CPU high water, of one core: NACK off.')),
  high_pulse: supported(int(2, '', 'High level held for N pulses (seconds); 0 disables.')),
  critical_threshold: supported(int(95, '%', 'Critical water: TWCC off too.')),
  critical_pulse: supported(int(1, '', 'Critical pulses; 0 disables.')),
  dying_threshold: supported(int(99, '%', 'Dying water: drop packets for players of WebRTC.')),
  dying_pulse: supported(int(5, '', 'Dying pulses; 0 disables.')),
});

/** Block `tencentcloud_cls`. */
export const tencentcloudCls = block('tencentcloud_cls', {
  enabled: accepted('SRS removed it in 7.0.66', toggle(false, 'Tencent Cloud log service.')),
  label: accepted('SRS removed it in 7.0.66', text('', 'string', 'Label.')),
  tag: accepted('SRS removed it in 7.0.66', text('', 'string', 'Tag.')),
  secret_id: accepted('SRS removed it in 7.0.66', text('', 'string', 'SecretId.')),
  secret_key: accepted('SRS removed it in 7.0.66', text('', 'string', 'SecretKey.')),
  endpoint: accepted('SRS removed it in 7.0.66', text('', 'host', 'CLS endpoint.')),
  topic_id: accepted('SRS removed it in 7.0.66', text('', 'string', 'CLS topic.')),
  debug_logging: accepted('SRS removed it in 7.0.66', toggle(false, 'Log each send.')),
  stat_heartbeat: accepted('SRS removed it in 7.0.66', toggle(true, 'Heartbeat stat.')),
  heartbeat_ratio: accepted('SRS removed it in 7.0.66', int(1, '', 'X5 s interval.')),
  stat_streams: accepted('SRS removed it in 7.0.66', toggle(true, 'Streams stat.')),
  streams_ratio: accepted('SRS removed it in 7.0.66', int(1, '', 'X5 s interval.')),
});

/** Block `tencentcloud_apm`. */
export const tencentcloudApm = block('tencentcloud_apm', {
  enabled: accepted('SRS removed it in 7.0.66', toggle(false, 'Tencent Cloud APM tracing (build flag --apm).')),
  team: accepted('SRS removed it in 7.0.66', text('', 'string', 'Team id.')),
  token: accepted('SRS removed it in 7.0.66', text('', 'string', 'Token.')),
  endpoint: accepted('SRS removed it in 7.0.66', text('', 'host:port', 'Endpoint.')),
  service_name: accepted('SRS removed it in 7.0.66', text('srs-server', 'string', 'Service.name.')),
  debug_logging: accepted('SRS removed it in 7.0.66', toggle(false, 'Log each send.')),
});
