// The server: for each caster of the kind gb28181 a port for media, and one for SIP.
import type { Closer, Link, Peer, Port } from '../../base/link.ts';
import { drive, toSrsxError } from '../../base/session.ts';
import { type Caster, casters } from '../../control/casters.ts';
import type { Host, Listener } from '../../control/host.ts';
import type { HttpExchange } from '../../wire/http/exchange.ts';
import { type GbConfig, type GbOptions, gbOptions } from './config.ts';
import { errors } from './errors.ts';
import { MediaLink } from './media-link.ts';
import { MediaPort } from './media-port.ts';
import { answerPublish } from './publish-api.ts';
import type { Receiver } from './receiver.ts';
import { Receivers } from './receivers.ts';
import { Registrar } from './registrar.ts';

/** What runs, and the requests of the HTTP API that are its. */
export interface GbServer extends Closer {
  readonly listeners: readonly Listener[];
  /** True when it has taken the exchange: `/gb/v1/publish/`, of the first caster. */
  answer(exchange: HttpExchange): Promise<boolean>;
}

/** Listens on all ports of the settings; rejects with ConfigError (CASTER_*), SystemError when one is not free. */
export async function serve(host: Host, config: GbConfig): Promise<GbServer> {
  const servers: CasterServer[] = [];
  const close = (): void => {
    for (const server of servers) server.close();
  };
  try {
    for (const caster of casters(host.settings, 'gb28181')) {
      const server = new CasterServer(host, caster, config);
      servers.push(server);
      await server.listen();
    }
  } catch (error) {
    close();
    throw error;
  }
  return {
    listeners: servers.flatMap(({ listeners }) => listeners),
    answer: async (exchange) => (await servers[0]?.answer(exchange)) ?? false,
    close,
  };
}

/** One caster; its devices are its own. */
export class CasterServer implements Closer {
  readonly listeners: Listener[] = [];
  readonly receivers: Receivers;
  readonly registrar: Registrar | undefined;
  readonly #host: Host;
  readonly #config: GbConfig;
  readonly #options: GbOptions;
  /** Bounded by the sockets of the listener; those that bring nothing by their deadline. */
  readonly #links = new Set<MediaLink>();
  #mediaUdp: MediaPort | undefined;
  #mediaPort = 0;
  #sipPort = 0;

  constructor(host: Host, caster: Caster, config: GbConfig) {
    this.#host = host;
    this.#config = config;
    this.#options = gbOptions(caster);
    this.receivers = new Receivers(host, caster);
    const { sip } = this.#options;
    if (!sip.enabled) return;
    this.registrar = new Registrar({
      ...{ host, options: sip, receivers: this.receivers },
      sipPort: () => this.#sipPort,
      mediaPort: () => this.#mediaPort,
      ownHost: (reached, peer) => this.#ownHost(reached, peer),
    });
  }

  /** Connections to the media port, and senders of datagrams, for tests. */
  get links(): number {
    return this.#links.size + (this.#mediaUdp?.size ?? 0);
  }

  /** Rejects with SystemError. */
  async listen(): Promise<void> {
    const { net } = this.#host;
    const { mediaPort, sip } = this.#options;
    const media = await net.listenTcp({ host: '0.0.0.0', port: mediaPort }, (link) => this.#accept(link));
    this.#mediaPort = media.address.port;
    this.listeners.push(media);
    await this.#listenUdp(this.#mediaPort, (port) => {
      this.#mediaUdp = new MediaPort({ host: this.#host, port, find: (ssrc, from) => this.#find(ssrc, from) });
    });
    const { registrar } = this;
    if (registrar === undefined) return;
    const tcp = await net.listenTcp({ host: '0.0.0.0', port: sip.port }, (link) => registrar.accept(link));
    this.#sipPort = tcp.address.port;
    this.listeners.push(tcp);
    await this.#listenUdp(this.#sipPort, (port) => registrar.listen(port));
  }

  /** SRS has nothing over UDP: who has given that port to somebody else goes without. */
  async #listenUdp(port: number, on: (port: Port) => void): Promise<void> {
    const { net, log } = this.#host;
    try {
      const udp = await net.listenUdp({ host: '0.0.0.0', port });
      on(udp);
      this.listeners.push({ address: udp.local, close: () => udp.close() });
    } catch (error) {
      log.warn('gb28181', 'UDP is not listened to', { port, error: toSrsxError(error) });
    }
  }

  #find(ssrc: number, from: Peer): Receiver | undefined {
    return this.receivers.find(ssrc) ?? this.registrar?.learn(from);
  }

  /** See `GbServer`. */
  answer(exchange: HttpExchange): Promise<boolean> {
    const { mediaConnectTime } = this.#options;
    const mediaPort = (): number => this.#mediaPort;
    return answerPublish(exchange, { host: this.#host, receivers: this.receivers, mediaConnectTime, mediaPort });
  }

  close(): void {
    for (const listener of this.listeners) listener.close();
    this.registrar?.close();
    const reason = errors.refused('STOPPED');
    this.receivers.closeAll(reason);
    this.#mediaUdp?.close();
    for (const link of this.#links) link.close(reason);
  }

  #accept(link: Link): void {
    const media = new MediaLink({
      ...{ host: this.#host, link },
      find: (ssrc, from) => this.#find(ssrc, from),
      onOver: (over) => void this.#links.delete(over),
    });
    this.#links.add(media);
    drive(link, media, this.#host);
  }

  /**
   * SRS: `*` is the first address of an interface. The one that the device has reached is better known to work; a UDP
   * socket does not know it.
   */
  #ownHost(reached: string, peer: Peer): string {
    const { candidate } = this.#options.sip;
    if (candidate !== '*' && candidate !== '') return candidate;
    if (reached !== '0.0.0.0' && reached !== '::') return reached;
    const same = isLoopback(peer.host);
    const own = this.#config.interfaces().filter(({ internal }) => internal === same);
    return (own.find(({ family }) => family === 'ipv4') ?? own[0])?.host ?? '127.0.0.1';
  }
}

const isLoopback = (host: string): boolean => host === '::1' || host.startsWith('127.');
