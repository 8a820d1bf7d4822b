// The routes of DASH: manifests and segments from memory.
import { isDeepStrictEqual } from 'node:util';
import type { Closer } from '../../base/link.ts';
import { formatAddress } from '../../base/link.ts';
import { type Session, toSrsxError } from '../../base/session.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import type { AdmissionRequest } from '../../control/admission.ts';
import { clientPeer } from '../../control/client-peer.ts';
import type { Host, Listener } from '../../control/host.ts';
import { Shelf } from '../../control/storage/shelf.ts';
import type { Stream } from '../../media/stream.ts';
import { streamKey, streamUrl } from '../../media/stream-name.ts';
import { corsHeaders } from '../../wire/http/cors.ts';
import type { HttpExchange, HttpRequest } from '../../wire/http/exchange.ts';
import { cacheFor, mediaHeads, NO_CACHE } from '../../wire/http/media-answer.ts';
import { requestedVhost } from '../../wire/http/stream-path.ts';
import { Channel, type DashEntry } from './channel.ts';
import { type DashConfig, vhostConfig } from './config.ts';
import { answerTo, dashErrors } from './errors.ts';

/** @param config for vhosts whose block dash is off or not there. */
export function serve(host: Host, config: DashConfig): Closer & { readonly listeners: readonly Listener[] } {
  return new Server(host, config);
}

/** SRS's types. */
const MediaType = { manifest: 'application/dash+xml', segment: 'video/iso.segment', init: 'video/mp4' } as const;
/** Chosen: a player that has not asked for so many segments is gone, and is admitted anew. */
const ADMITTED_SEGMENTS = 10;

class Server implements Closer, Session {
  readonly listeners = [];
  readonly #host: Host;
  readonly #config: DashConfig;
  readonly #closers: readonly Closer[];
  readonly #shelf = new Shelf<DashEntry>();
  /** Bounded by limits.streams. */
  readonly #channels = new Map<string, Channel>();
  /** Streams whose files are being removed. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** Until when a player may ask for a manifest without being asked itself. Bounded by limits.sessions. */
  readonly #admitted = new Map<string, Micros>();

  constructor(host: Host, config: DashConfig) {
    this.#host = host;
    this.#config = config;
    this.#closers = [
      host.http.add((exchange) => this.#route(exchange)),
      host.hub.watch({
        published: (stream) => this.#published(stream),
        unpublished: (stream) => this.#channels.get(streamKey(stream.name))?.end(),
      }),
    ];
    host.wheel.add(this);
    for (const stream of host.hub.streams()) if (stream.published) this.#published(stream);
  }

  /** The wheel asks often enough for time-outs of whole seconds. */
  get deadline(): Micros {
    return this.#channels.size + this.#admitted.size > 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  tick(now: Micros): void {
    for (const [key, channel] of this.#channels) {
      channel.tick(now);
      if (channel.deadline <= now) this.#forget(key, channel, { files: true });
    }
    for (const [player, until] of this.#admitted) if (until <= now) this.#admitted.delete(player);
  }

  /** Requests come by the route. */
  receive(): void {
    // Nothing else comes in.
  }

  close(): void {
    this.#host.wheel.remove(this);
    for (const closer of this.#closers) closer.close();
    for (const channel of this.#channels.values()) {
      channel.waiters.refuseAll(dashErrors.refused('STOPPED'));
      channel.end();
      // SRS removes the files when it quits.
      void channel.forget({ files: channel.config.dispose > 0 });
    }
    this.#channels.clear();
  }

  #published(stream: Stream): void {
    const key = streamKey(stream.name);
    const config = vhostConfig(this.#host.settings, stream.name.vhost, this.#config);
    let channel = this.#channels.get(key);
    // Settings were reloaded: what the stream left does not fit them.
    if (channel !== undefined && !isDeepStrictEqual(channel.config, config)) {
      this.#forget(key, channel, { files: false });
      channel = undefined;
    }
    if (!config.enabled) return;
    channel ??= this.#open(stream, key, config);
    channel?.begin(stream);
  }

  #open(stream: Stream, key: string, config: DashConfig): Channel | undefined {
    this.#makeRoom();
    const after = this.#leaving.get(key) ?? Promise.resolve();
    try {
      const channel = new Channel({ host: this.#host, config, name: stream.name, shelf: this.#shelf, after });
      this.#channels.set(key, channel);
      return channel;
    } catch (error) {
      const { code, message } = toSrsxError(error);
      this.#host.log.error('dash', 'the stream has no DASH', { stream: streamUrl(stream.name), code, error: message });
      return undefined;
    }
  }

  /** What ended streams left goes first, the oldest first. */
  #makeRoom(): void {
    if (this.#channels.size < this.#host.limits.streams) return;
    for (const [key, channel] of this.#channels) {
      if (channel.live) continue;
      this.#forget(key, channel, { files: false });
      return;
    }
  }

  #forget(key: string, channel: Channel, what: { readonly files: boolean }): void {
    this.#channels.delete(key);
    const leaving = channel.forget(what).finally(() => {
      if (this.#leaving.get(key) === leaving) this.#leaving.delete(key);
    });
    this.#leaving.set(key, leaving);
  }

  #route(exchange: HttpExchange): boolean {
    const { request } = exchange;
    const entry = this.#shelf.find(request, this.#host.settings);
    if (entry === undefined) return false;
    if (request.method === 'OPTIONS') exchange.reply(200, corsHeaders(request));
    else if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    else if (entry.kind === 'media') this.#give(exchange, entry);
    else this.#manifest(exchange, entry.owner).catch((error: unknown) => this.#refuse(exchange, error));
    return true;
  }

  #give(exchange: HttpExchange, { owner, bytes }: DashEntry): void {
    owner.sent(bytes.length);
    const type = exchange.request.path.endsWith('.mp4') ? MediaType.init : MediaType.segment;
    const maxAge = toSeconds(owner.config.fragment * owner.config.segments);
    exchange.reply(200, mediaHeads(exchange, type, cacheFor(maxAge)), bytes);
  }

  async #manifest(exchange: HttpExchange, channel: Channel): Promise<void> {
    let gone = false;
    exchange.onGone = () => {
      gone = true;
    };
    await this.#admit(exchange.request, channel);
    if (gone) return;
    const { clock, limits } = this.#host;
    const { waiters, config } = channel;
    const attempt = (): boolean => {
      if (!channel.ready) return false;
      const body = channel.text();
      channel.sent(body.length);
      exchange.reply(200, mediaHeads(exchange, MediaType.manifest, NO_CACHE), body);
      return true;
    };
    if (attempt()) return;
    if (waiters.size >= limits.sessions) throw dashErrors.limit('BUSY', { limit: limits.sessions });
    const late = dashErrors.refused('WAIT', { seconds: toSeconds(config.waitTime) });
    exchange.onGone = waiters.add({
      deadline: clock.now() + config.waitTime,
      attempt,
      refuse: (reason) => this.#refuse(exchange, reason ?? late),
    });
  }

  /** SRS has no sessions of DASH: a player is who asks from one address for one manifest in one way. */
  async #admit(request: HttpRequest, { name, config }: Channel): Promise<void> {
    const { clock, limits, admission } = this.#host;
    const peer = clientPeer(request, this.#host.settings);
    const player = `${formatAddress({ host: peer.host, port: 0 })} ${streamKey(name)} ${request.search}`;
    const until = this.#admitted.get(player) ?? 0;
    if (until <= clock.now()) await admission.admit({ ...admissionOf(request, name), peer, session: false });
    if (this.#admitted.size >= limits.sessions && !this.#admitted.has(player)) return;
    this.#admitted.set(player, clock.now() + Math.max(config.waitTime, config.fragment * ADMITTED_SEGMENTS));
  }

  #refuse(exchange: HttpExchange, thrown: unknown): void {
    const error = toSrsxError(thrown);
    this.#host.log.debug('dash', () => `refused ${exchange.request.path}: ${error.code} ${error.message}`);
    const { status, headers, body } = answerTo(error);
    // A cache must not remember that something is not there yet.
    exchange.reply(status, { ...headers, 'Cache-Control': 'no-store', ...corsHeaders(exchange.request) }, body);
  }
}

function admissionOf(request: HttpRequest, { app, stream }: { app: string; stream: string }): AdmissionRequest {
  const scheme = request.secure ? 'https' : 'http';
  return {
    ...{ action: 'play', protocol: 'dash', type: 'dash-play', peer: request.peer },
    name: { vhost: requestedVhost(request), app, stream },
    param: request.search,
    tcUrl: `${scheme}://${request.header('host') ?? ''}/${app}`,
    pageUrl: request.header('referer') ?? '',
    swfUrl: '',
  };
}
