// The routes of HLS: playlists by session, segments and parts from memory.
import type { Closer } from '../../base/link.ts';
import type { Session } from '../../base/session.ts';
import { toSrsxError } from '../../base/session.ts';
import { fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import type { Host, Listener } from '../../control/host.ts';
import { writeSessionMaster } from '../../format/hls/index.ts';
import type { Stream } from '../../media/stream.ts';
import { DEFAULT_VHOST, streamKey, streamUrl } from '../../media/stream-name.ts';
import { corsHeaders } from '../../wire/http/cors.ts';
import type { HttpExchange } from '../../wire/http/exchange.ts';
import { requestedVhost } from '../../wire/http/stream-path.ts';
import { cacheFor, heads, MediaType, NO_CACHE, refuse } from './answer.ts';
import { Channel } from './channel.ts';
import type { HlsConfig } from './config.ts';
import { checkAhead, type Directives, parseDirectives, satisfied } from './directives.ts';
import { hlsErrors } from './errors.ts';
import { parseResource, type Resource } from './names.ts';
import type { Rendition } from './rendition.ts';
import { CTX, isCtx, readRequest, sessionQuery } from './request.ts';
import { Viewer, type ViewerOptions } from './viewer.ts';

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
  readonly #closers: readonly Closer[];
  /** Bounded by limits.streams. */
  readonly #channels = new Map<string, Channel>();
  /** By `hls_ctx` and path. Bounded by limits.sessions, twice: kicked ones are remembered for a while. */
  readonly #viewers = new Map<string, Viewer>();

  constructor(host: Host, config: HlsConfig) {
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
    return this.#channels.size > 0 ? 0 : Number.POSITIVE_INFINITY;
  }

  tick(now: Micros): void {
    for (const [key, channel] of this.#channels) {
      channel.tick(now);
      if (channel.deadline <= now) this.#forget(key, channel);
    }
  }

  /** Requests come by the route. */
  receive(): void {
    // Nothing else comes in.
  }

  close(): void {
    const { wheel, clock } = this.#host;
    wheel.remove(this);
    for (const closer of this.#closers) closer.close();
    const stopped = hlsErrors.refused('STOPPED');
    for (const channel of this.#channels.values()) {
      for (const { waiters } of channel.renditions) waiters.refuseAll(stopped);
      channel.close(undefined);
    }
    this.#channels.clear();
    for (const viewer of this.#viewers.values()) viewer.close(stopped, clock.now());
  }

  #published(stream: Stream): void {
    const key = streamKey(stream.name);
    let channel = this.#channels.get(key);
    if (channel === undefined) {
      this.#makeRoom();
      channel = new Channel(this.#host, this.#config, stream.name);
      this.#channels.set(key, channel);
    }
    channel.begin(stream);
  }

  /** What ended streams left goes first, the oldest first. */
  #makeRoom(): void {
    if (this.#channels.size < this.#host.limits.streams) return;
    for (const [key, channel] of this.#channels) {
      if (channel.live) continue;
      this.#forget(key, channel);
      return;
    }
  }

  #forget(key: string, channel: Channel): void {
    this.#channels.delete(key);
    channel.close(undefined);
  }

  #route(exchange: HttpExchange): boolean {
    const { method, path } = exchange.request;
    try {
      const resource = parseResource(path);
      if (resource === undefined) return false;
      const channel = this.#find(exchange, resource);
      if (channel === undefined) return false;
      if (method === 'OPTIONS') exchange.reply(200, corsHeaders(exchange.request));
      else if (method !== 'GET' && method !== 'HEAD') return false;
      else if (resource.kind === 'playlist') return this.#playlist(exchange, resource, channel);
      else this.#media(exchange, resource, channel);
    } catch (error) {
      this.#refuse(exchange, error);
    }
    return true;
  }

  /** The channel of a path: of the vhost that the request names, else of the default one. */
  #find(exchange: HttpExchange, { app, stream }: Resource): Channel | undefined {
    const vhost = requestedVhost(exchange.request);
    return (
      this.#channels.get(streamKey({ vhost, app, stream })) ??
      this.#channels.get(streamKey({ vhost: DEFAULT_VHOST, app, stream }))
    );
  }

  #refuse(exchange: HttpExchange, thrown: unknown): void {
    const error = toSrsxError(thrown);
    this.#host.log.debug('hls', () => `refused ${exchange.request.path}: ${error.code} ${error.message}`);
    refuse(exchange, error);
  }

  #playlist(exchange: HttpExchange, resource: Playlist, channel: Channel): boolean {
    const rendition = resource.lowLatency ? channel.low : channel.classic;
    if (rendition === undefined) return false;
    const directives = rendition.lowLatency ? parseDirectives(exchange.request.query) : WHOLE;
    const ctx = exchange.request.query.get(CTX);
    if (ctx !== null && !isCtx(ctx)) throw hlsErrors.protocol('CTX');
    const viewer = ctx === null ? undefined : this.#viewers.get(viewerKey(ctx, exchange));
    if (viewer?.kicked === true) throw hlsErrors.refused('EOF', { stream: streamUrl(channel.name) });
    if (viewer !== undefined) {
      viewer.touch();
      this.#answer(exchange, channel, rendition, { directives, ctx, viewer });
      return true;
    }
    this.#admit(exchange, resource, { directives, ctx }).catch((error: unknown) => this.#refuse(exchange, error));
    return true;
  }

  async #admit(
    exchange: HttpExchange,
    resource: Playlist,
    { directives, ctx }: { directives: Directives; ctx: string | null },
  ): Promise<void> {
    let gone = false;
    exchange.onGone = () => {
      gone = true;
    };
    const host = this.#host;
    const asked = readRequest(exchange.request, resource);
    const grant = await host.admission.admit(asked);
    if (gone) return;
    // Looked for again: the stream may have gone meanwhile, and the grant says its real name.
    const channel = this.#channels.get(streamKey(grant.name));
    const rendition = resource.lowLatency ? channel?.low : channel?.classic;
    if (channel === undefined || rendition === undefined) {
      throw hlsErrors.refused('NO_STREAM', { stream: streamUrl(grant.name) });
    }
    if (!this.#config.sessions) {
      this.#answer(exchange, channel, rendition, { directives, ctx: null, viewer: undefined });
      return;
    }
    const { path, search } = exchange.request;
    // Two requests of one session may have been admitted at the same time.
    const known = ctx === null ? undefined : this.#viewers.get(viewerKey(ctx, exchange));
    const viewer = known ?? this.#open(exchange, ctx, { asked, grant });
    if (ctx !== null) {
      this.#answer(exchange, channel, rendition, { directives, ctx, viewer });
      return;
    }
    const base = this.#config.relative ? path.slice(path.lastIndexOf('/') + 1) : path;
    const body = writeSessionMaster({ uri: base + sessionQuery(viewer.id, search) });
    viewer.sent(body.length);
    exchange.reply(200, heads(exchange, MediaType.playlist, 'no-store'), body);
  }

  #open(exchange: HttpExchange, ctx: string | null, admitted: Pick<ViewerOptions, 'asked' | 'grant'>): Viewer {
    const { path } = exchange.request;
    let key = '';
    const viewer = new Viewer({
      ...admitted,
      host: this.#host,
      shownName: decodeURIComponent(path.slice(path.lastIndexOf('/') + 1)),
      idleTime: this.#config.window * IDLE_WINDOWS,
      onOver: () => this.#viewers.delete(key),
    });
    key = viewerKey(ctx ?? viewer.id, exchange);
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
    const suffix = ctx !== null && this.#config.segmentSessions ? `?${CTX}=${ctx}` : '';
    const blocked = directives.msn !== undefined;
    this.#when(exchange, rendition, {
      hold: rendition.ready ? fromSeconds(rendition.target * HOLD_TARGETS) : this.#config.waitTime,
      attempt: () => {
        if (!rendition.ready || !satisfied(directives, store)) return false;
        const body = rendition.text(directives.skip, suffix);
        const cache = blocked ? cacheFor(rendition.target * BLOCKED_CACHE_TARGETS) : NO_CACHE;
        viewer?.sent(body.length);
        channel.sent(body.length);
        exchange.reply(200, heads(exchange, MediaType.playlist, cache), body);
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
    const late = hlsErrors.refused('WAIT', { seconds: toSeconds(hold) });
    exchange.onGone = waiters.add({
      deadline: clock.now() + hold,
      attempt,
      refuse: (reason) => refuse(exchange, reason ?? late),
    });
  }

  #media(exchange: HttpExchange, resource: Media, channel: Channel): void {
    const rendition = resource.kind === 'ts' ? channel.classic : channel.low;
    const missing = () => hlsErrors.refused('NO_SEGMENT', { stream: streamUrl(channel.name) });
    if (rendition === undefined) throw missing();
    if (resource.kind !== 'ts' && resource.run !== channel.names.run) throw missing();
    const give = (bytes: Uint8Array): void => this.#give(exchange, channel, bytes, resource.kind === 'ts');
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

  #give(exchange: HttpExchange, channel: Channel, bytes: Uint8Array, ts: boolean): void {
    const ctx = exchange.request.query.get(CTX);
    const viewer = ctx === null ? undefined : this.#viewerOf(ctx, exchange, ts);
    viewer?.sent(bytes.length);
    channel.sent(bytes.length);
    // Numbers come again at the earliest when what a stream left was thrown away.
    const maxAge = toSeconds(this.#config.window);
    exchange.reply(200, heads(exchange, ts ? MediaType.ts : MediaType.fmp4, cacheFor(maxAge)), bytes);
  }

  /** Segments are named after their playlist. */
  #viewerOf(ctx: string, exchange: HttpExchange, ts: boolean): Viewer | undefined {
    const { path } = exchange.request;
    const playlist = ts ? path.replace(/-\d+\.ts$/, '.m3u8') : path.replace(/\.ll-[^/]*$/, '.ll.m3u8');
    return this.#viewers.get(`${ctx}\n${playlist}`);
  }
}

const WHOLE: Directives = { msn: undefined, part: undefined, skip: false };

const viewerKey = (ctx: string, exchange: HttpExchange): string => `${ctx}\n${exchange.request.path}`;

function find(rendition: Rendition, resource: Media): Uint8Array | undefined {
  switch (resource.kind) {
    case 'ts':
    case 'cmaf':
      return rendition.store.find(resource.sequence)?.bytes;
    case 'part':
      return rendition.store.findPart(resource.sequence, resource.index)?.bytes;
    case 'init':
      return rendition.init(resource.index);
  }
}
