// A server with a stream, three clients and an API, in memory.
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { silentLog } from '../../../../src/core/base/log.ts';
import { Wheel } from '../../../../src/core/base/session.ts';
import { Api, type ApiOptions } from '../../../../src/core/control/api/api.ts';
import { loadConfig } from '../../../../src/core/control/config/load.ts';
import { type LiveSettings, settingsOf } from '../../../../src/core/control/config/settings.ts';
import { type SessionInfo, Sessions } from '../../../../src/core/control/sessions.ts';
import { Stats } from '../../../../src/core/control/stats.ts';
import type { SystemReader, SystemReading } from '../../../../src/core/control/system.ts';
import { Hub } from '../../../../src/core/media/hub.ts';
import type { Publication } from '../../../../src/core/media/stream.ts';
import type { HttpExchange, HttpHeaders } from '../../../../src/core/wire/http/exchange.ts';
import { aacTrack, audio, h264Track, video } from '../../../tools/builders.ts';
import { FakeLink, SeedRng, VirtualClock } from '../../../tools/fakes.ts';

export const reading: SystemReading = {
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

export const fakeSystem: SystemReader = {
  read: () => reading,
  usage: () => ({ ru_utime: 3, ru_maxrss: 72616 }),
  process: () => ({ pid: 18579, comm: '(srs)', state: 'S', ppid: 1, vsize: 1000 }),
  cpu: () => ({ user: 5, nice: 0, sys: 2, idle: 100 }),
  memory: () => ({ MemTotal: 1000, MemFree: 300, Buffers: 100, Cached: 200, SwapTotal: 0, SwapFree: 0 }),
  name: () => ({ sysname: 'Linux', nodename: 'host', release: '6.1', version: '#1', machine: 'x86_64' }),
  deviceIp: () => '10.9.9.9',
};

export const name = { vhost: '__defaultVhost__', app: 'live', stream: 'livestream' };

export interface Reply {
  status: number;
  headers: HttpHeaders;
  body: string;
  json: Record<string, never>;
}

export interface Ask {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly peer?: string;
  readonly body?: string;
}

export const configText = (text = ''): string => `rtmp { listen 1935; } http_api { enabled on; listen 1985; ${text} }
  vhost __defaultVhost__ { hls { enabled on; hls_fragment 4; } }`;

export class World {
  readonly clock = new VirtualClock();
  readonly rng = new SeedRng();
  readonly wheel = new Wheel();
  readonly hub = new Hub({ clock: this.clock, limits: defaultLimits, gopCache: true, mergeWindow: 0 });
  readonly sessions = new Sessions(this.clock, this.rng, 100);
  readonly stats = new Stats({ hub: this.hub, clock: this.clock, rng: this.rng });
  readonly ended: string[] = [];
  readonly settings: LiveSettings;
  readonly api: Api;
  readonly publication: Publication;
  /** The links of answers without an end. */
  readonly feeds: FakeLink[] = [];

  constructor(more: Partial<ApiOptions> = {}, settings = settingsOf(configText())) {
    this.settings = settings;
    const { clock, rng, wheel, hub, sessions, stats } = this;
    const base = { clock, rng, wheel, hub, sessions, stats, limits: defaultLimits, log: silentLog };
    this.api = new Api({ ...base, settings, system: fakeSystem, version: '0.1.0', ...more });
    for (const type of ['fmle-publish', 'rtmp-play', 'flv-play']) this.open(type);
    this.publication = hub.stream(name).publish({ policy: 'refuse', onEvicted: () => undefined });
    this.publication.retrack([h264Track, aacTrack]);
    this.publication.write(video({ at: 0, key: true }));
    this.publication.write(audio({ at: 0 }));
  }

  open(type: string) {
    const info: SessionInfo = {
      peer: { host: '127.0.0.1', port: 4000 },
      name,
      pageUrl: '',
      swfUrl: '',
      tcUrl: 'rtmp://127.0.0.1/live',
      protocol: type.startsWith('flv') ? 'http-flv' : 'rtmp',
      type,
      publish: type.endsWith('publish'),
      describe: () => ({ state: 'plays' }),
      shownName: type === 'flv-play' ? 'livestream.flv' : 'livestream',
      end: (reason) => {
        this.ended.push(`${type} ${reason.code}`);
        entry.close(reason);
      },
    };
    const entry = this.sessions.open(info, {});
    return entry;
  }

  /** Another configuration is in force. */
  reload(text: string): void {
    this.settings.replace(loadConfig({ text, read: () => '' }));
  }

  /** The same at the port of streams, which the API does not share; undefined when it is not its. */
  share(target: string, options: Ask = {}): Promise<Reply | undefined> {
    let taken = true;
    const reply = this.ask(target, options, (exchange) => {
      taken = this.api.share(exchange, false);
    });
    return taken ? reply : Promise.resolve(undefined);
  }

  ask(
    target: string,
    options: Ask = {},
    give: (exchange: HttpExchange) => void = (exchange) => this.api.handle(exchange),
  ): Promise<Reply> {
    const { method = 'GET', headers = {}, peer = '10.0.0.1', body } = options;
    const url = new URL(target, 'http://127.0.0.1:1985');
    const { promise, resolve } = Promise.withResolvers<Reply>();
    const exchange: HttpExchange = {
      request: {
        method,
        path: url.pathname,
        query: url.searchParams,
        search: url.search,
        header: (key) => ({ host: '127.0.0.1:1985', ...headers })[key],
        peer: { host: peer, port: 1 },
        local: { host: '127.0.0.1', port: 1985 },
        secure: false,
        webSocket: false,
      },
      reply: (status, replyHeaders, text = '') => {
        const words = String(text);
        resolve({ status, headers: replyHeaders, body: words, json: words.startsWith('{') ? JSON.parse(words) : {} });
      },
      stream: (status, replyHeaders) => {
        const link = new FakeLink();
        this.feeds.push(link);
        resolve({ status, headers: replyHeaders, body: '', json: {} });
        return { link, chunked: false };
      },
      upgrade: unused,
      send: unused,
      body: () => {
        const link = new FakeLink();
        queueMicrotask(() => {
          if (body === undefined) return;
          link.onData(new TextEncoder().encode(body));
          link.onClose(undefined);
        });
        return link;
      },
    };
    give(exchange);
    return promise;
  }
}

const unused = (): never => {
  throw new Error('not used');
};

export const basic = (user: string, password: string): Record<string, string> => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});
