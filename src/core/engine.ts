// Composition root: the real clock, sockets and files, the protocols and the control layer, put together.
import { defaultLimits, type Limits } from './base/limits.ts';
import type { Address, Closer } from './base/link.ts';
import { formatAddress } from './base/link.ts';
import type { Log } from './base/log.ts';
import { Wheel } from './base/session.ts';
import { fromMs, fromSeconds } from './base/time.ts';
import { OpenAdmission } from './control/admission.ts';
import { Api } from './control/api/api.ts';
import type { Config } from './control/config/config.ts';
import { LiveSettings, settingsOf } from './control/config/settings.ts';
import { engineErrors } from './control/errors.ts';
import type { ClientHost, Host, HttpRoutes, Listener, TlsFiles } from './control/host.ts';
import { Sessions } from './control/sessions.ts';
import { Stats } from './control/stats.ts';
import { Hub } from './media/hub.ts';
import { createNet, RealClock, RealRng } from './net/index.ts';
import { Pages } from './net/pages.ts';
import { createSystemReader } from './net/system.ts';
import { type HlsConfig, hls } from './protocols/hls/index.ts';
import { httpFlv } from './protocols/http-flv/index.ts';
import { rtmp } from './protocols/rtmp/index.ts';
import { protocols } from './protocols.ts';
import { relay } from './toolkit/relay.ts';
import type { HttpExchange } from './wire/http/exchange.ts';

export interface ListenSettings {
  /** `host:port`, `:port` or `port`; without a host all interfaces. Port 0 takes a free one. */
  readonly listen: readonly string[];
  /** The same with TLS. */
  readonly tls?: TlsFiles & { readonly listen: readonly string[] };
}

/** What `serve` needs to know; every key has a default. */
export interface ServeSettings {
  readonly rtmp: ListenSettings;
  readonly http: ListenSettings;
  readonly api: ListenSettings;
  /** The API answers under /api/ at the HTTP addresses too (SRS: http_api and http_server with the same listen). */
  readonly apiOnHttp: boolean;
  /** Bytes of the RTMP chunks that are sent (SRS: chunk_size). */
  readonly chunkSize: number;
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
  /** The configuration; without one, every directive has its default. */
  readonly config?: Config;
}

export const defaultServeSettings: ServeSettings = {
  rtmp: { listen: [':1935'] },
  http: { listen: [':8080'] },
  // Without a credential only this machine may ask.
  api: { listen: ['127.0.0.1:1985'] },
  apiOnHttp: false,
  chunkSize: rtmp.defaults.chunkSize,
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
  /** Ends all sessions and frees all ports; resolves when that is done. */
  close(): Promise<void>;
}

export interface Engine {
  /** For the commands that are clients. */
  readonly host: ClientHost;
  serve(settings?: Partial<ServeSettings>): Promise<Server>;
  /** Stops the timers of the engine. */
  close(): void;
}

/** Coarse enough to cost nothing for thousands of sessions, fine enough for time-outs of seconds. */
const WHEEL_TICK = fromMs(250);

export function createEngine({ log, limits: changes = {} }: { log: Log; limits?: Partial<Limits> }): Engine {
  const limits: Limits = { ...defaultLimits, ...changes };
  const clock = new RealClock();
  const rng = new RealRng();
  const wheel = new Wheel();
  const net = createNet({ limits, log, clock });
  const host: ClientHost = { clock, rng, log, limits, wheel, net };
  const stopWheel = every(host, WHEEL_TICK, () => wheel.turn(clock.now()));
  return {
    host,
    serve: (settings = {}) => serve(host, { ...defaultServeSettings, ...settings }),
    close: stopWheel,
  };
}

async function serve(client: ClientHost, settings: ServeSettings): Promise<Server> {
  const { clock, rng, limits, net, log } = client;
  const mergeWindow = fromMs(settings.mergeWindowMs);
  const hub = new Hub({ clock, limits, gopCache: settings.gopCache, mergeWindow });
  const sessions = new Sessions(clock, rng, limits.sessions);
  const stats = new Stats({ hub, clock, rng });
  const inForce = settings.config === undefined ? settingsOf() : new LiveSettings(settings.config);
  const routes = new Routes();
  const admission = new OpenAdmission({ policy: settings.publisherPolicy, mergeWindow, nameBytes: limits.nameBytes });
  const host: Host = { ...client, hub, sessions, admission, settings: inForce, http: routes };
  const api = new Api({ clock, hub, sessions, stats, system: createSystemReader(), version: settings.version });
  const pages = new Pages();
  await pages.load(settings.pages);
  const closers: Closer[] = [];
  const listeners: { name: string; address: Address }[] = [];
  const stop = new AbortController();
  const close = async (): Promise<void> => {
    stop.abort();
    for (const stream of hub.streams()) stream.evict(engineErrors.refused('STOPPED'));
    for (const session of sessions.list()) session.info.end(engineErrors.refused('STOPPED'));
    for (const closer of closers.reverse()) closer.close();
  };

  const opened = (name: string, listener: Listener): void => {
    closers.push(listener);
    listeners.push({ name, address: listener.address });
    log.info('engine', `${name} listens at ${formatAddress(listener.address)}`);
  };
  const listenHttp = async (name: string, { listen, tls }: ListenSettings, on: (e: HttpExchange) => void) => {
    for (const at of listen) opened(name, await net.listenHttp(parseAddress(at), on));
    if (tls === undefined) return;
    for (const at of tls.listen) opened(`${name}s`, await net.listenHttp(parseAddress(at), on, tls));
  };

  try {
    const rtmpServer = await rtmp.serve(host, {
      ...rtmp.defaults,
      chunkSize: settings.chunkSize,
      listen: settings.rtmp.listen.map(parseAddress),
      ...(settings.rtmp.tls && { tls: { ...settings.rtmp.tls, listen: settings.rtmp.tls.listen.map(parseAddress) } }),
    });
    closers.push(rtmpServer);
    // Plain ones first, as they were asked for.
    for (const [index, listener] of rtmpServer.listeners.entries())
      opened(index < settings.rtmp.listen.length ? 'rtmp' : 'rtmps', listener);
    if (settings.apiOnHttp) closers.push(routes.add((exchange) => answerApi(api, exchange)));
    const hlsConfig = { ...hls.defaults, ...settings.hls };
    if (hlsConfig.classic || hlsConfig.lowLatency) closers.push(await hls.serve(host, hlsConfig));
    // Segments of HLS and pages may end as live streams do, and are exact: they are asked first.
    closers.push(routes.add((exchange) => pages.serve(exchange)));
    closers.push(await httpFlv.serve(host, httpFlv.defaults));
    await listenHttp('http', settings.http, (exchange) => routes.answer(exchange));
    await listenHttp('api', settings.api, (exchange) => api.handle(exchange));
  } catch (error) {
    await close();
    throw error;
  }
  const second = every(client, fromSeconds(1), () => {
    sessions.tick(clock.now());
    stats.tick();
  });
  closers.push({ close: second });
  if (settings.demo !== undefined) publishDemo(client, settings.demo.sample, listeners, stop.signal);
  return { listeners, host, close };
}

/** Goes through RTMP like any encoder, so that the demo shows what a user's own stream does. */
function publishDemo(
  host: ClientHost,
  sample: string,
  listeners: readonly { name: string; address: Address }[],
  signal: AbortSignal,
): void {
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

/** The API on a port that it shares. */
function answerApi(api: Api, exchange: HttpExchange): boolean {
  if (!exchange.request.path.startsWith('/api/')) return false;
  api.handle(exchange);
  return true;
}

/** The HTTP server port: the first route that fits answers. */
class Routes implements HttpRoutes {
  readonly #routes: ((exchange: HttpExchange) => boolean)[] = [];

  add(on: (exchange: HttpExchange) => boolean): Closer {
    this.#routes.push(on);
    return {
      close: () => {
        const index = this.#routes.indexOf(on);
        if (index >= 0) this.#routes.splice(index, 1);
      },
    };
  }

  answer(exchange: HttpExchange): void {
    for (const route of this.#routes) if (route(exchange)) return;
    exchange.reply(
      404,
      { 'Content-Type': 'text/plain; charset=utf-8' },
      'Nothing here. Streams are at /app/stream.flv\n',
    );
  }
}

/** `1935`, `:1935`, `127.0.0.1:1935`, `[::1]:1935`. */
export function parseAddress(text: string): Address {
  const [, bracketed, plain, port] = /^(?:(?:\[([0-9a-fA-F:.%\w]+)\]|([^:[\]]*)):)?(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535) throw engineErrors.config('ADDRESS', { text });
  return { host: bracketed ?? (plain === undefined || plain === '' ? '0.0.0.0' : plain), port: Number(port) };
}

function every(host: Pick<ClientHost, 'clock'>, period: number, fn: () => void): () => void {
  let cancel = (): void => undefined;
  const again = (): void => {
    cancel = host.clock.after(period, () => {
      again();
      fn();
    });
  };
  again();
  return () => cancel();
}
