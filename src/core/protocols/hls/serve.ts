// The routes of HLS: playlists by session, segments and parts from memory.
import type { SrsxError } from '../../base/errors.ts';
import type { Closer } from '../../base/link.ts';
import { randomId } from '../../base/rng.ts';
import type { Session } from '../../base/session.ts';
import { toSrsxError } from '../../base/session.ts';
import { fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import type { Grant } from '../../control/admission.ts';
import { answerMoved } from '../../control/cluster/coworkers.ts';
import { mayBeElsewhere } from '../../control/cluster/edge-settings.ts';
import type { Host, Listener } from '../../control/host.ts';
import { vhostsOf } from '../../control/requested-vhosts.ts';
import { Channels } from '../../control/storage/channels.ts';
import { decodedPath, Shelf } from '../../control/storage/shelf.ts';
import { writeSessionMaster } from '../../format/hls/index.ts';
import { streamUrl } from '../../media/stream-name.ts';
import { corsHeaders } from '../../wire/http/cors.ts';
import type { HttpExchange } from '../../wire/http/exchange.ts';
import { watchGone } from '../../wire/http/gone.ts';
import { cacheFor, mediaHeads, NO_CACHE } from '../../wire/http/media-answer.ts';
import { encodeLevels, requestedVhost } from '../../wire/http/stream-path.ts';
import { MediaType, refuse } from './answer.ts';
import { Channel, type HlsFile } from './channel.ts';
import type { HlsConfig } from './config.ts';
import { checkAhead, type Directives, parseDirectives, satisfied } from './directives.ts';
import { hlsErrors } from './errors.ts';
import { Groups } from './groups.ts';
import type { LowForm } from './low-form.ts';
import { parseResource, type Resource } from './names.ts';
import type { Rendition } from './rendition.ts';
import { CTX, isCtx, readRequest, sessionQuery } from './request.ts';
import { vhostConfig } from './vhost-config.ts';
import { Viewer, type ViewerOptions } from './viewer.ts';

/** @param config for vhosts whose block hls says nothing else. */
export function serve(host: Host, config: HlsConfig): Closer & { readonly listeners: readonly Listener[] } {
  return new Server(host, config);
}

type Playlist = Extract<Resource, { kind: 'playlist' }>;
type Media = Exclude<Resource, { kind: 'playlist' }>;

/** A player that waits for a playlist gets it at the latest after this many target durations (RFC 8216bis §6.2.5.2). */
const HOLD_TARGETS = 3;
/** A blocked playlist may be cached for this many target durations, another for half of one (B.1). */
const BLOCKED_CACHE_TARGETS = 6;
/** SRS: a session ends this many windows after its last playlist. */
const IDLE_WINDOWS = 2;

class Server implements Closer, Session {
  readonly listeners = [];
  readonly #host: Host;
  readonly #config: HlsConfig;
  readonly #route: Closer;
  readonly #channels: Channels<HlsConfig, Channel>;
  readonly #shelf = new Shelf<HlsFile>();
  readonly #groups = new Groups();
  /** Of paths that were asked for lately: at most MAX_PATHS. */
  readonly #resources = new Map<string, Resource>();
  /** By `hls_ctx` and path. Bounded by limits.sessions, twice: kicked ones are remembered for a while. */
  readonly #viewers = new Map<string, Viewer>();

  constructor(host: Host, config: HlsConfig) {
    this.#host = host;
    this.#config = config;
    this.#channels = new Channels({
      ...{ host, topic: 'hls', title: 'HLS' },
      configOf: (vhost) => vhostConfig(host.settings, vhost, config),
      wanted: ({ classic, lowLatency }) => classic || lowLatency,
      make: (plan) => new Channel({ ...plan, host, shelf: this.#shelf }),
      onOpened: (channel) => this.#groups.add(channel),
      onForgotten: (channel) => this.#groups.remove(channel),
    });
    this.#route = host.http.add((exchange) => this.#take(exchange));
    host.wheel.add(this);
  }

  /** The wheel asks often enough for time-outs of whole seconds. */
  get deadline(): Micros {
    return this.#channels.size > 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  tick(now: Micros): void {
    this.#channels.tick(now);
  }

  /** Requests come by the route. */
  receive(): void {
    // Nothing else comes in.
  }

  close(): void {
    const { wheel, clock } = this.#host;
    wheel.remove(this);
    this.#route.close();
    const stopped = hlsErrors.refused('STOPPED');
    this.#channels.close(({ renditions, config: { dispose, disk } }) => {
      for (const { waiters } of renditions) waiters.refuseAll(stopped);
      // SRS removes the files when it quits; who continues playlists needs them.
      return { files: dispose > 0 && disk?.recover === false };
    });
    for (const viewer of this.#viewers.values()) viewer.close(stopped, clock.now());
  }

  #take(exchange: HttpExchange): boolean {
    const { method, path } = exchange.request;
    try {
      const vhosts = vhostsOf(exchange.request, this.#host.settings, this.#vhostOfSession(exchange));
      const entry = this.#shelf.find(path, vhosts);
      if (entry !== undefined && entry.kind !== 'playlist' && (method === 'GET' || method === 'HEAD')) {
        this.#give(exchange, entry.owner, entry.bytes, entry.kind);
        return true;
      }
      const resource = entry === undefined ? this.#parse(path) : playlistOf(entry.owner);
      if (resource === undefined) return false;
      const channel = entry?.owner ?? this.#find(resource, vhosts);
      if (channel === undefined) {
        return resource.kind === 'playlist' && (this.#variants(exchange, resource) || this.#fetch(exchange, resource));
      }
      if (method === 'OPTIONS') exchange.reply(200, corsHeaders(exchange.request));
      else if (method !== 'GET' && method !== 'HEAD') return false;
      else if (resource.kind === 'playlist') return this.#playlist(exchange, resource, channel);
      else this.#media(exchange, resource, channel);
    } catch (error) {
      this.#refuse(exchange, error);
    }
    return true;
  }

  /** All players of a stream ask for the same paths. */
  #parse(path: string): Resource | undefined {
    const known = this.#resources.get(path);
    if (known !== undefined) return known;
    const resource = parseResource(path);
    if (this.#resources.size >= MAX_PATHS) this.#resources.clear();
    if (resource !== undefined) this.#resources.set(path, resource);
    return resource;
  }

  /** The channel of a path, in the first of the vhosts that has it. */
  #find({ app, stream }: Resource, vhosts: readonly string[]): Channel | undefined {
    for (const vhost of vhosts) {
      const found = this.#channels.find({ vhost, app, stream });
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Of the session that the request names, if it is one of ours. */
  #vhostOfSession({ request }: HttpExchange): string | undefined {
    const ctx = request.query.get(CTX);
    return ctx === null ? undefined : this.#host.sessions.find(ctx)?.info.name.vhost;
  }

  /** The playlist of a group. Its variants ask the admission; a session is theirs too, by the id that it is given here. */
  #variants(exchange: HttpExchange, { app, stream, lowLatency }: Playlist): boolean {
    const { request } = exchange;
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    const query = sessionQuery(randomId(this.#host.rng, CTX_LETTERS), request.search);
    for (const vhost of vhostsOf(request, this.#host.settings)) {
      const body = this.#groups.text({ vhost, app, stream }, { lowLatency, query });
      if (body === undefined) continue;
      exchange.reply(200, mediaHeads(exchange, MediaType.playlist, 'no-store'), body);
      return true;
    }
    return false;
  }

  /** In a cluster another server may have the stream: it is fetched, or the player is sent there. */
  #fetch(exchange: HttpExchange, resource: Playlist): boolean {
    const { settings, admission } = this.#host;
    const { request } = exchange;
    const vhost = settings.vhost(requestedVhost(request));
    const { classic, lowLatency } = vhostConfig(settings, vhost.name, this.#config);
    const get = request.method === 'GET' || request.method === 'HEAD';
    if (!mayBeElsewhere(vhost) || !get || !(resource.lowLatency ? lowLatency : classic)) return false;
    const isGone = watchGone(exchange);
    const asked = readRequest(request, settings, resource, null);
    // Its hooks are asked when there is something to play.
    const admitted = admission.admit({ ...asked, session: false, elsewhere: 'http', atOnce: true });
    const answer = ({ name }: Grant): void => {
      const channel = this.#channels.find(name);
      if (isGone()) return;
      if (channel === undefined) throw hlsErrors.refused('NO_STREAM', { stream: streamUrl(name) });
      this.#playlist(exchange, resource, channel);
    };
    admitted.then(answer).catch((error: unknown) => this.#refuse(exchange, error));
    return true;
  }

  #refuse(exchange: HttpExchange, thrown: unknown): void {
    const error = toSrsxError(thrown);
    if (answerMoved(exchange, error)) return;
    this.#host.log.debug('hls', () => `refused ${exchange.request.path}: ${error.code} ${error.message}`);
    refuse(exchange, error);
  }

  #playlist(exchange: HttpExchange, resource: Playlist, channel: Channel): boolean {
    const rendition = resource.lowLatency ? channel.low : channel.classic;
    if (rendition === undefined) return false;
    // Its URIs are relative to the place that the template names.
    if (!resource.lowLatency && decodedPath(exchange.request.path) !== channel.paths.playlist) {
      const place = `/${encodeLevels(channel.paths.playlist)}`;
      exchange.reply(302, { Location: place + exchange.request.search, ...corsHeaders(exchange.request) });
      return true;
    }
    const directives = rendition.lowLatency ? parseDirectives(exchange.request.query) : WHOLE;
    const ctx = exchange.request.query.get(CTX);
    if (ctx !== null && !isCtx(ctx)) throw hlsErrors.protocol('CTX');
    const { vhost } = channel.name;
    const viewer =
      ctx === null ? undefined : this.#viewers.get(viewerKey(ctx, vhost, decodedPath(exchange.request.path)));
    if (viewer?.kicked === true) throw hlsErrors.refused('EOF', { stream: streamUrl(channel.name) });
    if (viewer !== undefined) {
      viewer.touch();
      this.#answer(exchange, channel, rendition, { directives, ctx, viewer });
      return true;
    }
    const { sessions } = channel.config;
    this.#admit(exchange, resource, { directives, ctx, sessions }).catch((error: unknown) =>
      this.#refuse(exchange, error),
    );
    return true;
  }

  async #admit(
    exchange: HttpExchange,
    resource: Playlist,
    { directives, ctx, sessions }: { directives: Directives; ctx: string | null; sessions: boolean },
  ): Promise<void> {
    const isGone = watchGone(exchange);
    const host = this.#host;
    const { request } = exchange;
    const asked = readRequest(request, host.settings, resource, ctx);
    const grant = await host.admission.admit(sessions ? asked : { ...asked, session: false });
    if (isGone()) {
      grant.ticket?.end();
      return;
    }
    // Looked for again: the stream may have gone meanwhile, and the grant says its real name.
    const channel = this.#channels.find(grant.name);
    const rendition = resource.lowLatency ? channel?.low : channel?.classic;
    if (channel === undefined || rendition === undefined) {
      grant.ticket?.end();
      throw hlsErrors.refused('NO_STREAM', { stream: streamUrl(grant.name) });
    }
    if (!channel.config.sessions) {
      this.#answer(exchange, channel, rendition, { directives, ctx: null, viewer: undefined });
      return;
    }
    const { path, search } = exchange.request;
    // Two requests of one session may have been admitted at the same time.
    const known =
      ctx === null
        ? undefined
        : this.#viewers.get(viewerKey(ctx, grant.name.vhost, decodedPath(exchange.request.path)));
    if (known !== undefined) grant.ticket?.end();
    const viewer = known ?? this.#openViewer(exchange, ctx, { asked, grant, config: channel.config });
    if (ctx !== null) {
      this.#answer(exchange, channel, rendition, { directives, ctx, viewer });
      return;
    }
    const base = channel.config.relative ? path.slice(path.lastIndexOf('/') + 1) : path;
    const body = writeSessionMaster({ uri: base + sessionQuery(viewer.id, search) });
    viewer.sent(body.length);
    exchange.reply(200, mediaHeads(exchange, MediaType.playlist, 'no-store'), body);
  }

  #openViewer(
    exchange: HttpExchange,
    ctx: string | null,
    { config, ...admitted }: Pick<ViewerOptions, 'asked' | 'grant'> & { config: HlsConfig },
  ): Viewer {
    const { path } = exchange.request;
    let key = '';
    const viewer = new Viewer({
      ...admitted,
      host: this.#host,
      shownName: decodeURIComponent(path.slice(path.lastIndexOf('/') + 1)),
      idleTime: config.window * IDLE_WINDOWS,
      onOver: () => this.#viewers.delete(key),
    });
    key = viewerKey(ctx ?? viewer.id, admitted.grant.name.vhost, decodedPath(path));
    this.#viewers.set(key, viewer);
    return viewer;
  }

  /** The playlist, now or when it has what is asked for. */
  #answer(
    exchange: HttpExchange,
    channel: Channel,
    rendition: Rendition,
    { directives, ctx, viewer }: { directives: Directives; ctx: string | null; viewer: Viewer | undefined },
  ): void {
    const { store } = rendition;
    checkAhead(directives, store, rendition.partTarget);
    const suffix = ctx !== null && channel.config.segmentSessions ? `?${CTX}=${ctx}` : '';
    const blocked = directives.msn !== undefined;
    this.#when(exchange, rendition, {
      hold: rendition.ready ? fromSeconds(rendition.target * HOLD_TARGETS) : channel.config.waitTime,
      attempt: () => {
        if (!rendition.ready || !satisfied(directives, store)) return false;
        const query = ctx === null ? '' : `?${CTX}=${ctx}`;
        const reports = rendition.lowLatency ? this.#groups.reports(channel, query) : '';
        const body = rendition.text(directives.skip, suffix) + reports;
        const cache = blocked ? cacheFor(rendition.target * BLOCKED_CACHE_TARGETS) : NO_CACHE;
        viewer?.sent(body.length);
        channel.sent(body.length);
        exchange.reply(200, mediaHeads(exchange, MediaType.playlist, cache), body);
        return true;
      },
    });
  }

  #when(
    exchange: HttpExchange,
    { waiters }: Rendition,
    { hold, attempt }: { hold: Micros; attempt: () => boolean },
  ): void {
    if (attempt()) return;
    const { clock, limits } = this.#host;
    if (waiters.size >= limits.sessions) throw hlsErrors.limit('BUSY', { limit: limits.sessions });
    // Made when it is told: an error for each request that waits would cost more than its answer.
    const late = (): SrsxError => hlsErrors.refused('WAIT', { seconds: toSeconds(hold) });
    exchange.onGone = waiters.add({
      deadline: clock.now() + hold,
      attempt,
      refuse: (reason) => refuse(exchange, reason ?? late()),
    });
  }

  #media(exchange: HttpExchange, resource: Media, channel: Channel): void {
    const missing = () => hlsErrors.refused('NO_SEGMENT', { stream: streamUrl(channel.name) });
    const rendition = channel.low;
    // Classic segments that are there are on the shelf.
    if (resource.kind === 'ts' || rendition === undefined || resource.run !== channel.names.run) throw missing();
    const give = (bytes: Uint8Array): void => this.#give(exchange, channel, bytes, 'fmp4');
    const bytes = find(rendition, resource);
    if (bytes !== undefined) {
      give(bytes);
      return;
    }
    // Only the part that is hinted may be waited for (RFC 8216bis §4.4.5.3).
    const { store } = rendition;
    const hinted =
      resource.kind === 'part' &&
      rendition.live &&
      resource.sequence === store.nextSequence &&
      resource.index === store.openParts;
    if (!hinted) throw missing();
    this.#when(exchange, rendition, {
      hold: fromSeconds(rendition.target * HOLD_TARGETS),
      attempt: () => {
        const made = find(rendition, resource);
        if (made !== undefined) give(made);
        // The segment may have ended without it.
        else if (resource.sequence < store.nextSequence) refuse(exchange, missing());
        else return false;
        return true;
      },
    });
  }

  #give(exchange: HttpExchange, channel: Channel, bytes: Uint8Array, kind: 'ts' | 'fmp4' | 'key'): void {
    const ctx = exchange.request.query.get(CTX);
    const viewer = ctx === null ? undefined : this.#viewerOf(ctx, exchange, channel);
    viewer?.sent(bytes.length);
    channel.sent(bytes.length);
    // Numbers come again at the earliest when what a stream left was thrown away.
    const maxAge = toSeconds(channel.config.window);
    exchange.reply(200, mediaHeads(exchange, MediaType[kind], cacheFor(maxAge)), bytes);
  }

  /** Low-latency segments are named after their playlist; the others belong to the one of their channel. */
  #viewerOf(ctx: string, { request: { path } }: HttpExchange, { name, paths }: Channel): Viewer | undefined {
    const mark = path.indexOf('.ll-', path.lastIndexOf('/') + 1);
    const playlist = mark < 0 ? paths.playlist : decodedPath(`${path.slice(0, mark)}.ll.m3u8`);
    return this.#viewers.get(viewerKey(ctx, name.vhost, playlist));
  }
}

/** Chosen: what fifty streams have in their newest two segments. */
const MAX_PATHS = 2000;

/** SRS's ids of clients. */
const CTX_LETTERS = 8;

const WHOLE: Directives = { msn: undefined, part: undefined, skip: false };

/** Who was admitted to a vhost was not to another one that has the same path. */
const viewerKey = (ctx: string, vhost: string, playlist: string): string => `${ctx}\n${vhost}\n${playlist}`;

const playlistOf = ({ name }: Channel): Playlist => ({ ...name, kind: 'playlist', lowLatency: false });

function find(rendition: Rendition<LowForm>, resource: Exclude<Media, { kind: 'ts' }>): Uint8Array | undefined {
  switch (resource.kind) {
    case 'cmaf':
      return rendition.store.find(resource.sequence)?.bytes;
    case 'part':
      return rendition.store.findPart(resource.sequence, resource.index)?.bytes;
    case 'init':
      return rendition.form.init(resource.index);
  }
}
