// The routes of DASH: manifests and segments from memory.
import type { Closer } from '../../base/link.ts';
import { formatAddress } from '../../base/link.ts';
import { type Session, toSrsxError } from '../../base/session.ts';
import { type Micros, toSeconds } from '../../base/time.ts';
import type { AdmissionRequest } from '../../control/admission.ts';
import { clientPeer } from '../../control/client-peer.ts';
import type { Host, Listener } from '../../control/host.ts';
import { vhostsOf } from '../../control/requested-vhosts.ts';
import { Channels } from '../../control/storage/channels.ts';
import { Shelf } from '../../control/storage/shelf.ts';
import { streamKey } from '../../media/stream-name.ts';
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
  readonly #route: Closer;
  readonly #shelf = new Shelf<DashEntry>();
  readonly #channels: Channels<DashConfig, Channel>;
  /** Until when a player may ask for a manifest without being asked itself. Bounded by limits.sessions. */
  readonly #admitted = new Map<string, Micros>();

  constructor(host: Host, config: DashConfig) {
    this.#host = host;
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
