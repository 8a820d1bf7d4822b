// A WebRTC server and its clients on a network in virtual time, with HTTP in memory.
import { concat, utf8 } from '../../../../src/core/base/bytes.ts';
import { defaultLimits, type Limits } from '../../../../src/core/base/limits.ts';
import { type Address, idle, type Peer, type Port, type Span } from '../../../../src/core/base/link.ts';
import { Log, type LogLine } from '../../../../src/core/base/log.ts';
import { Wheel } from '../../../../src/core/base/session.ts';
import { fromMs, type Micros } from '../../../../src/core/base/time.ts';
import { opus } from '../../../../src/core/codec/index.ts';
import { OpenAdmission } from '../../../../src/core/control/admission.ts';
import { noRelief, type Relief } from '../../../../src/core/control/circuit-breaker.ts';
import { type LiveSettings, settingsOf } from '../../../../src/core/control/config/settings.ts';
import { noHooks } from '../../../../src/core/control/hooks/hooks.ts';
import type { ClientHost, Host, Net } from '../../../../src/core/control/host.ts';
import { Sessions } from '../../../../src/core/control/sessions.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { Hub } from '../../../../src/core/media/hub.ts';
import { Stream } from '../../../../src/core/media/stream.ts';
import { firstTrackId, type Track } from '../../../../src/core/media/track.ts';
import { defaults } from '../../../../src/core/protocols/webrtc/config.ts';
import { ownIdentity, pull, push } from '../../../../src/core/protocols/webrtc/dial.ts';
import { RtcServer } from '../../../../src/core/protocols/webrtc/serve.ts';
import type { HttpExchange } from '../../../../src/core/wire/http/exchange.ts';
import { h264Track } from '../../../tools/builders.ts';
import { FakeLink, SeedRng, VirtualClock } from '../../../tools/fakes.ts';
import { MemoryFolder } from '../../../tools/memory-folder.ts';
import { FakeExchange } from '../http-flv/fakes.ts';
import { identityForTests } from './identity.ts';

// Virtual time does not wait for the machine, which makes this key while seconds of a stream would go by.
await ownIdentity();

export const server: Address = { host: '10.0.0.1', port: 8000 };

/** What becomes of a datagram: when its copies arrive. */
export type Weather = (datagram: Uint8Array, from: Address, to: Address) => readonly Micros[];

const calm: Weather = () => [fromMs(5)];

/** Ports by their address; a client may move to another one. */
export class Wire {
  readonly #clock: VirtualClock;
  readonly #ports = new Map<string, WirePort>();
  weather: Weather = calm;
  /** Datagrams by the host that sent them. */
  readonly sent = new Map<string, { count: number; bytes: number }>();

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get ports(): number {
    return this.#ports.size;
  }

  open(local: Address): WirePort {
    const port = new WirePort(this, local);
    this.#ports.set(`${local.host} ${local.port}`, port);
    return port;
  }

  close({ local: { host, port } }: WirePort): void {
    this.#ports.delete(`${host} ${port}`);
  }

  carry(datagram: Uint8Array, from: Address, to: Address): void {
    const counts = this.sent.get(from.host) ?? { count: 0, bytes: 0 };
    this.sent.set(from.host, { count: counts.count + 1, bytes: counts.bytes + datagram.length });
    const copy = datagram.slice();
    for (const delay of this.weather(copy, from, to)) {
      this.#clock.after(delay, () => {
        const lent = new Uint8Array(copy);
        this.#ports.get(`${to.host} ${to.port}`)?.onDatagram(lent, from);
        // It was lent for the call only.
        lent.fill(0xee);
      });
    }
  }
}

export class WirePort implements Port {
  readonly #wire: Wire;
  local: Address;
  onDatagram: (datagram: Uint8Array, from: Peer) => void = idle.onData;

  constructor(wire: Wire, local: Address) {
    this.#wire = wire;
    this.local = local;
  }

  send(datagram: Uint8Array, to: Peer): void {
    this.#wire.carry(datagram, this.local, to);
  }

  sendBatch(memory: Uint8Array, spans: readonly Span[], count: number, to: Peer): void {
    for (const { begin, end } of spans.slice(0, count)) this.send(memory.subarray(begin, end), to);
  }

  close(): void {
    this.#wire.close(this);
  }

  /** The peer's network gives it another address. */
  move(local: Address): void {
    this.#wire.close(this);
    this.local = local;
    const port = this.#wire.open(local);
    port.onDatagram = (datagram, from) => this.onDatagram(datagram, from);
  }
}

export interface WorldOptions {
  /** Directives of rtc_server, and of vhost.rtc. */
  readonly settings?: string;
  readonly vhost?: string;
  /** Directives of the root. */
  readonly root?: string;
  readonly limits?: Partial<Limits>;
  readonly seed?: number;
}

export class World {
  readonly clock = new VirtualClock();
  readonly rng: SeedRng;
  readonly wire = new Wire(this.clock);
  readonly hub: Hub;
  readonly host: Host;
  readonly lines: LogLine[] = [];
  readonly rtc: RtcServer;
  /** What the server gives up, as if the CPU were short. */
  relief: Relief = noRelief;
  /** False: requests of clients fail. */
  http = true;
  /** Ports of clients, in their order. */
  readonly clients: WirePort[] = [];
  /** The configuration in force. */
  readonly settings: LiveSettings;
  readonly #routes: ((exchange: HttpExchange) => boolean | Promise<boolean>)[] = [];

  constructor({ settings = '', vhost = '', root = '', limits: changes = {}, seed = 1 }: WorldOptions = {}) {
    const { clock } = this;
    const limits = { ...defaultLimits, ...changes };
    const relief = (): Relief => this.relief;
    this.rng = new SeedRng(seed);
    this.hub = new Hub({ clock, limits, gopCache: true, mergeWindow: 0 });
    this.settings = settingsOf(
      `${root} rtc_server { candidate ${server.host}; ${settings} }
       vhost __defaultVhost__ { rtc { ${vhost} enabled on; rtmp_to_rtc on; rtc_to_rtmp on; } }`,
    );
    this.host = {
      ...{ clock, limits, rng: this.rng, hub: this.hub, wheel: new Wheel(), net: this.#net(), hooks: noHooks },
      log: new Log((line) => this.lines.push(line)),
      sessions: new Sessions(clock, this.rng, limits.sessions),
      breaker: {
        get relief() {
          return relief();
        },
      },
      settings: this.settings,
      admission: new OpenAdmission({ policy: 'refuse', mergeWindow: 0, nameBytes: 100 }),
      http: {
        add: (on) => {
          this.#routes.push(on);
          return { close: () => void this.#routes.splice(this.#routes.indexOf(on), 1) };
        },
      },
    };
    this.rtc = new RtcServer(
      this.host,
      { ...defaults, identity: { server: 's', service: 'v', pid: '1' } },
      identityForTests,
    );
    this.rtc.listen(this.wire.open(server));
  }

  /** A host of a client, on the same network. */
  get client(): ClientHost {
    // Its CPU is not the server's.
    const { breaker: _, ...client } = this.host;
    return client;
  }

  /** A request of HTTP, answered. @param time virtual time that it may take. */
  async ask(method: string, target: string, body = '', headers: Record<string, string> = {}): Promise<FakeExchange> {
    const type = method === 'POST' && body !== '' ? { 'content-type': 'application/sdp' } : {};
    const exchange = new FakeExchange(target, { method, headers: { ...type, ...headers } });
    const taken = this.#routes[0]?.(exchange);
    if (taken !== true) throw new Error('nobody takes it');
    if (exchange.bodyAsked) {
      exchange.upload.onData(utf8(body));
      exchange.upload.onClose(undefined);
    }
    for (let turns = 0; turns < 20 && !exchange.answered; turns++) await turn();
    return exchange;
  }

  /** A request whose body the test sends itself. */
  async open(method: string, target: string, headers: Record<string, string> = {}): Promise<FakeExchange> {
    const exchange = new FakeExchange(target, { method, headers: { 'content-type': 'application/sdp', ...headers } });
    void this.#routes[0]?.(exchange);
    await turn();
    return exchange;
  }

  /** Moves the time, and lets promises go on in between. */
  async run(time: Micros, step = fromMs(10)): Promise<void> {
    for (let passed = 0; passed < time; passed += step) {
      this.clock.advance(Math.min(step, time - passed));
      await turn();
    }
  }

  /** Publishes frames by WHIP; they are written as the time moves. */
  publisher(name: string, from: Stream, signal: AbortSignal): Promise<void> {
    const url = new URL(`whip://server/rtc/v1/whip/?app=live&stream=${name}`);
    return push(this.client, from, url, { signal, mergeWindow: 0, onBytes: () => undefined });
  }

  player(name: string, signal: AbortSignal, on: (event: MediaEvent) => void): Promise<void> {
    const url = new URL(`whep://server/rtc/v1/whep/?app=live&stream=${name}`);
    const options = { signal, ready: () => Promise.resolve(), onBytes: () => undefined };
    return pull(this.client, url, { on }, options);
  }

  /** A stream of its own, as a relay has it. */
  stream(): Stream {
    const nothing = (): undefined => undefined;
    return new Stream(
      { vhost: '', app: 'live', stream: 'source' },
      {
        ...{ clock: this.clock, limits: defaultLimits, gopCache: true, mergeWindow: 0 },
        ...{ onIdle: nothing, onPublished: nothing, onUnpublished: nothing },
      },
    );
  }

  #net(): Net {
    const absent = (): never => {
      throw new Error('not in this test');
    };
    return {
      ...{ listenTcp: absent, dial: absent, listenHttp: absent, dialWebSocket: absent, openFile: absent },
      ...{ createFile: absent, gzip: absent },
      folder: (root) => new MemoryFolder(root),
      lookup: async (name) => (name === 'example.org' ? '192.0.2.1' : name),
      listenUdp: async () => {
        const port = this.wire.open({
          host: `10.0.1.${this.clients.length % 250}`,
          port: 20_000 + this.clients.length,
        });
        this.clients.push(port);
        return port;
      },
      request: async (url, { method, headers, upload }) => {
        if (!this.http) throw new Error('no answer');
        const link = new FakeLink();
        upload?.(link);
        const named = Object.entries(headers).map(([key, value]) => [key.toLowerCase(), String(value)]);
        const exchange = new FakeExchange(url.pathname + url.search, { method, headers: Object.fromEntries(named) });
        void this.#routes[0]?.(exchange);
        if (exchange.bodyAsked) {
          exchange.upload.onData(concat(link.sent));
          exchange.upload.onClose(undefined);
        }
        for (let turns = 0; turns < 20 && !exchange.answered; turns++) await turn();
        const body = new FakeLink();
        queueMicrotask(() => queueMicrotask(() => queueMicrotask(() => deliver(body, exchange))));
        const header = (name: string): string | undefined => {
          const found = Object.entries(exchange.headers).find(([key]) => key.toLowerCase() === name);
          return found === undefined ? undefined : String(found[1]);
        };
        return { status: exchange.status ?? 500, header, body };
      },
    };
  }
}

function deliver(body: FakeLink, exchange: FakeExchange): void {
  body.onData(utf8(exchange.text ?? ''));
  body.onClose(undefined);
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const opusTrack: Track = {
  ...{ id: firstTrackId.audio, kind: 'audio', codec: 'opus', config: opus.makeHead(2), epoch: 0 },
};
export const tracks: readonly Track[] = [h264Track, opusTrack];

/** A picture with one slice whose bytes tell its number. */
export function picture(number: number, key: boolean, size = 2000): Frame {
  const nal = new Uint8Array(size);
  nal.fill(1 + (number % 200));
  nal.set(key ? [0x65, 0x88, 0x84] : [0x41, 0x9a, 0x02]);
  nal.set([(number >> 8) & 0x7f, number & 0x7f, 0x5a], 10);
  const data = new Uint8Array(4 + size);
  data.set([0, 0, size >> 8, size & 0xff]);
  data.set(nal, 4);
  return { track: h264Track, dts: number * fromMs(40), cts: 0, key, data };
}

/** 20 ms of sound: a packet with one frame of 20 ms (RFC 6716 §3.1). */
export const sound = (number: number): Frame => ({
  ...{ track: opusTrack, dts: number * fromMs(20), cts: 0, key: true },
  data: Uint8Array.of(0x78, number & 0xff, number >> 8, 7, 7, 7),
});

/** Writes seconds of picture and sound at their own pace. @param gop pictures from one key frame to the next. */
export async function live(world: World, to: Stream, seconds: number, gop = 25, from = 0): Promise<void> {
  const publication = to.published ? undefined : to.publish({ policy: 'takeover', onEvicted: () => undefined });
  publication?.retrack(tracks);
  const write = (frame: Frame): void => (publications.get(to) ?? publication)?.write(frame);
  if (publication !== undefined) publications.set(to, publication);
  for (let number = from * 25; number < (from + seconds) * 25; number++) {
    write(picture(number, number % gop === 0));
    write(sound(number * 2));
    write(sound(number * 2 + 1));
    await world.run(fromMs(40));
  }
}

const publications = new WeakMap<Stream, ReturnType<Stream['publish']>>();
