// The flags of `serve`, each with SRS's variable where there is one.
import { Flags } from '@oclif/core';
import { defaultServeSettings as defaults } from '../core/index.ts';
import { listenFlag, readSwitch, srsMsFlag } from './flags.ts';

/** Read by the command as they are; addresses are checked for their form only, the engine takes them. */
export const serveFlags = {
  'rtmp-listen': listenFlag({
    char: 'p',
    summary: 'RTMP.',
    aliases: ['rtmp-port'],
    env: 'SRS_LISTEN',
    default: [...defaults.rtmp.listen],
  }),
  'http-listen': listenFlag({
    char: 'x',
    summary: 'HTTP and WebSocket: FLV, MPEG-TS, fMP4, AAC, MP3, HLS, WHIP, WHEP and the player page.',
    aliases: ['http-port'],
    env: 'SRS_HTTP_SERVER_LISTEN',
    default: [...defaults.http.listen],
  }),
  'api-listen': listenFlag({
    summary: 'HTTP API.',
    aliases: ['api-port'],
    env: 'SRS_HTTP_API_LISTEN',
    default: [...defaults.api.listen],
  }),
  'srt-listen': listenFlag({ summary: 'SRT (UDP), usually 10080.', env: 'SRS_SRT_SERVER_LISTEN' }),
  'rtc-listen': listenFlag({ summary: 'WebRTC (UDP), usually 8000.', env: 'SRS_RTC_SERVER_LISTEN' }),
  'rtsp-listen': listenFlag({ summary: 'RTSP, usually 8554.', env: 'SRS_RTSP_SERVER_LISTEN' }),
  'rtmps-listen': listenFlag({ summary: 'RTMP over TLS.', env: 'SRS_RTMPS_LISTEN', dependsOn: ['cert', 'key'] }),
  'https-listen': listenFlag({
    summary: 'HTTP over TLS.',
    env: 'SRS_HTTP_SERVER_HTTPS_LISTEN',
    dependsOn: ['cert', 'key'],
  }),
  cert: Flags.file({
    summary: 'Certificate chain (PEM); read again when it changes.',
    env: 'SRS_HTTP_SERVER_HTTPS_CERT',
    exists: true,
    dependsOn: ['key'],
  }),
  key: Flags.file({
    summary: 'Private key (PEM).',
    env: 'SRS_HTTP_SERVER_HTTPS_KEY',
    exists: true,
    dependsOn: ['cert'],
  }),
  'merge-window': srsMsFlag({
    summary: `Collect this much before each write to players; 0 for low latency; default ${defaults.mergeWindowMs}ms.`,
    env: 'SRS_VHOST_PLAY_MW_LATENCY',
  }),
  'gop-cache': Flags.boolean({
    summary: 'Start players at once from the last key frame.',
    allowNo: true,
    noCacheDefault: true,
    default: async () => readSwitch('SRS_VHOST_PLAY_GOP_CACHE', defaults.gopCache),
  }),
  publisher: Flags.option({
    summary: 'What a second publisher of a stream gets.',
    options: ['refuse', 'takeover'] as const,
    default: defaults.publisherPolicy,
  })(),
  hls: Flags.boolean({
    summary: 'HLS with MPEG-TS segments, at /app/stream.m3u8.',
    allowNo: true,
    noCacheDefault: true,
    default: async () => readSwitch('SRS_VHOST_HLS_ENABLED', false),
  }),
  'hls-low-latency': Flags.boolean({
    summary: 'Low-latency HLS with fMP4 parts of 200 ms, at /app/stream.ll.m3u8.',
  }),
  demo: Flags.boolean({ summary: 'Publish a built-in sample as /live/demo, and have WebRTC (UDP port 8000).' }),
};
