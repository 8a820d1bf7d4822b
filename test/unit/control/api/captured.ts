// Answers captured from SRS 7.0.18 with one publisher and two players, as the papers about SRS have them; values differ,
// keys and types must not. Names of fields alone stand for the numbers of the kernel.

const fields = (names: string, texts = ''): Record<string, unknown> =>
  Object.fromEntries([
    ...names.split(',').map((name): [string, unknown] => [name, 1]),
    ...texts
      .split(',')
      .filter((name) => name !== '')
      .map((name): [string, unknown] => [name, 'x']),
    ['ok', true],
  ]);

const envelope = { code: 0, server: 'vid-i817rm4', service: 'j1623142', pid: '18579' };
const data = (value: unknown): unknown => ({ ...envelope, data: value });
const parse = (text: string): unknown => JSON.parse(text);

export const captured: Readonly<Record<string, unknown>> = {
  '/api/v1/versions': data(parse('{"major":7,"minor":0,"revision":18,"version":"7.0.18"}')),
  '/api/v1/summaries': data(
    parse(
      '{"ok":true,"now_ms":1795464680315,"self":{"version":"7.0.18","pid":18579,"ppid":1,"argv":"./objs/srs -c x.conf","cwd":"/usr/local/srs","mem_kbyte":72616,"mem_percent":0.00,"cpu_percent":0.04,"srs_uptime":60},"system":{"cpu_percent":0.03,"disk_read_KBps":0,"disk_write_KBps":23,"disk_busy_percent":0.00,"mem_ram_kbyte":24684096,"mem_ram_percent":0.02,"mem_swap_kbyte":0,"mem_swap_percent":0.00,"cpus":2,"cpus_online":2,"uptime":3468.11,"ilde_time":5843.35,"load_1m":0.12,"load_5m":0.36,"load_15m":0.37,"net_sample_time":1795464673811,"net_recv_bytes":0,"net_send_bytes":0,"net_recvi_bytes":2027648,"net_sendi_bytes":2027648,"srs_sample_time":1795464679817,"srs_recv_bytes":1172499,"srs_send_bytes":2049540,"conn_sys":43,"conn_sys_et":6,"conn_sys_tw":27,"conn_sys_udp":3,"conn_srs":3}}',
    ),
  ),
  '/api/v1/rusages': data(
    fields(
      'sample_time,ru_utime,ru_stime,ru_maxrss,ru_ixrss,ru_idrss,ru_isrss,ru_minflt,ru_majflt,ru_nswap,ru_inblock,ru_oublock,ru_msgsnd,ru_msgrcv,ru_nsignals,ru_nvcsw,ru_nivcsw',
    ),
  ),
  '/api/v1/self_proc_stats': data(
    fields(
      'sample_time,percent,pid,ppid,pgrp,session,tty_nr,tpgid,flags,minflt,cminflt,majflt,cmajflt,utime,stime,cutime,cstime,priority,nice,num_threads,itrealvalue,starttime,vsize,rss,rsslim,startcode,endcode,startstack,kstkesp,kstkeip,signal,blocked,sigignore,sigcatch,wchan,nswap,cnswap,exit_signal,processor,rt_priority,policy,delayacct_blkio_ticks,guest_time,cguest_time',
      'comm,state',
    ),
  ),
  '/api/v1/system_proc_stats': data(fields('sample_time,percent,user,nice,sys,idle,iowait,irq,softirq,steal,guest')),
  '/api/v1/meminfos': data(
    fields(
      'sample_time,percent_ram,percent_swap,MemActive,RealInUse,NotInUse,MemTotal,MemFree,Buffers,Cached,SwapTotal,SwapFree',
    ),
  ),
  '/api/v1/authors': data({ license: 'MIT', contributors: 'x' }),
  '/api/v1/features': data({
    options: 'x',
    options2: 'x',
    build: 'x',
    build2: 'x',
    features: Object.fromEntries(
      'ssl,hls,hds,callback,api,httpd,dvr,transcode,ingest,stat,caster,complex_send,tcp_nodelay,so_sendbuf,mr'
        .split(',')
        .map((name) => [name, true]),
    ),
  }),
  '/api/v1/vhosts/': {
    ...envelope,
    vhosts: [
      parse(
        '{"id":"vid-59ql867","name":"__defaultVhost__","enabled":true,"clients":3,"streams":1,"send_bytes":5502894,"recv_bytes":2886317,"kbps":{"recv_30s":576,"send_30s":1120},"hls":{"enabled":true,"fragment":4.00}}',
      ),
    ],
  },
  '/api/v1/streams/': {
    ...envelope,
    streams: [
      parse(
        '{"id":"vid-t44v3n1","name":"livestream","vhost":"vid-59ql867","app":"live","tcUrl":"rtmp://127.0.0.1:21935/live","url":"/live/livestream","live_ms":1795464704015,"clients":3,"frames":1000,"send_bytes":5502894,"recv_bytes":2886317,"kbps":{"recv_30s":576,"send_30s":1120},"publish":{"active":true,"cid":"21xva923"},"video":{"codec":"H264","profile":"High","level":"3","width":640,"height":360},"audio":{"codec":"AAC","sample_rate":44100,"channel":2,"profile":"LC"}}',
      ),
    ],
  },
  '/api/v1/clients/': {
    ...envelope,
    clients: [
      parse(
        '{"id":"21xva923","vhost":"vid-59ql867","stream":"vid-t44v3n1","ip":"127.0.0.1","pageUrl":"","swfUrl":"","tcUrl":"rtmp://127.0.0.1:21935/live","url":"/live/livestream","name":"livestream","type":"fmle-publish","publish":true,"alive":40.45,"send_bytes":4384,"recv_bytes":2882652,"kbps":{"recv_30s":575,"send_30s":0}}',
      ),
    ],
  },
  '/api/v1/clusters?vhost=__defaultVhost__&app=live&stream=livestream': parse(
    '{"code":0,"data":{"query":{"ip":"","vhost":"__defaultVhost__","app":"live","stream":"livestream"},"origin":{"ip":"10.9.9.9","port":21935,"vhost":"__defaultVhost__","api":"10.9.9.9:21985","routers":["10.9.9.9:21985"]}}}',
  ),
  '/api/v1/raw?rpc=raw': parse(
    '{"code":0,"http_api":{"enabled":true,"listen":"21985","crossdomain":true,"raw_api":{"enabled":true,"allow_reload":true,"allow_query":false,"allow_update":false}}}',
  ),
  '/api/v1/raw?rpc=reload-fetch': parse('{"code":0,"data":{"err":0,"msg":"Success","state":0,"rid":"9l11s94"}}'),
  '/api/v1/tests/requests': data(
    parse(
      '{"uri":"http://127.0.0.1/api/v1/tests/requests","path":"/api/v1/tests/requests","METHOD":"GET","headers":{"sigature":"SRS","version":"7.0.18","link":"https://github.com/ossrs/srs","time":1795464775581}}',
    ),
  ),
  '/api/v1/tests/errors': { code: 100 },
  '/api/v1/streams/nosuch': { code: 2048 },
  '/api/v1/clients/nosuch': { code: 2049 },
  '/api/v1/vhosts/nosuch': { code: 2014 },
};

/** What srsx, or a later SRS, has beside them: `path.to.member`. */
export const beside: ReadonlySet<string> = new Set([
  'data.srsx',
  'total',
  'streams.0.audio_frames',
  'streams.0.video_frames',
]);
