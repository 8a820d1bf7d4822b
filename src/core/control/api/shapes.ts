// The forms of what the API shows: SRS's members first, in its words; what srsx adds comes behind them.
import { breakerLevels } from '../circuit-breaker.ts';
import {
  anything,
  flag,
  float,
  int,
  list,
  type Members,
  map,
  maybe,
  nullOr,
  object,
  type Shape,
  text,
} from './shape.ts';

const kbps = object(
  { recv_30s: int('kbit/s received, average of 30 s'), send_30s: int('kbit/s sent, average of 30 s') },
  'Averages of the last 30 seconds.',
);

/** A vhost. */
export const vhostShape = object({
  id: text(),
  name: text(),
  enabled: flag(),
  clients: int('Publishers and players.'),
  streams: int('Streams that somebody publishes.'),
  send_bytes: int(),
  recv_bytes: int(),
  kbps,
  hls: object({ enabled: flag(), fragment: maybe(float('Seconds.')) }),
});

/** A stream. */
export const streamShape = object({
  id: text(),
  name: text('Without an extension.'),
  vhost: text('The id of its vhost.'),
  app: text(),
  tcUrl: text(),
  url: text('[vhost]/app/stream'),
  live_ms: int("The server's clock, in milliseconds since 1970."),
  clients: int(),
  frames: int('Frames of pictures.'),
  audio_frames: int(),
  video_frames: int(),
  send_bytes: int(),
  recv_bytes: int(),
  kbps,
  publish: object({ active: flag(), cid: maybe(text('The client that publishes, or published last.')) }),
  video: nullOr(object({ codec: text(), profile: text(), level: text(), width: int(), height: int() })),
  audio: nullOr(object({ codec: text(), sample_rate: int(), channel: int(), profile: text() })),
});

/** A client. */
export const clientShape = object({
  id: text(),
  vhost: text('The id of its vhost.'),
  stream: text('The id of its stream; empty while there is none.'),
  ip: text(),
  pageUrl: text(),
  swfUrl: text(),
  tcUrl: text(),
  url: text(),
  name: text('With the extension of HTTP.'),
  type: text('fmle-publish, rtmp-play, flv-play, hls-play ...'),
  publish: flag(),
  alive: float('Seconds.'),
  send_bytes: int(),
  recv_bytes: int(),
  kbps,
});

const ints = (names: string): Members => Object.fromEntries(names.split(' ').map((name) => [name, int()]));

/** What a reading of the kernel begins with. */
const sampled: Members = { ok: flag(), sample_time: int('Milliseconds since 1970.') };

/** The process and the machine. */
export const summaryShape = object({
  ok: flag('Off: the directive stats.enabled is off, and the machine is not read.'),
  now_ms: int(),
  self: object({
    version: text(),
    pid: int(),
    ppid: int(),
    argv: text(),
    cwd: text(),
    mem_kbyte: int(),
    mem_percent: float('0 to 1.'),
    cpu_percent: float('1: one whole core.'),
    srs_uptime: int('Seconds.'),
  }),
  system: object({
    cpu_percent: float('0 to 1, of all cores.'),
    disk_read_KBps: int('Of the devices that stats.disk names.'),
    disk_write_KBps: int(),
    disk_busy_percent: float('0 to 1.'),
    mem_ram_kbyte: int(),
    mem_ram_percent: float('0 to 1.'),
    mem_swap_kbyte: int(),
    mem_swap_percent: float('0 to 1.'),
    cpus: int(),
    cpus_online: int(),
    uptime: float('Seconds.'),
    ilde_time: float('Seconds; the name is that of SRS.'),
    load_1m: float(),
    load_5m: float(),
    load_15m: float(),
    ...ints('net_sample_time net_recv_bytes net_send_bytes net_recvi_bytes net_sendi_bytes'),
    ...ints('srs_sample_time srs_recv_bytes srs_send_bytes conn_sys conn_sys_et conn_sys_tw conn_sys_udp conn_srs'),
  }),
});

/** getrusage(2). */
export const usageShape = object({
  ...sampled,
  ...ints('ru_utime ru_stime ru_maxrss ru_ixrss ru_idrss ru_isrss ru_minflt ru_majflt ru_nswap ru_inblock ru_oublock'),
  ...ints('ru_msgsnd ru_msgrcv ru_nsignals ru_nvcsw ru_nivcsw'),
});

/** /proc/self/stat. */
export const processShape = object({
  ...sampled,
  percent: float('1: one whole core.'),
  pid: int(),
  comm: text(),
  state: text(),
  ...ints('ppid pgrp session tty_nr tpgid flags minflt cminflt majflt cmajflt utime stime cutime cstime priority nice'),
  ...ints('num_threads itrealvalue starttime vsize rss rsslim startcode endcode startstack kstkesp kstkeip signal'),
  ...ints('blocked sigignore sigcatch wchan nswap cnswap exit_signal processor rt_priority policy'),
  ...ints('delayacct_blkio_ticks guest_time cguest_time'),
});

/** /proc/stat. */
export const cpuShape = object({
  ...sampled,
  percent: float('0 to 1, of all cores.'),
  ...ints('user nice sys idle iowait irq softirq steal guest'),
});

/** /proc/meminfo. */
export const memoryShape = object({
  ...sampled,
  percent_ram: float('0 to 1.'),
  percent_swap: float('0 to 1.'),
  ...ints('MemActive RealInUse NotInUse MemTotal MemFree Buffers Cached SwapTotal SwapFree'),
});

/** What a build can do; SRS's names. */
export const featureNames =
  'ssl hls hds callback api httpd dvr transcode ingest stat caster complex_send tcp_nodelay so_sendbuf mr'.split(' ');

/** Build and features. */
export const featuresShape = object({
  options: text(),
  options2: text(),
  build: text(),
  build2: text(),
  features: object(Object.fromEntries(featureNames.map((name) => [name, flag()]))),
});

/** The configuration of the API, as rpc=raw shows it. */
export const rawShape = object({
  enabled: flag(),
  listen: text(),
  crossdomain: flag(),
  raw_api: object({ enabled: flag(), allow_reload: flag(), allow_query: flag(), allow_update: flag() }),
});

/** The result of the last reload. */
export const reloadShape = object({
  err: int("0, or the number of the error of SRS's."),
  msg: text(),
  state: int('0: never asked; 10: under way; 90: done.'),
  rid: text(),
});

/** Which server has a stream. */
export const clusterShape = object({
  query: object({ ip: text(), vhost: text(), app: text(), stream: text() }),
  origin: nullOr(
    object({
      ip: text(),
      port: int(),
      vhost: text(),
      api: text(),
      routers: list(text('ip:port of an API.')),
      http: maybe(int('Port of live streams over HTTP, for those who ask with http=on; SRS does not know it.')),
    }),
  ),
});

/** The request, echoed. */
export const requestShape = object({
  uri: text(),
  path: text(),
  METHOD: text(),
  headers: object({ sigature: text('The name is that of SRS.'), version: text(), link: text(), time: int() }),
});

const trackShape = object({
  id: int(),
  kind: text(undefined, ['video', 'audio', 'data']),
  codec: text(),
  epoch: int('Grows with each change of parameters.'),
});

/** How well a stream does. */
export const healthShape = object({
  id: text(),
  url: text(),
  published: flag(),
  players: int(),
  tracks: list(trackShape),
  kbps,
  fps: float('Pictures a second, average of 30 s.'),
  gop: object({ frames: int(), seconds: float() }, 'The last complete group of pictures.'),
  av_offset_ms: int('How far the picture is ahead of the sound.'),
  lag_ms: int('Media that the slowest player has still to be given.'),
  first_frame_ms: nullOr(int(), 'From the begin of the publication to its first frame.'),
  players_first_frame_ms: nullOr(int(), 'How long players waited for their first media, on average.'),
  dropped_packets: int('Jumped over because players were too slow.'),
  headless_frames: int('Pictures before the first key frame.'),
  repairs: object({ jumps: int(), lifts: int() }, 'Of time stamps.'),
  clients: map(int(), 'By protocol.'),
});

/** What the circuit breaker sees and does. */
export const loadShape = object({
  cpu_percent: float('Of one core, in the last second.'),
  level: text('See circuit_breaker in the configuration.', breakerLevels),
});

/** Everything about a client. */
export const sessionShape = object({
  ...(clientShape as Shape & { members: Members }).members,
  protocol: text(),
  port: int('Of the client.'),
  details: map(anything(), 'What else its protocol knows.'),
});

/** A directive with its value. */
export const settingShape = object({
  directive: text(),
  vhost: text('Empty outside of vhosts.'),
  value: text('In the form of the file; secrets are not shown.'),
  from: text('Where it comes from: file:line, a variable, default.'),
  changed: flag('The API set it.'),
});

/** A program that the server runs, or an input that it reads by itself. */
export const programShape = object({
  kind: text('What it is for.', ['ingest', 'transcode', 'exec']),
  title: text('The stream or the block.'),
  state: text('running, waiting, failed, stopped, or the state of a native input.'),
  pid: nullOr(int()),
  seconds: int('Since its last start.'),
  restarts: int(),
  last_end: maybe(nullOr(text('How it ended the last time.'))),
  command: maybe(list(text())),
  via: maybe(text('How a native ingest reads.', ['native', 'ffmpeg'])),
  last_error: maybe(nullOr(text())),
  input: maybe(text()),
  output: maybe(text()),
  stderr: list(text(), 'The newest lines.'),
});

/** A stream on its way to another server. */
export const forwardShape = object({
  kind: text('Always forward.'),
  title: text('The stream.'),
  url: text('Where it goes; values of parameters are hidden.'),
  state: text('What it does.', ['connecting', 'running', 'waiting', 'stopped']),
  bytes: int(),
  reconnects: int(),
  last_error: nullOr(text()),
});

/** A stream that is fetched from an origin or passed on to one. */
export const upstreamShape = object({
  kind: text('Fetched for players, or passed on for a publisher.', ['pull', 'push']),
  stream: text('The stream.'),
  url: nullOr(text('Where it is; values of parameters are hidden.')),
  state: text('What it does.', ['connecting', 'running', 'waiting', 'stopped']),
  bytes: int(),
  players: maybe(int('Of a pull: sessions that play it here.')),
  attempts: maybe(int('Of a pull: connections so far.')),
  last_error: maybe(nullOr(text())),
});
