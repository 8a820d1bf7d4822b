// Global settings, at the root of the file.
import { accepted, block, endpoints, float, int, list, own, supported, text, toggle } from '../setting.ts';

/** Directives outside of all blocks. */
export const root = block('', {
  include: supported(
    list(
      [],
      'path...',
      'Inline other config files at this point (one or more paths, relative to work dir); allowed at any nesting level.',
      { env: [] },
    ),
  ),
  listen: supported(
    endpoints(
      [],
      'RTMP listen endpoints, space separated `[ip:]port`; moved to `rtmp.listen` in 7.0.64 (old form still transformed).',
      { defaultText: '(required unless -e)', follows: () => 'rtmp.listen' },
    ),
  ),
  chunk_size: supported(
    int(60000, '128..65536', 'RTMP output chunk size, global default; moved to `rtmp.chunk_size` in 7.0.64.', {
      env: ['SRS_CHUNK_SIZE', 'SRS_VHOST_CHUNK_SIZE'],
      follows: () => 'rtmp.chunk_size',
    }),
  ),
  pid: supported(
    text(
      './objs/srs.pid',
      'path',
      'PID file (also names the server-id file: same path with .id); srsx writes it only when this is written, or the server is in the background.',
    ),
  ),
  server_id: supported(
    text('', 'string', 'Server id shown in API, hooks, heartbeat.', {
      defaultText: 'saved id file, else random `vid-xxxxxxx`',
    }),
  ),
  ff_log_dir: supported(
    text(
      './objs',
      'path',
      'Directory for the FFmpeg child logs; `/dev/null` disables. Not written, there are no files: the API shows the newest lines.',
    ),
  ),
  ff_log_level: supported(text('info', 'enum', 'FFmpeg -loglevel for child processes.')),
  srs_log_tank: supported(
    text(
      'file',
      'console/file',
      'Where the log goes; anything other than `console` means file. Not written, it is the console unless srs_log_file is written, or the server is in the background.',
      {
        env: ['SRS_SRS_LOG_TANK', 'SRS_LOG_TANK'],
        defaultText: 'file (console when docker detected or with -e)',
      },
    ),
  ),
  srs_log_level: supported(
    text('trace', 'verbose/info/trace/warn/error', 'Log level in the v1 naming.', {
      env: ['SRS_SRS_LOG_LEVEL', 'SRS_LOG_LEVEL'],
    }),
  ),
  srs_log_level_v2: supported(
    text('', 'trace/debug/info/warn/error', 'Log level in the v2 naming; overrides srs_log_level when set.', {
      env: ['SRS_SRS_LOG_LEVEL_V2', 'SRS_LOG_LEVEL_V2'],
      defaultText: '(empty: use srs_log_level)',
    }),
  ),
  srs_log_file: supported(
    text('./objs/srs.log', 'path', 'Log file path when tank is file.', {
      env: ['SRS_SRS_LOG_FILE', 'SRS_LOG_FILE'],
    }),
  ),
  max_connections: supported(
    int(1000, '', 'Max connections (all protocols); start fails if value+128 >= open-file limit.'),
  ),
  accelerators: own(
    toggle(
      true,
      'Datagrams in batches, SRTP and what players over TCP are sent by calls into the system, where koffi is installed (64-bit Linux); off: only by the modules of Node. The variable is heard by all commands.',
    ),
  ),
  daemon: supported(
    toggle(
      true,
      'Fork to background (forced off in docker). Not written, srsx stays in the foreground, as service managers want it.',
    ),
  ),
  utc_time: supported(toggle(false, 'Use UTC for log time and path-template time.')),
  pithy_print_ms: supported(
    int(
      10000,
      'ms',
      'Interval of the periodic log line, of which each kind of session has one; 0: none. Not written, there is none on a terminal.',
    ),
  ),
  work_dir: supported(text('./', 'path', 'The server changes to this directory at its start.')),
  asprocess: supported(toggle(false, 'Quit when the parent process changes (supervisor mode); error with daemon on.')),
  empty_ip_ok: supported(
    toggle(true, 'Silently drop connections whose peer IP is empty (load balancer probes). Off: the log says so.'),
  ),
  in_docker: supported(toggle(false, 'Force docker mode when auto detect (/proc/1/cgroup has "/docker") fails.')),
  grace_start_wait: supported(int(2300, 'ms', 'Graceful quit: wait before closing listeners.')),
  grace_final_wait: supported(int(3200, 'ms', 'Graceful quit: final wait for cleanup.')),
  force_grace_quit: supported(toggle(false, 'Treat SIGTERM as graceful quit.')),
  disable_daemon_for_docker: supported(toggle(true, 'Force daemon off in docker (in_docker).')),
  inotify_auto_reload: supported(toggle(false, 'Watch config file by inotify and reload on change.')),
  auto_reload_for_docker: supported(toggle(true, 'Turn inotify_auto_reload on in docker.')),
  tcmalloc_release_rate: accepted(
    'srsx does not use tcmalloc',
    float(0.8, '0..10', 'Release rate of tcmalloc (builds with gperf only).'),
  ),
  query_latest_version: accepted(
    'srsx asks no vendor for versions',
    toggle(false, 'Ask the vendor API for the newest version.', { kind: 'off only for off' }),
  ),
  first_wait_for_qlv: accepted(
    'srsx asks no vendor for versions',
    int(300, 's', 'First wait before querying latest version.'),
  ),
  is_full: supported(toggle(false, 'Marker; `on` makes the config check fail ("never use full.conf").', { env: [] })),
});
