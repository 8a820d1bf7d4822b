// The whole schema: every directive of SRS by its path, such as `vhost.hls.hls_fragment`.
import type { Setting } from '../setting.ts';
import * as caster from './caster.ts';
import * as http from './http.ts';
import * as process from './process.ts';
import * as report from './report.ts';
import * as root from './root.ts';
import * as rtc from './rtc.ts';
import * as rtmp from './rtmp.ts';
import * as rtsp from './rtsp.ts';
import * as srt from './srt.ts';
import * as vhost from './vhost.ts';
import * as vhostFfmpeg from './vhost-ffmpeg.ts';
import * as vhostFile from './vhost-file.ts';
import * as vhostHttp from './vhost-http.ts';
import * as vhostLive from './vhost-live.ts';
import * as vhostProtocol from './vhost-protocol.ts';

/** Every directive by its path. */
export const schema = {
  ...root.root,
  ...rtmp.rtmp,
  ...rtmp.rtmps,
  ...http.httpApi,
  ...http.httpApiRawApi,
  ...http.httpApiAuth,
  ...http.httpApiHttps,
  ...http.httpServer,
  ...http.httpServerHttps,
  ...srt.srtServer,
  ...rtc.rtcServer,
  ...rtc.rtcServerTcp,
  ...rtc.rtcServerBlackHole,
  ...rtsp.rtspServer,
  ...caster.streamCaster,
  ...caster.streamCasterSip,
  ...process.threads,
  ...process.circuitBreaker,
  ...process.tencentcloudCls,
  ...process.tencentcloudApm,
  ...report.exporter,
  ...report.heartbeat,
  ...report.heartbeatAuth,
  ...report.stats,
  ...vhost.vhost,
  ...vhost.vhostRefer,
  ...vhost.vhostSecurity,
  ...vhostLive.vhostPublish,
  ...vhostLive.vhostPlay,
  ...vhostLive.vhostCluster,
  ...vhostLive.vhostForward,
  ...vhostLive.vhostExec,
  ...vhostProtocol.vhostSrt,
  ...vhostProtocol.vhostRtc,
  ...vhostProtocol.vhostRtsp,
  ...vhostHttp.vhostHttpStatic,
  ...vhostHttp.vhostHttpRemux,
  ...vhostHttp.vhostHttpHooks,
  ...vhostFile.vhostHls,
  ...vhostFile.vhostDash,
  ...vhostFile.vhostHds,
  ...vhostFile.vhostDvr,
  ...vhostFfmpeg.vhostIngest,
  ...vhostFfmpeg.vhostIngestInput,
  ...vhostFfmpeg.vhostTranscode,
  ...vhostFfmpeg.vhostIngestEngine,
  ...vhostFfmpeg.vhostTranscodeEngine,
};

/** A path of the schema. */
export type Path = keyof typeof schema;
/** What a path's value is. */
export type ValueOf<P extends Path> = (typeof schema)[P] extends Setting<infer Value> ? Value : never;

/** The declaration of a path, or undefined for words that are none. */
export const settingAt = (path: string): Setting | undefined => (schema as Readonly<Record<string, Setting>>)[path];
