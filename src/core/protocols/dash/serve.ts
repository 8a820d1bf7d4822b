// The routes of DASH: manifests and segments from memory.
import type { SrsxError } from '../../base/errors.ts';
import type { Closer } from '../../base/link.ts';
import { formatAddress } from '../../base/link.ts';
import { type Session, toSrsxError } from '../../base/session.ts';
import { fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import type { AdmissionRequest } from '../../control/admission.ts';
import { answerMoved } from '../../control/cluster/coworkers.ts';
import { mayBeElsewhere } from '../../control/cluster/edge-settings.ts';
import type { Host, Listener } from '../../control/host.ts';
import { askedOver } from '../../control/http-asked.ts';
import { vhostsOf } from '../../control/requested-vhosts.ts';
import { Channels } from '../../control/storage/channels.ts';
import { decodedPath, Shelf } from '../../control/storage/shelf.ts';
import { type StreamName, streamKey, streamUrl } from '../../media/stream-name.ts';
import { corsHeaders } from '../../wire/http/cors.ts';
import type { HttpExchange, HttpRequest } from '../../wire/http/exchange.ts';
import { watchGone } from '../../wire/http/gone.ts';
import { cacheFor, mediaHeads, NO_CACHE, refuseMedia } from '../../wire/http/media-answer.ts';
import { encodeLevels, parseStreamPath, requestedVhost } from '../../wire/http/stream-path.ts';
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
/** Where streams are fetched from other servers, each admission keeps its stream for 30 s: this long before it is due. */
const FETCHED_TIME: Micros = fromSeconds(10);
/** Of the manifests that are fetched: SRS's template. */
const ENDING = '.mpd';

class Server implements Closer, Session {
  readonly listeners = [];
  readonly #host: Host;
  readonly #config: DashConfig;
  readonly #route: Closer;
  readonly #shelf = new Shelf<DashEntry>();
  readonly #channels: Channels<DashConfig, Channel>;
  /** Until when a player may ask for a manifest without being asked itself. Bounded by limits.sessions. */
  readonly #admitted = new Map<string, Micros>();

  constructor(host: Host, config: DashConfig) {
    this.#host = host;
    this.#config = config;
    this.#channels = new Channels({
      ...{ host, topic: 'dash', title: 'DASH' },
      configOf: (vhost) => vhostConfig(host.settings, vhost, config),
      wanted: ({ enabled }) => enabled,
      make: (plan) => new Channel({ ...plan, host, shelf: this.#shelf }),
    });
    this.#route = host.http.add((exchange) => this.#take(exchange));
    host.wheel.add(this);
  }

  /** The wheel asks often enough for time-outs of whole seconds. */
  get deadline(): Micros {
    return this.#channels.size + this.#admitted.size > 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  tick(now: Micros): void {
    this.#channels.tick(now);
    for (const [player, until] of this.#admitted) if (until <= now) this.#admitted.delete(player);
  }

  /** Requests come by the route. */
  receive(): void {
    // Nothing else comes in.
  }

  close(): void {
    this.#host.wheel.remove(this);
    this.#route.close();
    this.#channels.close(({ waiters, config }) => {
      waiters.refuseAll(dashErrors.refused('STOPPED'));
      // SRS removes the files when it quits.
      return { files: config.dispose > 0 };
    });
  }

  #take(exchange: HttpExchange): boolean {
    const { request } = exchange;
    const entry = this.#shelf.find(request.path, vhostsOf(request, this.#host.settings));
    if (entry === undefined) return this.#fetch(exchange);
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
    const isGone = watchGone(exchange);
    await this.#admit(exchange.request, channel);
    if (!isGone()) this.#answer(exchange, channel);
  }

  /** The manifest, now or when it has its first segment. */
  #answer(exchange: HttpExchange, channel: Channel): void {
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
    const late = (): SrsxError => dashErrors.refused('WAIT', { seconds: toSeconds(config.waitTime) });
    exchange.onGone = waiters.add({
      deadline: clock.now() + config.waitTime,
      attempt,
      refuse: (reason) => this.#refuse(exchange, reason ?? late()),
    });
  }

  /** In a cluster another server may have the stream: it is fetched, or the player is sent there. */
  #fetch(exchange: HttpExchange): boolean {
    const { settings } = this.#host;
    const { request } = exchange;
    const { method, path } = request;
    if (!path.endsWith(ENDING) || (method !== 'GET' && method !== 'HEAD')) return false;
    const vhost = settings.vhost(requestedVhost(request));
    if (!mayBeElsewhere(vhost) || !vhostConfig(settings, vhost.name, this.#config).enabled) return false;
    this.#fetched(exchange).catch((error: unknown) => this.#refuse(exchange, error));
    return true;
  }

  async #fetched(exchange: HttpExchange): Promise<void> {
    const isGone = watchGone(exchange);
    const { request } = exchange;
    const asked = this.#asked(request, parseStreamPath(request.path, ENDING));
    const { name } = await this.#host.admission.admit({ ...asked, elsewhere: 'http', atOnce: true });
    if (isGone()) return;
    const channel = this.#channels.find(name);
    if (channel === undefined) throw dashErrors.refused('NO_STREAM', { stream: streamUrl(name) });
    this.#remember(playerOf(asked, name), channel);
    if (decodedPath(request.path) === channel.place) return this.#answer(exchange, channel);
    // URIs in a manifest are relative to the place that the template names.
    const headers = { Location: `/${encodeLevels(channel.place)}${request.search}`, ...corsHeaders(request) };
    exchange.reply(302, headers);
  }

  async #admit(request: HttpRequest, channel: Channel): Promise<void> {
    const { clock, admission, settings } = this.#host;
    const { name } = channel;
    const asked = this.#asked(request, name);
    const player = playerOf(asked, name);
    const isKnown = (this.#admitted.get(player) ?? 0) > clock.now();
    if (!isKnown) await admission.admit(asked);
    // Each admission makes a cluster keep the stream for a while.
    else if (mayBeElsewhere(settings.vhost(name.vhost))) return;
    this.#remember(player, channel);
  }

  /** Not to be asked again for some time. */
  #remember(player: string, { name, config }: Channel): void {
    const { clock, limits, settings } = this.#host;
    if (this.#admitted.size >= limits.sessions && !this.#admitted.has(player)) return;
    const time = Math.max(config.waitTime, config.fragment * ADMITTED_SEGMENTS);
    const known = mayBeElsewhere(settings.vhost(name.vhost)) ? FETCHED_TIME : time;
    this.#admitted.set(player, clock.now() + known);
  }

  #asked(request: HttpRequest, name: Pick<StreamName, 'app' | 'stream'>): AdmissionRequest & { session: false } {
    const own = { action: 'play', protocol: 'dash', type: 'dash-play' } as const;
    return { ...askedOver(request, this.#host.settings, name, own), session: false };
  }

  #refuse(exchange: HttpExchange, thrown: unknown): void {
    const error = toSrsxError(thrown);
    if (answerMoved(exchange, error)) return;
    this.#host.log.debug('dash', () => `refused ${exchange.request.path}: ${error.code} ${error.message}`);
    refuseMedia(exchange, answerTo(error));
  }
}

/** SRS has no sessions of DASH: a player is who asks from one address for one manifest in one way. */
const playerOf = ({ peer, param }: AdmissionRequest, name: StreamName): string =>
  `${formatAddress({ host: peer.host, port: 0 })} ${streamKey(name)} ${param}`;
