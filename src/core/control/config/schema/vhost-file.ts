// HLS, DASH, HDS and recordings of a vhost.
import { accepted, block, float, int, list, own, supported, text, toggle } from '../setting.ts';

/** Block `vhost.hls`. */
export const vhostHls = block('vhost.hls', {
  enabled: supported(toggle(false, 'HLS output.')),
  hls_fragment: supported(float(10, 's', 'Segment target duration.')),
  hls_td_ratio: supported(float(1, '', 'TARGETDURATION ratio.', { defaultText: '1.0' })),
  hls_aof_ratio: supported(float(2.1, '', 'Audio overflow ratio (pure audio / no keyframe reap).')),
  hls_window: supported(float(60, 's', 'Playlist window in seconds.')),
  hls_on_error: supported(text('continue', 'ignore/disconnect/continue', 'Error strategy.')),
  hls_path: supported(text('./objs/nginx/html', 'path', 'Base dir.')),
  hls_m3u8_file: supported(text('[app]/[stream].m3u8', 'template', 'Playlist path.')),
  hls_ts_file: supported(text('[app]/[stream]-[seq].ts', 'template', 'Segment path.')),
  hls_ts_floor: supported(toggle(false, 'Floor(time/fragment) naming and deviation algorithm.')),
  hls_entry_prefix: supported(text('', 'url', 'Prefix of segment URLs in playlist.')),
  hls_acodec: supported(
    text(
      'aac',
      'aac/mp3/an',
      'Default audio codec of PMT, until there is sound. Not written, none: the stream says its codec.',
    ),
  ),
  hls_vcodec: supported(
    text(
      'h264',
      'h264/vn',
      'Default video codec of PMT, until there is a picture. Not written, none: the stream says its codec.',
    ),
  ),
  hls_cleanup: supported(toggle(true, 'Delete expired segments.')),
  hls_dispose: supported(int(120, 's', 'Remove all files when publisher idle; 0 off.')),
  hls_wait_keyframe: supported(toggle(true, 'Reap only at keyframe.')),
  hls_nb_notify: supported(int(64, 'bytes', 'Max bytes to read back in on_hls_notify.')),
  hls_ctx: supported(toggle(true, 'Session id `hls_ctx` via master playlist.')),
  hls_ts_ctx: supported(toggle(true, 'Also add hls_ctx to segment URLs.')),
  hls_keys: supported(toggle(false, 'AES-128 encryption.', { kind: 'off only for off' })),
  hls_fragments_per_key: supported(int(5, '', 'Segments per key.')),
  hls_key_file: supported(text('[app]/[stream]-[seq].key', 'template', 'Key file path.')),
  hls_key_file_path: supported(
    text('', 'path', 'Key base dir.', {
      defaultText: 'value of hls_path',
      follows: () => 'vhost.hls.hls_path',
    }),
  ),
  hls_key_url: supported(
    text('', 'url', 'Key URL prefix in playlist (query string allowed since 7.0.120).', {
      defaultText: 'value of hls_path',
      follows: () => 'vhost.hls.hls_path',
    }),
  ),
  hls_dts_directly: supported(
    toggle(true, 'Use FLV timestamp as DTS directly for audio. Off: AAC is timed by its samples, within 100 ms of it.'),
  ),
  hls_use_fmp4: supported(toggle(false, 'FMP4 segments (7.0.51+).')),
  hls_fmp4_file: supported(text('[app]/[stream]-[seq].m4s', 'template', 'FMP4 segment path (7.0.51+).')),
  hls_init_file: supported(text('[app]/[stream]/init.mp4', 'template', 'FMP4 init path (7.0.51+).')),
  hls_recover: supported(toggle(true, 'Continue the playlist when a stream is republished (7.0.57+).')),
  hls_master_m3u8_path_relative: supported(toggle(false, 'Relative URI in the hls_ctx master playlist (7.0.104+).')),
  hls_storage: accepted(
    'SRS removed HLS in memory',
    text('', 'string', 'Removed (RAM HLS).', { env: [], defaultText: '(accepted, ignored)' }),
  ),
  hls_mount: accepted(
    'SRS removed HLS in memory',
    text('', 'string', 'Removed (RAM HLS).', { env: [], defaultText: '(accepted, ignored)' }),
  ),
  hls_ll: own(toggle(false, 'Low-latency HLS too, at [app]/[stream].ll.m3u8.')),
  hls_variants: own(toggle(false, 'Streams NAME_720p, NAME_480p are variants of the playlist NAME.m3u8.')),
  hls_disk: own(toggle(true, 'Off: HLS is served from memory only.')),
});

/** Block `vhost.dash`. */
export const vhostDash = block('vhost.dash', {
  enabled: supported(toggle(false, 'MPEG-DASH output.')),
  dash_fragment: supported(float(10, 's', 'Segment duration.')),
  dash_update_period: supported(float(5, 's', 'MinimumUpdatePeriod.')),
  dash_timeshift: supported(float(300, 's', 'TimeShiftBufferDepth.')),
  dash_path: supported(text('./objs/nginx/html', 'path', 'Base dir.')),
  dash_mpd_file: supported(text('[app]/[stream].mpd', 'template', 'MPD path.')),
  dash_window_size: supported(float(5, '', 'Number of segments in the MPD.')),
  dash_cleanup: supported(toggle(true, 'Delete expired segments.')),
  dash_dispose: supported(int(120, 's', 'Remove all when publisher idle; 0 off.')),
  dash_disk: own(toggle(true, 'Off: DASH is served from memory only.')),
});

/** Block `vhost.hds`. */
export const vhostHds = block('vhost.hds', {
  enabled: supported(toggle(false, 'Adobe HDS output.')),
  hds_fragment: supported(float(10, 's', 'Fragment duration.')),
  hds_window: supported(float(60, 's', 'Window.')),
  hds_path: supported(text('./objs/nginx/html', 'path', 'Base dir.')),
});

/** Block `vhost.dvr`. */
export const vhostDvr = block('vhost.dvr', {
  enabled: supported(toggle(false, 'Record to FLV/MP4.')),
  dvr_apply: supported(list(['all'], 'all or app/stream list', 'Which streams to record.', { env: [] })),
  dvr_plan: supported(text('session', 'session/segment/append', 'Plan.')),
  dvr_path: supported(
    text('./objs/nginx/html/[app]/[stream].[timestamp].flv', 'template (.flv/.mp4/.ts/.aac/.mp3)', 'Output path.'),
  ),
  dvr_duration: supported(int(30, 's', 'Segment duration (segment plan).')),
  dvr_wait_keyframe: supported(toggle(true, 'Reap at keyframe (segment plan).')),
  time_jitter: supported(text('full', 'full/zero/off', 'Timestamp correction.')),
  dvr_remux: own(toggle(true, 'Make a plain MP4 of the fragmented one when a recording ends.')),
});
