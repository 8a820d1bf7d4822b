// The HTTP API: shape of the answers compared with what SRS gave, paging, kicking, and what pages of others may not do.
import { beforeEach, describe, expect, it } from 'vitest';
import { defaultLimits } from '../../../src/core/base/limits.ts';
import { Api } from '../../../src/core/control/api/api.ts';
import { Float, writeJson } from '../../../src/core/control/api/json.ts';
import { Sessions } from '../../../src/core/control/sessions.ts';
import { Stats } from '../../../src/core/control/stats.ts';
import type { SystemReading } from '../../../src/core/control/system.ts';
import { Hub } from '../../../src/core/media/hub.ts';
import type { HttpExchange, HttpHeaders } from '../../../src/core/wire/http/exchange.ts';
import { aacTrack, audio, h264Track, video } from '../../tools/builders.ts';
import { SeedRng, VirtualClock } from '../../tools/fakes.ts';

const reading: SystemReading = {
  pid: 18579,
  ppid: 1,
  argv: 'srsx serve',
  cwd: '/',
  memKbyte: 72616,
  memRatio: 0.003,
  cpuRatio: 0.04,
  uptimeSeconds: 60.7,
  system: {
    cpuRatio: 0.03,
    diskReadKbps: 0,
    diskWriteKbps: 23,
    diskBusyRatio: 0,
    ramKbyte: 24684096,
    ramRatio: 0.02,
    swapKbyte: 0,
    swapRatio: 0,
    cpus: 2,
    uptimeSeconds: 3468.11,
    idleSeconds: 5843.35,
    load: [0.12, 0.36, 0.37],
    netSampleMs: 1,
    netReceived: 0,
    netSent: 0,
    loopReceived: 1,
    loopSent: 1,
    tcpConnections: 43,
    tcpEstablished: 6,
    tcpTimeWait: 27,
    udpSockets: 3,
  },
};

let api: Api;
let sessions: Sessions;
let ended: string[];

beforeEach(() => {
  const clock = new VirtualClock();
  const rng = new SeedRng();
  const hub = new Hub({ clock, limits: defaultLimits, gopCache: true, mergeWindow: 0 });
  sessions = new Sessions(clock, rng, 100);
  const stats = new Stats({ hub, clock, rng });
  api = new Api({ clock, hub, sessions, stats, system: { read: () => reading }, version: '0.1.0' });
  ended = [];
  const name = { vhost: '__defaultVhost__', app: 'live', stream: 'livestream' };
  const publication = hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
  publication.retrack([h264Track, aacTrack]);
  publication.write(video({ at: 0, key: true }));
  publication.write(audio({ at: 0 }));
  const common = {
    peer: { host: '127.0.0.1', port: 4000 },
    name,
    pageUrl: '',
    swfUrl: '',
    tcUrl: 'rtmp://127.0.0.1/live',
  };
  for (const type of ['fmle-publish', 'rtmp-play', 'flv-play']) {
    sessions.open({
      ...common,
      protocol: 'rtmp',
      type,
      publish: type === 'fmle-publish',
      shownName: type === 'flv-play' ? 'livestream.flv' : 'livestream',
      end: (reason) => ended.push(`${type} ${reason.code}`),
    });
  }
});

interface Reply {
  status: number;
  headers: HttpHeaders;
  body: string;
  json: Record<string, never>;
}

function ask(
  target: string,
  { method = 'GET', headers = {} }: { method?: string; headers?: Record<string, string> } = {},
): Reply {
  const url = new URL(target, 'http://127.0.0.1:1985');
  let reply: Reply | undefined;
  const unused = (): never => {
    throw new Error('not used');
  };
  const exchange: HttpExchange = {
    request: {
      method,
      path: url.pathname,
      query: url.searchParams,
      search: url.search,
      header: (name) => ({ host: '127.0.0.1:1985', ...headers })[name],
      peer: { host: '127.0.0.1', port: 1 },
      local: { host: '127.0.0.1', port: 1985 },
      secure: false,
      webSocket: false,
    },
    send: unused,
    reply: (status, replyHeaders, body = '') => {
      const text = String(body);
      reply = { status, headers: replyHeaders, body: text, json: text.startsWith('{') ? JSON.parse(text) : {} };
    },
    stream: unused,
    upgrade: unused,
    body: unused,
  };
  api.handle(exchange);
  if (reply === undefined) throw new Error('no answer');
  return reply;
}

/** Keys and types of an answer; SRS's must all be there with the same types. */
function expectShape(mine: unknown, theirs: unknown, path = ''): void {
  if (theirs === null || typeof theirs !== 'object') {
    expect(typeof mine, path).toBe(typeof theirs);
    return;
  }
  if (Array.isArray(theirs)) {
    expect(Array.isArray(mine), path).toBe(true);
    for (const [index, one] of theirs.entries()) expectShape((mine as unknown[])[index], one, `${path}[${index}]`);
    return;
  }
  for (const [key, value] of Object.entries(theirs))
    expectShape((mine as Record<string, unknown>)?.[key], value, `${path}.${key}`);
}

/** Captured from SRS 7.0.18 (../shared/srs/03-http-api.md); values differ, keys and types must not. */
const captured = {
  '/api/v1/versions':
    '{"code":0,"server":"vid-i817rm4","service":"j1623142","pid":"18579","data":{"major":7,"minor":0,"revision":18,"version":"7.0.18"}}',
  '/api/v1/summaries':
    '{"code":0,"server":"","service":"","pid":"","data":{"ok":true,"now_ms":1795464680315,"self":{"version":"7.0.18","pid":18579,"ppid":1,"argv":"","cwd":"","mem_kbyte":72616,"mem_percent":0.00,"cpu_percent":0.04,"srs_uptime":60},"system":{"cpu_percent":0.03,"disk_read_KBps":0,"disk_write_KBps":23,"disk_busy_percent":0.00,"mem_ram_kbyte":24684096,"mem_ram_percent":0.02,"mem_swap_kbyte":0,"mem_swap_percent":0.00,"cpus":2,"cpus_online":2,"uptime":3468.11,"ilde_time":5843.35,"load_1m":0.12,"load_5m":0.36,"load_15m":0.37,"net_sample_time":1,"net_recv_bytes":0,"net_send_bytes":0,"net_recvi_bytes":1,"net_sendi_bytes":1,"srs_sample_time":1,"srs_recv_bytes":1,"srs_send_bytes":1,"conn_sys":43,"conn_sys_et":6,"conn_sys_tw":27,"conn_sys_udp":3,"conn_srs":3}}}',
  '/api/v1/streams/':
    '{"code":0,"streams":[{"id":"vid-t44v3n1","name":"livestream","vhost":"vid-59ql867","app":"live","tcUrl":"rtmp://127.0.0.1:21935/live","url":"/live/livestream","live_ms":1795464704015,"clients":3,"frames":1000,"send_bytes":5502894,"recv_bytes":2886317,"kbps":{"recv_30s":576,"send_30s":1120},"publish":{"active":true,"cid":"21xva923"},"video":{"codec":"H264","profile":"High","level":"3","width":640,"height":360},"audio":{"codec":"AAC","sample_rate":44100,"channel":2,"profile":"LC"}}]}',
  '/api/v1/clients/':
    '{"code":0,"clients":[{"id":"21xva923","vhost":"vid-59ql867","stream":"vid-t44v3n1","ip":"127.0.0.1","pageUrl":"","swfUrl":"","tcUrl":"rtmp://127.0.0.1:21935/live","url":"/live/livestream","name":"livestream","type":"fmle-publish","publish":true,"alive":40.45,"send_bytes":4384,"recv_bytes":2882652,"kbps":{"recv_30s":575,"send_30s":0}}]}',
  '/api/v1/vhosts/':
    '{"code":0,"vhosts":[{"id":"vid-59ql867","name":"__defaultVhost__","enabled":true,"clients":3,"streams":1,"send_bytes":5502894,"recv_bytes":2886317,"kbps":{"recv_30s":576,"send_30s":1120},"hls":{"enabled":true}}]}',
};

describe('the API', () => {
  it.each(Object.entries(captured))('answers %s with the keys and types of SRS', (path, theirs) => {
    const { status, json } = ask(path);

    expect(status).toBe(200);
    expectShape(json, JSON.parse(theirs));
  });

  it('says in the words of SRS what is in a stream', () => {
    const { json } = ask('/api/v1/streams/') as unknown as { json: { streams: Record<string, unknown>[] } };

    expect(json.streams[0]).toMatchObject({
      name: 'livestream',
      url: '/live/livestream',
      clients: 3,
      publish: { active: true },
      video: { codec: 'H264', profile: 'High', level: '3', width: 640, height: 360 },
      audio: { codec: 'AAC', sample_rate: 44100, channel: 2, profile: 'LC' },
    });
  });

  it('redirects lists to their form with a slash and keeps the query', () => {
    const { status, headers } = ask('/api/v1/streams?count=20');

    expect(status).toBe(302);
    expect(headers['Location']).toBe('/api/v1/streams/?count=20');
  });

  it('gives one stream and one client by id, and the codes of SRS when there is none', () => {
    const streams = ask('/api/v1/streams/').json as unknown as { streams: { id: string }[] };
    const clients = ask('/api/v1/clients/').json as unknown as { clients: { id: string }[] };

    expect(ask(`/api/v1/streams/${streams.streams[0]?.id}`).json).toMatchObject({ stream: { name: 'livestream' } });
    expect(ask(`/api/v1/clients/${clients.clients[1]?.id}`).json).toMatchObject({ client: { type: 'rtmp-play' } });
    expect(ask('/api/v1/streams/nosuch').body).toBe('{"code":2048}');
    expect(ask('/api/v1/clients/nosuch').body).toBe('{"code":2049}');
    expect(ask('/api/v1/vhosts/nosuch').body).toBe('{"code":2014}');
  });

  it('ends a client by DELETE', () => {
    const clients = ask('/api/v1/clients/').json as unknown as { clients: { id: string; type: string }[] };
    const player = clients.clients.find((one) => one.type === 'flv-play');

    expect(ask(`/api/v1/clients/${player?.id}`, { method: 'DELETE' }).json).toMatchObject({ code: 0 });

    expect(ended).toEqual(['flv-play ADMISSION_KICKED']);
    expect(ask('/api/v1/clients/nosuch', { method: 'DELETE' }).body).toBe('{"code":2049}');
    expect(ask('/api/v1/streams/x', { method: 'DELETE' }).status).toBe(405);
  });

  it('does not let a page of another site end clients', () => {
    const headers = { origin: 'https://evil.example' };
    const { clients } = ask('/api/v1/clients/').json as unknown as { clients: { id: string }[] };

    const { status } = ask(`/api/v1/clients/${clients[0]?.id}`, { method: 'DELETE', headers });

    expect(status).toBe(403);
    expect(ended).toEqual([]);
  });

  it('pages lists', () => {
    const { clients, total } = ask('/api/v1/clients/?start=1&count=1').json as unknown as {
      clients: unknown[];
      total: number;
    };

    expect(clients).toHaveLength(1);
    expect(total).toBe(3);
    expect(ask('/api/v1/clients/?start=-5&count=99999999').json).toMatchObject({ total: 3 });
    expect(ask('/api/v1/clients/?start=x&count=y').json).toMatchObject({ total: 3 });
  });

  it('calls back by JSONP with a plain name only', () => {
    expect(ask('/api/v1/versions?callback=cb.one').body).toMatch(/^cb\.one\(\{.*\}\)$/);
    for (const bad of ['alert(1)//', '<script>', 'a;b', '%00']) {
      expect(ask(`/api/v1/versions?callback=${encodeURIComponent(bad)}`).status, bad).toBe(400);
    }
  });

  it('answers the unknown with an index, as SRS does', () => {
    expect(ask('/api/v1/unknown').json).toMatchObject({ code: 0, urls: { versions: expect.any(String) } });
    expect(ask('/').json).toMatchObject({ code: 0, urls: { api: expect.any(String) } });
    expect(ask('/api/v1/versions', { method: 'PATCH' }).status).toBe(405);
  });

  it('prints floats with two decimals', () => {
    expect(writeJson({ a: new Float(4), b: [new Float(0.126), 3], c: undefined, d: Number.NaN })).toBe(
      '{"a":4.00,"b":[0.13,3],"d":0}',
    );
  });
});
