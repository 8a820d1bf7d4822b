// The HTTP API in SRS's shape: answers, envelopes, paging and the ending of clients.
import type { Clock } from '../../base/clock.ts';
import { toMs, toSeconds } from '../../base/time.ts';
import type { Hub } from '../../media/hub.ts';
import type { Stream } from '../../media/stream.ts';
import { DEFAULT_VHOST, streamKey, streamUrl } from '../../media/stream-name.ts';
import type { HttpExchange, HttpRequest } from '../../wire/http/exchange.ts';
import type { SessionEntry, Sessions } from '../sessions.ts';
import { describeTrack, type Stats } from '../stats.ts';
import type { SystemReader } from '../system.ts';
import { Float, type Json, writeJson } from './json.ts';

/** The SRS release whose API this is; clients look at it to choose fields. */
export const SRS_VERSION = { major: 7, minor: 0, revision: 143 } as const;
/** The same as text. */
export const SRS_VERSION_TEXT = `${SRS_VERSION.major}.${SRS_VERSION.minor}.${SRS_VERSION.revision}`;

export interface ApiOptions {
  readonly clock: Clock;
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly stats: Stats;
  readonly system: SystemReader;
  /** Version of srsx itself. */
  readonly version: string;
}

/** Codes of answers, which are SRS's. */
const code = { noVhost: 2014, noStream: 2048, noClient: 2049 } as const;

/** SRS 7.0.128 and later: default 10, at least 1. */
const DEFAULT_PAGE = 10;
const MOST_PAGE = 10_000;

type Handler = (request: HttpRequest, id: string) => Json | Answer;

/** An answer that is not a success with an envelope. */
class Answer {
  readonly status: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body: string, headers: Readonly<Record<string, string>> = {}) {
    this.status = status;
    this.body = body;
    this.headers = headers;
  }
}

const failure = (number: number): Answer => new Answer(200, writeJson({ code: number }));
const notAllowed = new Answer(405, 'Method Not Allowed', { 'Content-Type': 'text/plain' });

export class Api {
  readonly #options: ApiOptions;
  readonly #routes: ReadonlyMap<string, Handler>;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#routes = new Map<string, Handler>([
      ['versions', () => ({ data: this.#version() })],
      ['summaries', () => ({ data: this.#summary() })],
      ['vhosts', (request, id) => this.#vhosts(request, id)],
      ['streams', (request, id) => this.#streams(request, id)],
      ['clients', (request, id) => this.#clients(request, id)],
    ]);
  }

  /** Answers every request: what is unknown gets an index, as SRS does. */
  handle(exchange: HttpExchange): void {
    const { request } = exchange;
    const answer = this.#answer(request);
    const callback = request.query.get('callback');
    const headers: Record<string, string> = {
      Server: `SRS/${SRS_VERSION_TEXT}(srsx/${this.#options.version})`,
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      ...cors(request),
      ...answer.headers,
    };
    if (callback === null || answer.status !== 200) {
      exchange.reply(answer.status, headers, answer.body);
      return;
    }
    // A callback is code in somebody's page: only a dotted name may be reflected (CVE-2024-29882 of SRS).
    if (!/^[\w$][\w$.]{0,63}$/.test(callback)) {
      exchange.reply(400, headers, writeJson({ code: 400 }));
      return;
    }
    headers['Content-Type'] = 'text/javascript';
    headers['X-Content-Type-Options'] = 'nosniff';
    exchange.reply(200, headers, `${callback}(${answer.body})`);
  }

  #answer(request: HttpRequest): Answer {
    if (request.method === 'OPTIONS') return new Answer(200, '');
    if (!['GET', 'HEAD', 'DELETE'].includes(request.method)) return notAllowed;
    if (request.method === 'DELETE' && crossSite(request)) return new Answer(403, writeJson({ code: 403 }));
    const [, name = '', slash = '', id = ''] = /^\/api\/v1\/([\w-]*)(\/?)([\w-]*)/.exec(request.path) ?? [];
    const handler = this.#routes.get(name);
    if (handler === undefined) return this.#envelope(request.path.startsWith('/api/') ? apiIndex : rootIndex);
    if (slash === '' && listed.has(name)) {
      const target = `/api/v1/${name}/${request.search}`;
      return new Answer(302, `Redirect to ${target}`, { Location: target, 'Content-Type': 'text/plain' });
    }
    const result = handler(request, id);
    return result instanceof Answer ? result : this.#envelope(result as Record<string, Json>);
  }

  #envelope(members: Readonly<Record<string, Json>>): Answer {
    const { serverId, serviceId } = this.#options.stats;
    const { pid } = this.#options.system.read();
    const body = writeJson({ code: 0, server: serverId, service: serviceId, pid: String(pid), ...members });
    return new Answer(200, body);
  }

  #version(): Json {
    return { ...SRS_VERSION, version: SRS_VERSION_TEXT, srsx: this.#options.version };
  }

  #summary(): Json {
    const { clock, sessions, stats, system } = this.#options;
    const reading = system.read();
    const machine = reading.system;
    stats.tick();
    const now = toMs(clock.wall());
    return {
      ok: true,
      now_ms: now,
      self: {
        version: SRS_VERSION_TEXT,
        pid: reading.pid,
        ppid: reading.ppid,
        argv: reading.argv,
        cwd: reading.cwd,
        mem_kbyte: reading.memKbyte,
        mem_percent: new Float(reading.memRatio),
        cpu_percent: new Float(reading.cpuRatio),
        srs_uptime: Math.floor(reading.uptimeSeconds),
      },
      system: {
        cpu_percent: new Float(machine.cpuRatio),
        disk_read_KBps: machine.diskReadKbps,
        disk_write_KBps: machine.diskWriteKbps,
        disk_busy_percent: new Float(machine.diskBusyRatio),
        mem_ram_kbyte: machine.ramKbyte,
        mem_ram_percent: new Float(machine.ramRatio),
        mem_swap_kbyte: machine.swapKbyte,
        mem_swap_percent: new Float(machine.swapRatio),
        cpus: machine.cpus,
        cpus_online: machine.cpus,
        uptime: new Float(machine.uptimeSeconds),
        // The name is SRS's; dashboards read it.
        ilde_time: new Float(machine.idleSeconds),
        load_1m: new Float(machine.load[0]),
        load_5m: new Float(machine.load[1]),
        load_15m: new Float(machine.load[2]),
        net_sample_time: machine.netSampleMs,
        net_recv_bytes: machine.netReceived,
        net_send_bytes: machine.netSent,
        net_recvi_bytes: machine.loopReceived,
        net_sendi_bytes: machine.loopSent,
        srs_sample_time: now,
        srs_recv_bytes: stats.received.total,
        srs_send_bytes: stats.sent.total,
        conn_sys: machine.tcpConnections,
        conn_sys_et: machine.tcpEstablished,
        conn_sys_tw: machine.tcpTimeWait,
        conn_sys_udp: machine.udpSockets,
        conn_srs: sessions.size,
      },
    };
  }

  #vhosts({ method }: HttpRequest, id: string): Json | Answer {
    if (method === 'DELETE') return notAllowed;
    const { hub, sessions, stats } = this.#options;
    const now = this.#options.clock.now();
    let streams = 0;
    for (const stream of hub.streams()) if (stream.published) streams++;
    stats.tick(now);
    const vhost: Json = {
      id: stats.vhostId,
      name: DEFAULT_VHOST,
      enabled: true,
      clients: sessions.size,
      streams,
      send_bytes: stats.sent.total,
      recv_bytes: stats.received.total,
      kbps: { recv_30s: stats.received.kbps(now), send_30s: stats.sent.kbps(now) },
      hls: { enabled: false },
    };
    if (id === '') return { vhosts: [vhost] };
    return id === stats.vhostId ? { vhost } : failure(code.noVhost);
  }

  #streams(request: HttpRequest, id: string): Json | Answer {
    if (request.method === 'DELETE') return notAllowed;
    const { hub, stats } = this.#options;
    const clients = this.#clientsByStream();
    if (id !== '') {
      const stream = stats.find(id);
      return stream === undefined ? failure(code.noStream) : { stream: this.#stream(stream, clients) };
    }
    const all = [...hub.streams()];
    return { streams: page(request, all).map((stream) => this.#stream(stream, clients)), total: all.length };
  }

  #stream(stream: Stream, clients: ReadonlyMap<string, readonly SessionEntry[]>): Json {
    const { clock, stats } = this.#options;
    const { id, received, sent } = stats.of(stream);
    const now = clock.now();
    const entries = clients.get(streamKey(stream.name)) ?? [];
    const publisher = entries.find((entry) => entry.info.publish);
    const video = describeTrack(stream, 'video');
    const audio = describeTrack(stream, 'audio');
    return {
      id,
      name: stream.name.stream,
      vhost: stats.vhostId,
      app: stream.name.app,
      tcUrl: (publisher ?? entries[0])?.info.tcUrl ?? '',
      url: streamUrl(stream.name),
      live_ms: toMs(clock.wall()),
      clients: entries.length,
      frames: stream.frames.video,
      audio_frames: stream.frames.audio,
      video_frames: stream.frames.video,
      send_bytes: sent.total,
      recv_bytes: received.total,
      kbps: { recv_30s: received.kbps(now), send_30s: sent.kbps(now) },
      publish: { active: stream.published, cid: publisher?.id },
      video:
        video === undefined
          ? null
          : {
              codec: video.name,
              profile: video.profile ?? 'Other',
              level: video.level ?? 'Other',
              width: video.width ?? 0,
              height: video.height ?? 0,
            },
      audio:
        audio === undefined
          ? null
          : {
              codec: audio.name,
              sample_rate: audio.sampleRate ?? 0,
              channel: audio.channels ?? 0,
              profile: audio.profile ?? 'Other',
            },
    };
  }

  #clients(request: HttpRequest, id: string): Json | Answer {
    const { sessions } = this.#options;
    if (request.method === 'DELETE') return id !== '' && sessions.kick(id) ? {} : failure(code.noClient);
    if (id !== '') {
      const entry = sessions.find(id);
      return entry === undefined ? failure(code.noClient) : { client: this.#client(entry) };
    }
    const all = [...sessions.list()];
    return { clients: page(request, all).map((entry) => this.#client(entry)), total: all.length };
  }

  #client({ id, info, since, received, sent }: SessionEntry): Json {
    const { clock, hub, stats } = this.#options;
    const now = clock.now();
    const stream = hub.find(info.name);
    return {
      id,
      vhost: stats.vhostId,
      stream: stream === undefined ? '' : stats.of(stream).id,
      ip: info.peer.host,
      pageUrl: info.pageUrl,
      swfUrl: info.swfUrl,
      tcUrl: info.tcUrl,
      url: streamUrl(info.name),
      name: info.shownName,
      type: info.type,
      publish: info.publish,
      alive: new Float(toSeconds(now - since)),
      send_bytes: sent.total,
      recv_bytes: received.total,
      kbps: { recv_30s: received.kbps(now), send_30s: sent.kbps(now) },
    };
  }

  #clientsByStream(): Map<string, SessionEntry[]> {
    const map = new Map<string, SessionEntry[]>();
    for (const entry of this.#options.sessions.list()) {
      const key = streamKey(entry.info.name);
      const entries = map.get(key);
      if (entries === undefined) map.set(key, [entry]);
      else entries.push(entry);
    }
    return map;
  }
}

/** SRS redirects these to their form with a slash, and clients follow. */
const listed: ReadonlySet<string> = new Set(['vhosts', 'streams', 'clients']);

const apiIndex: Record<string, Json> = {
  urls: {
    versions: 'the version of the server',
    summaries: 'the summary of the server: pid, argv, cpu and memory',
    vhosts: 'the virtual hosts, or one by its id',
    streams: 'the streams, or one by its id',
    clients: 'the clients, or one by its id; DELETE ends it',
  },
};
const rootIndex: Record<string, Json> = { urls: { api: 'the HTTP API' } };

function page<Item>(request: HttpRequest, items: readonly Item[]): readonly Item[] {
  const start = whole(request.query.get('start'), 0, 0, Number.MAX_SAFE_INTEGER);
  const count = whole(request.query.get('count'), DEFAULT_PAGE, 1, MOST_PAGE);
  return items.slice(start, start + count);
}

function whole(text: string | null, otherwise: number, least: number, most: number): number {
  const value = text === null || text === '' ? otherwise : Number(text);
  return Number.isFinite(value) ? Math.min(most, Math.max(least, Math.floor(value))) : otherwise;
}

/** As SRS with `crossdomain on`: only when the browser asks. Reading is open to pages, ending clients is not. */
function cors(request: HttpRequest): Record<string, string> {
  if (request.header('origin') === undefined) return {};
  return {
    'Access-Control-Allow-Origin': '*',
    'Access-Control-Allow-Methods': 'GET, HEAD, OPTIONS',
    'Access-Control-Allow-Headers': '*',
    'Access-Control-Expose-Headers': '*',
    'Access-Control-Allow-Credentials': 'false',
  };
}

/** A browser sends this for a page of another site: the API has no credential yet, so such a page may not write. */
function crossSite(request: HttpRequest): boolean {
  const origin = request.header('origin');
  return origin !== undefined && !origin.endsWith(`//${request.header('host')}`);
}
