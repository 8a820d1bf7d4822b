// An exchange in memory, and a host with a real hub on virtual time.
import { concat } from '../../../../src/core/base/bytes.ts';
import { defaultLimits, type Limits } from '../../../../src/core/base/limits.ts';
import { Log, type LogLine } from '../../../../src/core/base/log.ts';
import { Wheel } from '../../../../src/core/base/session.ts';
import { fromMs } from '../../../../src/core/base/time.ts';
import { type Admission, type AdmissionRequest, OpenAdmission } from '../../../../src/core/control/admission.ts';
import { settingsOf } from '../../../../src/core/control/config/settings.ts';
import { noHooks } from '../../../../src/core/control/hooks/hooks.ts';
import type { Host, Net } from '../../../../src/core/control/host.ts';
import { Sessions } from '../../../../src/core/control/sessions.ts';
import { flvFormat } from '../../../../src/core/format/flv/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { Hub } from '../../../../src/core/media/hub.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { type HttpFlvConfig, httpFlv } from '../../../../src/core/protocols/http-flv/index.ts';
import type { HttpExchange, HttpHeaders, HttpRequest } from '../../../../src/core/wire/http/exchange.ts';
import { aacTrack, h264Track } from '../../../tools/builders.ts';
import { FakeLink, SeedRng, VirtualClock } from '../../../tools/fakes.ts';
import { MemoryFolder } from '../../../tools/memory-folder.ts';

export interface AskOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly webSocket?: boolean;
  /** HTTP/1.1. */
  readonly chunked?: boolean;
  /** Bytes that fit into the answer until the test drains it. */
  readonly capacity?: number;
}

export class FakeExchange implements HttpExchange {
  readonly request: HttpRequest;
  readonly #chunked: boolean;
  readonly link: FakeLink;
  readonly upload = new FakeLink();
  status: number | undefined;
  headers: HttpHeaders = {};
  text: string | undefined;
  upgraded = false;
  bodyAsked = false;
  onGone: () => void = () => undefined;

  constructor(target: string, options: AskOptions = {}) {
    const { method = 'GET', headers = {}, webSocket = false, chunked = true, capacity } = options;
    const mark = target.indexOf('?');
    const search = mark < 0 ? '' : target.slice(mark);
    this.#chunked = chunked;
    this.link = new FakeLink(capacity);
    this.request = {
      method,
      path: mark < 0 ? target : target.slice(0, mark),
      search,
      query: new URLSearchParams(search),
      header: (name) => ({ host: 'example.org:8080', ...headers })[name],
      peer: { host: '192.0.2.7', port: 1234 },
      local: { host: '192.0.2.1', port: 8080 },
      secure: false,
      webSocket,
    };
  }

  get answered(): boolean {
    return this.status !== undefined;
  }

  get json(): unknown {
    return JSON.parse(this.text ?? '');
  }

  reply(status: number, headers: HttpHeaders, body?: string | Uint8Array): void {
    this.#begin(status, headers);
    this.text = typeof body === 'string' ? body : new TextDecoder().decode(body);
  }

  send(status: number, headers: HttpHeaders) {
    this.#begin(status, headers);
    return this.link;
  }

  stream(status: number, headers: HttpHeaders) {
    this.#begin(status, headers);
    return { link: this.link, chunked: this.#chunked };
  }

  upgrade(headers: HttpHeaders = {}) {
    this.#begin(101, headers);
    this.upgraded = true;
    return this.link;
  }

  body() {
    this.bodyAsked = true;
    return this.upload;
  }

  #begin(status: number, headers: HttpHeaders): void {
    if (this.answered) throw new Error('answered twice');
    this.status = status;
    this.headers = headers;
  }
}

export interface SetUpOptions {
  readonly config?: Partial<HttpFlvConfig>;
  readonly limits?: Partial<Limits>;
  readonly policy?: 'refuse' | 'takeover';
  readonly admission?: Admission;
  readonly net?: Partial<Net>;
}

const absent = (): never => {
  throw new Error('no network in this test');
};

export async function setUp(options: SetUpOptions = {}) {
  const clock = new VirtualClock();
  const rng = new SeedRng();
  const limits = { ...defaultLimits, ...options.limits };
  const lines: LogLine[] = [];
  const hub = new Hub({ clock, limits, gopCache: true, mergeWindow: 0 });
  const wheel = new Wheel();
  const asked: AdmissionRequest[] = [];
  const open = new OpenAdmission({ policy: options.policy ?? 'refuse', mergeWindow: 0, nameBytes: limits.nameBytes });
  const routes: ((exchange: HttpExchange) => boolean | Promise<boolean>)[] = [];
  const net: Net = {
    listenTcp: absent,
    listenUdp: absent,
    lookup: absent,
    dial: absent,
    listenHttp: absent,
    request: absent,
    dialWebSocket: absent,
    openFile: absent,
    createFile: absent,
    folder: (root) => new MemoryFolder(root),
    gzip: absent,
    ...options.net,
  };
  const host: Host = {
    clock,
    rng,
    limits,
    hub,
    wheel,
    net,
    log: new Log((line) => lines.push(line)),
    hooks: noHooks,
    sessions: new Sessions(clock, rng, limits.sessions),
    settings: settingsOf(),
    admission: {
      admit: (request) => {
        asked.push(request);
        return (options.admission ?? open).admit(request);
      },
    },
    http: {
      add: (on) => {
        routes.push(on);
        return { close: () => void routes.splice(routes.indexOf(on), 1) };
      },
    },
  };
  const server = await httpFlv.serve(host, { ...httpFlv.defaults, ...options.config });

  /** Moves the time in steps of the engine's wheel. */
  const advance = (ms: number): void => {
    for (let passed = 0; passed < ms; passed += 250) {
      clock.advance(fromMs(Math.min(250, ms - passed)));
      wheel.turn(clock.now());
    }
  };
  /** Offers a request; resolves when the admission has answered. */
  const ask = async (target: string, request?: AskOptions) => {
    const exchange = new FakeExchange(target, request);
    const taken = routes[0]?.(exchange) ?? false;
    await settled();
    return Object.assign(exchange, { taken });
  };
  return { host, clock, hub, wheel, lines, asked, server, ask, advance };
}

/** Promises that wait for nothing but each other are done after a turn of the loop. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const liveName = { vhost: '__defaultVhost__', app: 'live', stream: 'a' } as const;
export const liveTracks: readonly Track[] = [h264Track, aacTrack];

/** Publishes as another protocol would. */
export function publish({ hub }: { hub: Hub }, policy: 'refuse' | 'takeover' = 'refuse') {
  const publication = hub.stream(liveName).publish({ policy, onEvicted: () => undefined });
  publication.retrack(liveTracks);
  return publication;
}

/** A whole FLV file, written by our muxer. */
export function flvFile(frames: readonly Frame[], tracks = liveTracks): Uint8Array {
  const muxer = flvFormat.make();
  const packets = [...muxer.header(tracks), ...frames.flatMap((frame) => muxer.write(frame))];
  return concat(packets.flatMap((packet) => packet.chunks));
}
