// The few settings of a server that nobody wrote a configuration for, as a configuration: one way leads to the engine.
import type { ListenSettings } from '../host.ts';
import { type Config, FALLBACK_VHOST } from './config.ts';
import { loadConfig } from './load.ts';
import { quote } from './tokens.ts';

/** What can be said without a configuration; see ServeSettings. */
export interface PlainSettings {
  readonly rtmp: ListenSettings;
  readonly http: ListenSettings;
  readonly api: ListenSettings;
  readonly mergeWindowMs: number;
  readonly gopCache: boolean;
  /** UDP; empty: no SRT. */
  readonly srt: readonly string[];
  /** UDP; empty: no WebRTC. */
  readonly rtc: readonly string[];
  /** TCP; empty: no RTSP. */
  readonly rtsp: readonly string[];
}

/** Stands for a file in messages about settings of a program. */
const SETTINGS_FILE = '(settings)';

/** Errors: the ConfigErrors of table CONFIG, such as CONFIG_SHARED_PORT. */
export function configFromSettings(settings: PlainSettings): Config {
  const { rtmp, http, api, mergeWindowMs, gopCache, srt, rtc, rtsp } = settings;
  const text = [
    block('rtmp', listenLines(rtmp.listen)),
    block('rtmps', tlsLines(rtmp.tls)),
    block('http_server', [...switchLines(http), ...block('https', tlsLines(http.tls))]),
    block('http_api', [...switchLines(api), ...block('https', tlsLines(api.tls))]),
    block('srt_server', srt.length === 0 ? [] : ['enabled on;', ...listenLines(srt)]),
    block('rtc_server', rtc.length === 0 ? [] : ['enabled on;', ...listenLines(rtc)]),
    block('rtsp_server', rtsp.length === 0 ? [] : ['enabled on;', ...listenLines(rtsp)]),
    block(`vhost ${FALLBACK_VHOST}`, [
      ...block('play', [`mw_latency ${mergeWindowMs};`, `gop_cache ${onOff(gopCache)};`]),
      ...block('srt', [`enabled ${onOff(srt.length > 0)};`]),
      ...block('rtc', [`enabled ${onOff(rtc.length > 0)};`, 'rtmp_to_rtc on;', 'rtc_to_rtmp on;']),
      ...block('rtsp', [`enabled ${onOff(rtsp.length > 0)};`, 'rtmp_to_rtsp on;']),
    ]),
  ];
  return loadConfig({ file: SETTINGS_FILE, text: text.flat().join('\n'), read: () => '' });
}

function block(head: string, lines: readonly string[]): string[] {
  return lines.length === 0 ? [] : [`${head} {`, ...lines, '}'];
}

const listenLines = (listen: readonly string[]): string[] =>
  listen.length === 0 ? [] : [`listen ${listen.map(quote).join(' ')};`];

/** Without an address it is off; with TLS alone it is on all the same. */
function switchLines({ listen, tls }: ListenSettings): string[] {
  if (listen.length === 0 && tls === undefined) return ['enabled off;'];
  return ['enabled on;', ...listenLines(listen)];
}

function tlsLines(tls: ListenSettings['tls']): string[] {
  if (tls === undefined) return [];
  const { listen, cert, key } = tls;
  return ['enabled on;', ...listenLines(listen), `cert ${quote(cert)};`, `key ${quote(key)};`];
}

const onOff = (value: boolean): string => (value ? 'on' : 'off');
