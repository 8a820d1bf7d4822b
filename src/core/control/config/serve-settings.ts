// A configuration as the engine's settings: ports, times and limits that the engine has today.
import { defaultLimits, type Limits } from '../../base/limits.ts';
import { fromMs, fromSeconds } from '../../base/time.ts';
import { hasCredential } from '../api/access.ts';
import type { ListenSettings } from '../host.ts';
import { type Config, FALLBACK_VHOST, type Section } from './config.ts';
import type { Notice } from './directive.ts';
import { configErrors } from './errors.ts';

/** What a configuration says to the engine that its parts do not read by themselves, and of the limits. */
export interface ServePlan {
  readonly settings: {
    readonly rtmp: ListenSettings;
    readonly http: ListenSettings;
    readonly api: ListenSettings;
    readonly exporter: ListenSettings;
    /** UDP addresses of SRT. */
    readonly srt: readonly string[];
    /** UDP addresses of WebRTC, and those of its TCP. */
    readonly rtc: readonly string[];
    readonly rtcTcp: readonly string[];
    /** Addresses of RTSP. */
    readonly rtsp: readonly string[];
    /** The even port of its players over UDP; 0: none. */
    readonly rtspUdp: number;
    /** API and HTTP server have the same addresses. */
    readonly apiOnHttp: boolean;
    /** What is on, for those who tell of the server; HLS and DASH read their settings by themselves. */
    readonly hls: { readonly classic: boolean; readonly lowLatency: boolean };
    readonly dash: boolean;
  };
  readonly limits: Partial<Limits>;
  readonly notices: readonly Notice[];
}

/**
 * What the parts of the server do not read for each vhost by themselves is that of the fallback vhost, or of the only one.
 *
 * Errors: CONFIG_SHARED_PORT.
 */
export function planServe(config: Config): ServePlan {
  const { root } = config;
  const { vhost, notices } = chooseVhost(config);
  const http = planHttp(root, 'http_server');
  const { api, apiOnHttp } = planApi(planHttp(root, 'http_api'), http);
  refuseSharedPorts(root, api, http);
  const tls = root.get('rtmps.enabled') ? planTls(root, 'rtmps') : undefined;
  const unplaced = root.get('http_api.enabled') && root.written('http_api.listen') === undefined;
  const localApi = unplaced && !hasCredential(root);
  return {
    settings: {
      rtmp: { listen: root.get('rtmp.listen'), ...(tls && { tls }) },
      http,
      // Nobody wrote where, and the API has no credential: only this machine may ask.
      api: localApi ? { ...api, listen: api.listen.map((port) => `127.0.0.1:${port}`) } : api,
      srt: root.get('srt_server.enabled') ? root.get('srt_server.listen') : [],
      ...planRtc(root),
      rtsp: root.get('rtsp_server.enabled') ? root.get('rtsp_server.listen') : [],
      rtspUdp: root.get('rtsp_server.udp_port'),
      exporter: { listen: root.get('exporter.enabled') ? root.get('exporter.listen') : [] },
      apiOnHttp,
      hls: hlsForms(vhost),
      dash: vhost.get('vhost.dash.enabled'),
    },
    limits: { sessions: root.get('max_connections'), ...vhostLimits(vhost) },
    notices: [...notices, ...(localApi ? [localApiNotice(root)] : [])],
  };
}

function hlsForms(vhost: Section): ServePlan['settings']['hls'] {
  const classic = vhost.get('vhost.hls.enabled');
  // Its parts are not encrypted, so with keys there are none.
  return { classic, lowLatency: classic && vhost.get('vhost.hls.hls_ll') && !vhost.get('vhost.hls.hls_keys') };
}

function planRtc(root: Section): { rtc: readonly string[]; rtcTcp: readonly string[] } {
  if (!root.get('rtc_server.enabled')) return { rtc: [], rtcTcp: [] };
  const tcp = root.get('rtc_server.tcp.enabled');
  return { rtc: root.get('rtc_server.listen'), rtcTcp: tcp ? [String(root.get('rtc_server.tcp.listen'))] : [] };
}

function vhostLimits(vhost: Section): Partial<Limits> {
  const firstMedia = vhost.get('vhost.publish.firstpkt_timeout');
  const silent = vhost.get('vhost.publish.normal_timeout');
  const span = vhost.get('vhost.play.queue_length');
  const frames = vhost.get('vhost.play.gop_cache_max_frames');
  // Garbage is 0 in SRS's language; a time-out of 0 would end every session at once, so 0 stands for the default.
  return {
    firstMediaTime: firstMedia > 0 ? fromMs(firstMedia) : defaultLimits.firstMediaTime,
    silentTime: silent > 0 ? fromMs(silent) : defaultLimits.silentTime,
    feedSpan: span > 0 ? fromSeconds(span) : defaultLimits.feedSpan,
    gopFrames: frames > 0 ? frames : defaultLimits.gopFrames,
  };
}

function chooseVhost(config: Config): { vhost: Section; notices: Notice[] } {
  const all = config.vhosts();
  const only = all.length === 1 ? all[0] : undefined;
  const vhost = config.vhost(FALLBACK_VHOST) ?? only ?? config.root.implied('vhost', FALLBACK_VHOST);
  const text = 'is missing: nobody can publish or play; write vhost __defaultVhost__ { }';
  return { vhost, notices: all.length > 0 ? [] : [{ ...config.root.place, directive: 'vhost', text }] };
}

function planHttp(root: Section, block: 'http_api' | 'http_server'): ListenSettings {
  if (!root.get(`${block}.enabled`)) return { listen: [] };
  const tls = root.get(`${block}.https.enabled`) ? planTls(root, `${block}.https`) : undefined;
  return { listen: root.get(`${block}.listen`), ...(tls && { tls }) };
}

const planTls = (root: Section, block: 'rtmps' | 'http_api.https' | 'http_server.https') => ({
  listen: root.get(`${block}.listen`),
  key: root.get(`${block}.key`),
  cert: root.get(`${block}.cert`),
});

/** With the addresses of the HTTP server, the API has none of its own; with HTTPS for both, neither there. */
function planApi(api: ListenSettings, http: ListenSettings): { api: ListenSettings; apiOnHttp: boolean } {
  const apiOnHttp = sameAddresses(api.listen, http.listen);
  if (!apiOnHttp) return { api, apiOnHttp };
  return { api: { listen: [], ...(api.tls && !http.tls && { tls: api.tls }) }, apiOnHttp };
}

/** Port 0 is a free one for each, so that it is never the same. */
function sameAddresses(a: readonly string[], b: readonly string[]): boolean {
  const spelled = (words: readonly string[]): string => words.map((word) => word.replace(/^(0\.0\.0\.0)?:/, '')).join();
  return a.length > 0 && spelled(a) === spelled(b) && !a.some((word) => /(^|:)0+$/.test(word));
}

/** Two lists of addresses that share some ports and not all would fail at the second one, with a worse message. */
function refuseSharedPorts(root: Section, api: ListenSettings, http: ListenSettings): void {
  const ports = (plan: ListenSettings): (string | undefined)[] =>
    [...plan.listen, ...(plan.tls?.listen ?? [])].map((word) => /(\d+)$/.exec(word)?.[1]);
  const taken = ports(http);
  const shared = ports(api).find((port) => port !== undefined && Number(port) > 0 && taken.includes(port));
  if (shared === undefined) return;
  throw configErrors.config('SHARED_PORT', { ...root.place, port: shared, directive: 'http_api.listen' });
}

const localApiNotice = (root: Section): Notice => ({
  ...root.place,
  directive: 'http_api.listen',
  text: 'is not written: the API listens on this machine only; write listen 1985; for all interfaces',
});
