// HTTP streams, files and callbacks of a vhost.
import { block, float, int, list, own, supported, text, toggle } from '../setting.ts';

/** Block `vhost.http_static`. */
export const vhostHttpStatic = block('vhost.http_static', {
  enabled: supported(toggle(false, 'Static files for the vhost.')),
  mount: supported(text('[vhost]/', 'template', 'Mount pattern.')),
  dir: supported(text('./objs/nginx/html', 'path', 'Root dir.')),
});

/** Block `vhost.http_remux`. */
export const vhostHttpRemux = block('vhost.http_remux', {
  enabled: supported(toggle(false, 'HTTP-FLV/TS/AAC/MP3 live.')),
  mount: supported(
    text('[vhost]/[app]/[stream].flv', 'template', 'Mount; extension picks muxer (.flv .ts .mp3 .aac).'),
  ),
  fast_cache: supported(float(0, 's', 'Audio-only (mp3/aac) start cache, 30 at most.')),
  drop_if_not_match: supported(toggle(true, 'Drop packets not announced in FLV header.')),
  has_audio: supported(toggle(true, 'Default has_audio flag.')),
  has_video: supported(toggle(true, 'Default has_video flag.')),
  guess_has_av: supported(toggle(true, 'Guess flags from cached headers/frames.')),
});

/** Block `vhost.http_hooks`. */
export const vhostHttpHooks = block('vhost.http_hooks', {
  enabled: supported(toggle(false, 'HTTP callbacks.')),
  on_publish: supported(list([], 'url list', 'Publish starts.')),
  on_unpublish: supported(list([], 'url list', 'Publish stops.')),
  on_play: supported(list([], 'url list', 'Play starts.')),
  on_stop: supported(list([], 'url list', 'Play stops.')),
  on_dvr: supported(list([], 'url list', 'DVR file reaped.')),
  on_hls: supported(list([], 'url list', 'HLS segment reaped.')),
  on_hls_notify: supported(list([], 'url template list', 'GET to a CDN per segment.')),
  on_connect: supported(list([], 'url list', 'RTMP connect (hidden since 5.0 docs, still works).')),
  on_close: supported(list([], 'url list', 'RTMP close (hidden since 5.0 docs, still works).')),
  hooks_verify: own(toggle(false, 'Certificates of https:// URLs are checked; SRS never does.')),
  hooks_timeout: own(int(28_000, 'ms', 'Time for all URLs of one hook that is asked, and for each that is told.')),
});
