// Publishing, playing and clusters of a vhost.
import { block, float, int, list, rules, supported, text, toggle } from '../setting.ts';

/** Block `vhost.publish`. */
export const vhostPublish = block('vhost.publish', {
  mr: supported(toggle(false, 'Merged read: sockets of publishers are read once in mr_latency. Not with min_latency.')),
  mr_latency: supported(int(350, 'ms', 'Merged-read latency, 2000 at most.')),
  firstpkt_timeout: supported(int(20000, 'ms', 'First packet timeout of a publisher.')),
  normal_timeout: supported(int(5000, 'ms', 'Packet timeout of a publisher.')),
  parse_sps: supported(
    toggle(true, 'Parse SPS for width/height/profile. Off: the API shows no size; containers that need it have it.'),
  ),
  try_annexb_first: supported(toggle(true, 'Try AnnexB before AVCC, where data may be both.')),
  kickoff_for_idle: supported(float(0, 's', 'Kick publisher with no players; conflicts with forward.')),
});

/** Block `vhost.play`. */
export const vhostPlay = block('vhost.play', {
  gop_cache: supported(toggle(true, 'Cache last GOP for fast start.')),
  gop_cache_max_frames: supported(int(2500, '', 'Drop the cache above this count.')),
  queue_length: supported(int(30, 's', 'Max live queue per player; then drop to last IDR.')),
  time_jitter: supported(text('full', 'full/zero/off', 'Timestamp correction.')),
  atc: supported(toggle(false, 'Absolute time (no correction).')),
  atc_auto: supported(toggle(false, 'Turn atc on when metadata has bravo_atc.')),
  mix_correct: supported(toggle(false, 'Interleave audio/video by timestamp.')),
  mw_latency: supported(int(350, 'ms', 'Merged-write latency.', { defaultText: '350 (0 for WebRTC)' })),
  mw_msgs: supported(
    int(8, '<=128', 'Merged-write min messages; for a second at most. Not written, time alone decides.', {
      defaultText: '8; 1 WebRTC; 0 min_latency',
    }),
  ),
  send_min_interval: supported(
    float(
      0,
      'ms',
      'Minimum packet send interval of a player by RTMP or live HTTP, 1000 at most. Not with min_latency.',
    ),
  ),
  reduce_sequence_header: supported(toggle(false, 'Do not repeat identical sequence headers. Not written, it is on.')),
});

/** Block `vhost.cluster`. */
export const vhostCluster = block(
  'vhost.cluster',
  {
    mode: supported(text('local', 'local/remote', 'Remote = edge.')),
    origin: supported(list([], 'host[:port] list', 'Edge: origin servers.')),
    token_traverse: supported(toggle(false, 'Edge: forward connect to origin for auth.')),
    vhost: supported(text('[vhost]', 'template', 'Edge: vhost at the origin.')),
    debug_srs_upnode: supported(toggle(true, 'Send SRS debug args in RTMP connect.')),
    origin_cluster: supported(toggle(false, 'Origin: RTMP 302 origin cluster.')),
    coworkers: supported(list([], 'host:port list', 'Origin cluster: API endpoints of coworkers.')),
    protocol: supported(text('rtmp', 'rtmp/flv/flvs', 'Edge pull protocol.')),
    follow_client: supported(toggle(false, "Edge pull protocol follows the client's.")),
  },
  { env: false },
);

/** Block `vhost.forward`. */
export const vhostForward = block('vhost.forward', {
  enabled: supported(toggle(false, 'Forward published streams.')),
  destination: supported(list([], 'host:port list', 'Static RTMP forward targets.')),
  backend: supported(text('', 'http url', 'Hook that returns forward URLs.')),
});

/** Block `vhost.exec`. */
export const vhostExec = block(
  'vhost.exec',
  {
    enabled: supported(toggle(false, 'Fork processes on publish.')),
    publish: supported(rules('command line (repeats)', 'Command, with variables.')),
  },
  { env: false },
);
