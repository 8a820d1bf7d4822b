// Composition root: the real clock, sockets and files, the protocols and the control layer, put together.
import { every } from './base/clock.ts';
import { defaultLimits, type Limits } from './base/limits.ts';
import type { Address, Closer, Link } from './base/link.ts';
import { formatAddress } from './base/link.ts';
import type { Log } from './base/log.ts';
import { Wheel } from './base/session.ts';
import { fromMs, fromSeconds } from './base/time.ts';
import { CircuitBreaker } from './control/circuit-breaker.ts';
import { type Change, changesOf } from './control/config/changes.ts';
import type { Config } from './control/config/config.ts';
import { configFromSettings } from './control/config/from-settings.ts';
import { planServe, type ServePlan } from './control/config/serve-settings.ts';
import { LiveSettings } from './control/config/settings.ts';
import { crossOrigin } from './control/cross-origin.ts';
import { type Door, Doors, type OpenDoor } from './control/doors.ts';
import { engineErrors } from './control/errors.ts';
import { HttpHooks } from './control/hooks/http-hooks.ts';
import type { ClientHost, Host, HttpRoutes, Listener, ListenSettings, TlsFiles, ToolHost } from './control/host.ts';
import { IdlePublishers } from './control/idle.ts';
import { RecordServer } from './control/record/index.ts';
import { startReports } from './control/reports.ts';
import { Sessions } from './control/sessions.ts';
import { ffmpegTranscoders, SoundBridges } from './control/sound/index.ts';
import { Stats, srsId } from './control/stats.ts';
import { StatusLines } from './control/status-lines.ts';
import { streamSettings } from './control/stream-settings.ts';
import { VhostAdmission } from './control/vhost-admission.ts';
import { Hub } from './media/hub.ts';
import { createChildren, createNet, ownAddresses, RealClock, RealRng } from './net/index.ts';
import { Pages } from './net/pages.ts';
import { createCpuMeter, createSystemReader } from './net/system.ts';
import { dash } from './protocols/dash/index.ts';
import { type GbServer, gb28181 } from './protocols/gb28181/index.ts';
import { hds } from './protocols/hds/index.ts';
import { type HlsConfig, hls } from './protocols/hls/index.ts';
import { httpFlv, serveCasters } from './protocols/http-flv/index.ts';
import { httpStatic } from './protocols/http-static/index.ts';
import { mpegtsUdp } from './protocols/mpegts-udp/index.ts';
import { rtmp } from './protocols/rtmp/index.ts';
import { rtsp } from './protocols/rtsp/index.ts';
import { srt } from './protocols/srt/index.ts';
import { webrtc } from './protocols/webrtc/index.ts';
import { protocols } from './protocols.ts';
import { relay } from './toolkit/relay.ts';
import { serverCluster } from './toolkit/server-cluster.ts';
import { serverPrograms } from './toolkit/server-programs.ts';
import type { HttpExchange, HttpHandler } from './wire/http/exchange.ts';
import { watchGone } from './wire/http/gone.ts';

/** What `serve` needs to know; every key has a default. */
export interface ServeSettings {
  readonly rtmp: ListenSettings;
  readonly http: ListenSettings;
  readonly api: ListenSettings;
  /** UDP addresses of SRT; none: SRT is not served. */
  readonly srt: readonly string[];
  /** UDP addresses of WebRTC; none: WebRTC is not served. */
  readonly rtc: readonly string[];
  /** Addresses of RTSP; none: RTSP is not served. */
  readonly rtsp: readonly string[];
  /** SRS: mw_latency. */
  readonly mergeWindowMs: number;
  /** SRS: gop_cache. */
  readonly gopCache: boolean;
  /** A second publisher of a name is refused (SRS), or takes over. */
  readonly publisherPolicy: 'refuse' | 'takeover';
  /** HLS is off unless one of its forms is on (SRS: hls.enabled off). */
  readonly hls: Partial<HlsConfig>;
  /** URL path to file, served at the HTTP port. */
  readonly pages: Readonly<Record<string, string | URL>>;
  /** An FLV file that publishes itself as `/live/demo` through RTMP, again and again. */
  readonly demo?: { readonly sample: string };
  /** Version of the package, for the API. */
  readonly version: string;
  /** The API answers under /api/ at the HTTP addresses too (SRS: http_api and http_server with the same listen). */
  readonly apiOnHttp?: boolean;
  /** Identity of the server in the API and hooks (SRS: server_id); without one, a random one. */
  readonly serverId?: string;
  /** False: no lines of the log for sessions that go on, whatever pithy_print_ms says. */
  readonly statusLines?: boolean;
  /** The configuration, which then says the addresses and values above; `hls` adds to what it says. */
  readonly config?: Config;
  /** Reads the configuration again, for `reload`, with this text as its overlay if any; throws ConfigError. */
  readonly readConfig?: (overlay?: string) => Config;
}

export const defaultServeSettings: ServeSettings = {
  rtmp: { listen: [':1935'] },
  http: { listen: [':8080'] },
  // Without a credential only this machine may ask.
  api: { listen: ['127.0.0.1:1985'] },
  srt: [],
  rtc: [],
  rtsp: [],
  mergeWindowMs: 350,
  gopCache: true,
  publisherPolicy: 'refuse',
  hls: {},
  pages: {},
  version: '0.0.0',
};

export interface Server {
  readonly listeners: readonly { readonly name: string; readonly address: Address }[];
  readonly host: Host;
  /** DVR: `watch` tells of every file that is complete. */
  readonly recordings: RecordServer;
  /** Which forms of HLS, and whether DASH, are served at the start. */
  readonly hls: Pick<HlsConfig, 'classic' | 'lowLatency'>;
  readonly dash: boolean;
  /**
   * Reads the configuration again and puts it in force; nobody who publishes or plays is dropped. When it cannot be read
   * or a new address cannot be opened, everything stays as it was. Rejects with ConfigError, SystemError.
   */
  reload(): Promise<readonly Change[]>;
  /** No new connection is taken and the server's own inputs end; those that are there go on. */
  closeListeners(): void;
  /** Ends all sessions and frees all ports; resolves when that is done. */
  close(): Promise<void>;
}

export interface Engine {
  /** For the commands that are clients. */
  readonly host: ToolHost;
  serve(settings?: Partial<ServeSettings>): Promise<Server>;
  /** Stops the timers of the engine. */
  close(): void;
}

/** A new id for a server that has none (SRS: server_id). */
export const makeServerId = (): string => srsId(new RealRng());

/** Coarse enough to cost nothing for thousands of sessions, fine enough for time-outs of seconds. */
const WHEEL_TICK = fromMs(250);

export function createEngine({ log, limits: changes = {} }: { log: Log; limits?: Partial<Limits> }): Engine {
  const limits: Limits = { ...defaultLimits, ...changes };
  const clock = new RealClock();
  const rng = new RealRng();
  const wheel = new Wheel();
  const net = createNet({ limits, log, clock });
  const host: ToolHost = { clock, rng, log, limits, wheel, net, children: createChildren(clock) };
  const stopWheel = every(clock, WHEEL_TICK, () => wheel.turn(clock.now()));
  return {
    host,
    serve: (settings = {}) => serve(host, { ...defaultServeSettings, ...settings }),
    close: stopWheel,
  };
}

/** FFmpeg makes Opus of AAC for browsers, and AAC of Opus for everybody else, with SRS's settings. */
function soundBridges({ clock, log, limits, children }: ToolHost, settings: LiveSettings): SoundBridges {
  const bitrateBps = (to: 'opus' | 'aac', { vhost }: { readonly vhost: string }): number =>
    settings.vhost(vhost).get(to === 'opus' ? 'vhost.rtc.opus_bitrate' : 'vhost.rtc.aac_bitrate');
  const transcoders = ffmpegTranscoders({ children, log, limits, program: 'ffmpeg', bitrateBps });
  return new SoundBridges({ clock, log, limits, transcoders });
}

async function serve(given: ToolHost, settings: ServeSettings): Promise<Server> {
  const inForce = new LiveSettings(settings.config ?? configFromSettings(settings));
  const client = inForce.root.get('accelerators')
    ? given
    : { ...given, net: createNet({ ...given, accelerators: false }) };
  const { clock, rng, limits } = client;
  const plan = planServe(inForce.config).settings;
  const settingsFor = streamSettings(inForce);
  const mergeWindow = fromMs(settings.mergeWindowMs);
  const hub = new Hub({ clock, limits, gopCache: settings.gopCache, mergeWindow, settingsFor });
  const sessions = new Sessions(clock, rng, limits.sessions);
  const stats = new Stats({ hub, clock, rng, ...(settings.serverId !== undefined && { serverId: settings.serverId }) });
  const routes = new Routes();
  const hooks = new HttpHooks({
    ...{ ...client, hub, settings: inForce },
    identity: {
      serverId: stats.serverId,
      serviceId: stats.serviceId,
      streamId: (name) => stats.streamId(name),
      workDir: () => process.cwd(),
    },
  });
  const { publisherPolicy: policy } = settings;
  let doors: Doors | undefined;
  const cluster = serverCluster({
    ...{ client, protocols, hub, sessions, settings: inForce },
    ...{ serverId: stats.serverId, pid: process.pid },
    ports: () => (doors?.list() ?? []).map(({ listener }) => listener.address.port),
  });
  const admission = new VhostAdmission({ ...client, settings: inForce, sessions, hooks, cluster, policy });
  const sound = soundBridges(client, inForce);
  const breaker = new CircuitBreaker({ settings: inForce, log: client.log, cpu: createCpuMeter() });
  const host: Host = { ...client, hub, sessions, admission, hooks, settings: inForce, http: routes, sound, breaker };
  const system = createSystemReader(() => ({
    enabled: inForce.root.get('stats.enabled'),
    disks: inForce.root.get('stats.disk'),
  }));
  inForce.onChange(({ before, after }) => {
    const limit = after.root.get('max_connections');
    if (limit !== before.root.get('max_connections')) sessions.limit = limit;
  });
  const status = new StatusLines({ sessions, settings: inForce, log: client.log });
  const idle = new IdlePublishers({ hub, sessions, settings: inForce });
  const recordings = new RecordServer(host, { cwd: process.cwd() });
  const pages = new Pages();
  await pages.load(settings.pages);
  recordings.watch((file) => hooks.dvr(file));
  const closers: Closer[] = [recordings, sound, cluster];
  /** Listeners that live as long as the server. */
  const ownDoors: OpenDoor[] = [];
  let apiOnHttp = settings.apiOnHttp ?? plan.apiOnHttp;
  const stop = new AbortController();
  let stopInputs = (): void => undefined;
  let gbServer: GbServer | undefined;
  const close = async (): Promise<void> => {
    stop.abort();
    for (const stream of hub.streams()) stream.evict(engineErrors.refused('STOPPED'));
    for (const session of sessions.list()) session.info.end(engineErrors.refused('STOPPED'));
    for (const closer of closers.reverse()) closer.close();
    // Recordings that are cut off are only playable, not complete.
    await recordings.idle();
    await hooks.close();
  };

  try {
    const rtmpServer = await rtmp.serve(host, { ...rtmp.defaults, listen: [] });
    closers.push(rtmpServer);
    const rtmpPorts = (): number[] =>
      (doors?.list() ?? []).filter(({ name }) => name === 'rtmp').map(({ listener }) => listener.address.port);
    const programs = serverPrograms({ ...host, children: client.children }, protocols, rtmpPorts);
    closers.push(programs);
    stopInputs = programs.stopInputs;
    const { version, readConfig } = settings;
    const also = async (exchange: HttpExchange): Promise<boolean> => {
      const { path } = exchange.request;
      if (path.startsWith('/gb/')) return (await gbServer?.answer(exchange)) ?? false;
      if (!path.startsWith('/rtc/')) return path.startsWith('/console/') && pages.serve(exchange);
      // SRS: clients of WebRTC ask at the API's port.
      await routes.answer(exchange);
      return true;
    };
    const start = {
      programs: () => ({ ...programs.describe(), cluster: cluster.describe() }),
      load: () => breaker.describe(),
      portOf: (door: string) => doors?.list().find(({ name }) => name === door)?.listener.address.port,
      recordings,
      host,
      settings: inForce,
      stats,
      system,
      version,
      readConfig,
      also,
      reload: () => reload(),
    };
    const reports = startReports(start);
    closers.push(reports);
    closers.push(routes.add((exchange) => reports.api.share(exchange, apiOnHttp)));
    // Its paths are exact; those behind it answer every OPTIONS.
    const rtcServer = await webrtc.serve(host, {
      listen: plan.rtc.map(parseAddress),
      listenTcp: plan.rtcTcp.map(parseAddress),
      interfaces: ownAddresses,
      identity: { server: stats.serverId, service: stats.serviceId, pid: String(process.pid) },
    });
    closers.push(rtcServer);
    for (const listener of rtcServer.listeners) ownDoors.push({ name: 'rtc', listener });
    closers.push(await hls.serve(host, { ...hls.defaults, ...settings.hls }));
    closers.push(await dash.serve(host, dash.defaults));
    closers.push(await hds.serve(host, hds.defaults));
    // Segments of HLS and pages may end as live streams do, and are exact: they are asked first.
    closers.push(routes.add((exchange) => pages.serve(exchange)));
    closers.push(await httpStatic.serve(host, httpStatic.defaults));
    closers.push(await httpFlv.serve(host, httpFlv.defaults));
    const srtServer = await srt.serve(host, { listen: plan.srt.map(parseAddress) });
    closers.push(srtServer);
    for (const listener of srtServer.listeners) ownDoors.push({ name: 'srt', listener });
    const rtspAt = plan.rtsp.map(parseAddress);
    const [rtspFirst] = rtspAt;
    const rtspUdp =
      rtspFirst !== undefined && plan.rtspUdp > 0 ? { host: rtspFirst.host, port: plan.rtspUdp } : undefined;
    const rtspServer = await rtsp.serve(host, { listen: rtspAt, ...(rtspUdp && { udp: rtspUdp }) });
    closers.push(rtspServer);
    for (const listener of rtspServer.listeners) ownDoors.push({ name: 'rtsp', listener });
    gbServer = await gb28181.serve(host, { interfaces: ownAddresses });
    for (const caster of [gbServer, await mpegtsUdp.serve(host), await serveCasters(host)]) {
      closers.push(caster);
      for (const listener of caster.listeners) ownDoors.push({ name: 'caster', listener });
    }
    const behind: BehindDoors = {
      rtmp: rtmpServer.accept,
      http: (exchange) => routes.answer(crossOrigin(exchange, inForce.root)),
      api: (exchange) => reports.api.handle(exchange),
      exporter: (exchange) => reports.metrics(exchange),
    };
    doors = new Doors((door) => openDoor(host, door, behind));
    closers.push(doors);
    for (const { name, listener } of ownDoors) tellListener(host, name, listener);
    await doors.set(doorsOf(plan));
    programs.start();
  } catch (error) {
    await close();
    throw error;
  }
  const second = every(clock, fromSeconds(1), () => {
    sessions.tick(clock.now());
    stats.tick();
    breaker.tick();
    if (settings.statusLines !== false) status.tick(clock.now());
    idle.tick(clock.now());
  });
  closers.push({ close: second });
  const open = doors;
  const listening = (): Server['listeners'] =>
    [...open.list(), ...ownDoors].map(({ name, listener: { address } }) => ({ name, address }));
  if (settings.demo !== undefined) publishDemo(client, settings.demo.sample, listening(), stop.signal);
  const reload = oneAtATime(async () => {
    if (settings.readConfig === undefined) throw engineErrors.config('NO_FILE');
    const before = inForce.config;
    const config = settings.readConfig();
    const next = planServe(config).settings;
    await open.set(doorsOf(next));
    ({ apiOnHttp } = next);
    inForce.replace(config);
    return changesOf(before, config);
  });
  return {
    get listeners() {
      return listening();
    },
    host,
    recordings,
    hls: {
      classic: plan.hls.classic || settings.hls.classic === true,
      lowLatency: plan.hls.lowLatency || settings.hls.lowLatency === true,
    },
    dash: plan.dash,
    reload,
    closeListeners: () => {
      open.close();
      stopInputs();
    },
    close,
  };
}

/** What serves the connections of each kind of door. */
interface BehindDoors {
  readonly rtmp: (link: Link) => void;
  readonly http: HttpHandler;
  readonly api: HttpHandler;
  readonly exporter: HttpHandler;
}

async function openDoor({ net, log }: Host, door: Door, behind: BehindDoors): Promise<Listener> {
  const { name, at, tls } = door;
  const listener = name.startsWith('rtmp')
    ? await net.listenTcp(at, behind.rtmp, tls)
    : await net.listenHttp(at, httpBehind(name, behind), tls);
  tellListener({ log }, name, listener);
  return listener;
}

function tellListener({ log }: Pick<Host, 'log'>, name: string, { address }: Listener): void {
  log.info('engine', `${name} listens at ${formatAddress(address)}`);
}

function httpBehind(name: string, { http, api, exporter }: BehindDoors): HttpHandler {
  if (name === 'exporter') return exporter;
  return name.startsWith('api') ? api : http;
}

/** Plain doors first, as they were asked for. */
function doorsOf(plan: Pick<ServePlan['settings'], 'rtmp' | 'http' | 'api' | 'exporter'>): Door[] {
  const doors = (name: string, { listen, tls }: ListenSettings): Door[] => [
    ...listen.map((at): Door => ({ name, at: parseAddress(at) })),
    ...(tls?.listen ?? []).map((at): Door => ({ name: `${name}s`, at: parseAddress(at), tls: tls as TlsFiles })),
  ];
  return [
    ...doors('rtmp', plan.rtmp),
    ...doors('http', plan.http),
    ...doors('api', plan.api),
    ...doors('exporter', plan.exporter),
  ];
}

/** Runs calls one after the other: two reloads at once would each undo half of the other. */
function oneAtATime<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let last: Promise<unknown> = Promise.resolve();
  return () => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };
}

/** Goes through RTMP like any encoder, so that the demo shows what a user's own stream does. */
function publishDemo(host: ClientHost, sample: string, listeners: Server['listeners'], signal: AbortSignal): void {
  const rtmpAt = listeners.find(({ name }) => name === 'rtmp');
  if (rtmpAt === undefined) throw engineErrors.config('DEMO');
  const to = `rtmp://127.0.0.1:${rtmpAt.address.port}/live/demo`;
  relay(
    host,
    protocols,
    { from: sample, to, signal, loop: Number.POSITIVE_INFINITY, pace: 'realtime' },
    () => undefined,
  ).catch((error: unknown) => {
    if (!signal.aborted) host.log.error('demo', `the demo stream ended: ${String(error)}`);
  });
}

type Route = Parameters<HttpRoutes['add']>[0];

/** The HTTP server port: the first route that fits answers. */
class Routes implements HttpRoutes {
  readonly #routes: Route[] = [];

  add(on: Route): Closer {
    this.#routes.push(on);
    return {
      close: () => {
        const index = this.#routes.indexOf(on);
        if (index >= 0) this.#routes.splice(index, 1);
      },
    };
  }

  answer(exchange: HttpExchange, routes: readonly Route[] = this.#routes): void | Promise<void> {
    for (let index = 0; index < routes.length; index++) {
      const taken = routes[index]?.(exchange);
      if (taken === true) return;
      // Only then is there something to wait for; routes that are closed meanwhile refuse by themselves.
      if (taken instanceof Promise) return this.#answerLater(exchange, taken, routes.slice(index + 1));
    }
    exchange.reply(
      404,
      { 'Content-Type': 'text/plain; charset=utf-8', 'X-Content-Type-Options': 'nosniff' },
      'Nothing here. Streams are at /app/stream.flv\n',
    );
  }

  async #answerLater(exchange: HttpExchange, taken: Promise<boolean>, rest: readonly Route[]): Promise<void> {
    const isGone = watchGone(exchange);
    if (!(await taken) && !isGone()) await this.answer(exchange, rest);
  }
}

/** `1935`, `:1935`, `127.0.0.1:1935`, `[::1]:1935`. */
export function parseAddress(text: string): Address {
  const [, bracketed, plain, port] = /^(?:(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) throw engineErrors.config('ADDRESS', { text });
  return { host: bracketed ?? (plain === undefined || plain === '' ? '0.0.0.0' : plain), port: Number(port) };
}
