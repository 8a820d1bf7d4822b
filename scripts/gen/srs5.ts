// How much of the language of SRS 5, the release that most servers run, does here what it does there.
import { schema } from '../../src/core/control/config/schema/index.ts';
import type { Setting } from '../../src/core/control/config/setting.ts';

/** Directives that came after SRS 5; those that end with `.` are whole blocks. */
export const afterSrs5: readonly string[] = [
  'rtmp.',
  'rtmps.',
  'http_api.auth.type',
  'http_api.auth.token',
  'http_api.auth.rtc_bearer_enabled',
  'srt_server.default_mode',
  'srt_server.default_streamid',
  'rtsp_server.',
  'stream_caster.media_connect_timeout',
  'heartbeat.auth.',
  'vhost.rtc.init_rate_from_sdp',
  'vhost.rtc.keep_original_ssrc',
  'vhost.rtsp.',
  'vhost.hls.hls_use_fmp4',
  'vhost.hls.hls_fmp4_file',
  'vhost.hls.hls_init_file',
  'vhost.hls.hls_recover',
  'vhost.hls.hls_master_m3u8_path_relative',
  'vhost.dash.dash_window_size',
  'vhost.dash.dash_cleanup',
  'vhost.dash.dash_dispose',
];

/** Read by SRS 5 and used for nothing, so that nothing can be missed. */
const emptyInSrs = [
  'http_api.raw_api.allow_query',
  'http_api.raw_api.allow_update',
  'srt_server.sei_filter',
  'srt_server.mix_correct',
  'rtc_server.dir',
  'vhost.bandcheck',
  'vhost.hls.hls_storage',
  'vhost.hls.hls_mount',
];

/** Services of one vendor, and options of how SRS is built: a server of another make has nothing to connect them to. */
const ofSrsAlone = /^(tencentcloud_|tcmalloc_|query_latest_version|first_wait_for_qlv|threads\.)/;

export interface Srs5 {
  readonly all: number;
  readonly supported: number;
  /** Read without effect, because SRS has none either. */
  readonly empty: number;
  /** Belonging to SRS's own build and vendor. */
  readonly alone: number;
  /** Supported, of those that could be. */
  readonly share: number;
  /** The rest, by path. */
  readonly missing: readonly (readonly [path: string, setting: Setting])[];
}

/** Counts the schema. */
export function countSrs5(): Srs5 {
  const rows: (readonly [string, Setting])[] = Object.entries(schema);
  const five = rows.filter(([path, { own }]) => own !== true && !isLater(path));
  const supported = five.filter(([, { status }]) => status.kind === 'supported');
  const others = five.filter(([, { status }]) => status.kind !== 'supported');
  const empty = others.filter(([path]) => emptyInSrs.includes(path));
  const alone = others.filter(([path]) => ofSrsAlone.test(path));
  const missing = others.filter(([path]) => !emptyInSrs.includes(path) && !ofSrsAlone.test(path));
  return {
    all: five.length,
    supported: supported.length,
    empty: empty.length,
    alone: alone.length,
    share: supported.length / (supported.length + missing.length),
    missing,
  };
}

const isLater = (path: string): boolean =>
  afterSrs5.some((name) => (name.endsWith('.') ? path.startsWith(name) : path === name));
