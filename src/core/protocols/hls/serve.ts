// The routes of HLS: playlists by session, segments and parts from memory.
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
import { cacheFor, mediaHeads } from '../../wire/http/media-answer.ts';
import { encodeLevels, requestedVhost } from '../../wire/http/stream-path.ts';
import type { Waiter } from '../../wire/http/waiters.ts';
import { MediaType, refuse } from './answer.ts';
import { Channel, type HlsFile } from './channel.ts';
import type { HlsConfig } from './config.ts';
import { checkAhead, type Directives, parseDirectives } from './directives.ts';
import { hlsErrors } from './errors.ts';
import { Groups } from './groups.ts';
import { type KnownPath, KnownPaths } from './known-paths.ts';
import type { LowForm } from './low-form.ts';
import type { Resource } from './names.ts';
import { HOLD_TARGETS, PlaylistAnswer, type PlaylistRequest, waitedFor } from './playlist-answer.ts';
import type { Rendition } from './rendition.ts';
import { CTX, isCtx, readRequest, sessionQuery } from './request.ts';
import { vhostConfig } from './vhost-config.ts';
import { Viewer, type ViewerOptions } from './viewer.ts';
import { type ViewerPlace, Viewers } from './viewers.ts';

/** @param config for vhosts whose block hls says nothing else. */
export function serve(host: Host, config: HlsConfig): Closer & { readonly listeners: readonly Listener[] } {
  return new Server(host, config);
}

type Playlist = Extract<Resource, { kind: 'playlist' }>;
type Media = Exclude<Resource, { kind: 'playlist' }>;

/** The channel of a path, as long as nothing changes; undefined: none of the vhosts has one. */
interface Place {
  readonly channel: Channel | undefined;
  readonly vhosts: readonly string[];
  readonly version: number;
}

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
  readonly #paths = new KnownPaths<Place>();
  readonly #viewers = new Viewers();

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
    for (const viewer of [...this.#viewers.all()]) viewer.close(stopped, clock.now());
  }

  #take(exchange: HttpExchange): boolean {
    const { method, path } = exchange.request;
    try {
      const vhosts = vhostsOf(exchange.request, this.#host.settings, this.#vhostOfSession(exchange));
      const entry = this.#shelf.find(path, vhosts);
      if (entry !== undefined && entry.kind !== 'playlist' && (method === 'GET' || method === 'HEAD')) {
        const { owner, bytes, kind } = entry;
        this.#give(exchange, owner, { bytes, kind, playlist: owner.paths.playlist });
        return true;
      }
      const known = entry === undefined ? this.#paths.find(path) : ofClassic(entry.owner);
      if (known === undefined) return false;
      const { resource } = known;
      const channel = entry?.owner ?? this.#find(known, vhosts);
      if (channel === undefined) {
        return resource.kind === 'playlist' && (this.#variants(exchange, resource) || this.#fetch(exchange, resource));
      }
      if (method === 'OPTIONS') exchange.reply(200, corsHeaders(exchange.request));
      else if (method !== 'GET' && method !== 'HEAD') return false;
      else if (resource.kind === 'playlist') return this.#playlist(exchange, resource, channel, known.playlist);
      else this.#media(exchange, resource, channel, known.playlist);
    } catch (error) {
      this.#refuse(exchange, error);
    }
    return true;
  }

  /** The channel of a path, in the first of the vhosts that has it. */
  #find(known: KnownPath<Place>, vhosts: readonly string[]): Channel | undefined {
    const { place } = known;
    const { version } = this.#channels;
    if (place?.version === version && isSame(place.vhosts, vhosts)) return place.channel;
    const { app, stream } = known.resource;
    let channel: Channel | undefined;
    for (const vhost of vhosts) channel ??= this.#channels.find({ vhost, app, stream });
    known.place = { channel, vhosts, version };
    return channel;
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
      this.#playlist(exchange, resource, channel, decodedPath(request.path));
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

  /** @param playlist its path without percent-encoding. */
  #playlist(exchange: HttpExchange, resource: Playlist, channel: Channel, playlist: string): boolean {
    const rendition = resource.lowLatency ? channel.low : channel.classic;
    if (rendition === undefined) return false;
    const { request } = exchange;
    // Its URIs are relative to the place that the template names.
    if (!resource.lowLatency && playlist !== channel.paths.playlist) {
      const place = `/${encodeLevels(channel.paths.playlist)}`;
      exchange.reply(302, { Location: place + request.search, ...corsHeaders(request) });
      return true;
    }
    const directives = rendition.lowLatency ? parseDirectives(request.query) : WHOLE;
    const ctx = request.query.get(CTX);
    if (ctx !== null && !isCtx(ctx)) throw hlsErrors.protocol('CTX');
    const { vhost } = channel.name;
    const viewer = ctx === null ? undefined : this.#viewers.find({ vhost, playlist, ctx });
    if (viewer?.kicked === true) throw hlsErrors.refused('EOF', { stream: streamUrl(channel.name) });
    if (viewer !== undefined) {
      viewer.touch();
      this.#answer({ exchange, channel, rendition, directives, ctx, viewer });
      return true;
    }
    const { sessions } = channel.config;
    this.#admit(exchange, resource, { directives, ctx, playlist, sessions }).catch((error: unknown) =>
      this.#refuse(exchange, error),
    );
    return true;
  }

  async #admit(exchange: HttpExchange, resource: Playlist, said: Said): Promise<void> {
    const { directives, ctx, playlist, sessions } = said;
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
      this.#answer({ exchange, channel, rendition, directives, ctx: null, viewer: undefined });
      return;
    }
    const { path, search } = exchange.request;
    const { vhost } = grant.name;
    // Two requests of one session may have been admitted at the same time.
    const known = ctx === null ? undefined : this.#viewers.find({ vhost, playlist, ctx });
    if (known !== undefined) grant.ticket?.end();
    const viewer = known ?? this.#openViewer(path, { ctx, playlist }, { asked, grant, config: channel.config });
    if (ctx !== null) {
      this.#answer({ exchange, channel, rendition, directives, ctx, viewer });
      return;
    }
    const base = channel.config.relative ? path.slice(path.lastIndexOf('/') + 1) : path;
    const body = writeSessionMaster({ uri: base + sessionQuery(viewer.id, search) });
    viewer.sent(body.length);
    exchange.reply(200, mediaHeads(exchange, MediaType.playlist, 'no-store'), body);
  }

  #openViewer(
    path: string,
    { ctx, playlist }: { ctx: string | null; playlist: string },
    { config, ...admitted }: Pick<ViewerOptions, 'asked' | 'grant'> & { config: HlsConfig },
  ): Viewer {
    let place: ViewerPlace | undefined;
    const viewer = new Viewer({
      ...admitted,
      host: this.#host,
      shownName: decodeURIComponent(path.slice(path.lastIndexOf('/') + 1)),
      idleTime: config.window * IDLE_WINDOWS,
      onOver: () => place && this.#viewers.delete(place),
    });
    place = { vhost: admitted.grant.name.vhost, playlist, ctx: ctx ?? viewer.id };
    this.#viewers.set(place, viewer);
    return viewer;
  }

  /** The playlist, now or when it has what is asked for. */
  #answer(asked: PlaylistRequest): void {
    const { exchange, rendition, directives } = asked;
    checkAhead(directives, rendition.store, rendition.partTarget);
    this.#when(exchange, rendition, new PlaylistAnswer(asked, this.#groups, this.#host.clock.now()));
  }

  #when(exchange: HttpExchange, { waiters }: Rendition, waiter: Waiter): void {
    if (waiter.attempt()) return;
    const { limits } = this.#host;
    if (waiters.size >= limits.sessions) throw hlsErrors.limit('BUSY', { limit: limits.sessions });
    exchange.onGone = waiters.add(waiter);
  }

  /** @param playlist the one that it belongs to. */
  #media(exchange: HttpExchange, resource: Media, channel: Channel, playlist: string): void {
    const rendition = channel.low;
    const ours = resource.kind !== 'ts' && rendition !== undefined && resource.run === channel.names.run;
    // Classic segments that are there are on the shelf.
    if (!ours) throw missing(channel);
    const bytes = find(rendition, resource);
    if (bytes !== undefined) {
      this.#give(exchange, channel, { bytes, kind: 'fmp4', playlist });
      return;
    }
    // Only the part that is hinted may be waited for (RFC 8216bis §4.4.5.3).
    const { store } = rendition;
    const hinted =
      resource.kind === 'part' &&
      rendition.live &&
      resource.sequence === store.nextSequence &&
      resource.index === store.openParts;
    if (!hinted) throw missing(channel);
    const hold = fromSeconds(rendition.target * HOLD_TARGETS);
    this.#when(exchange, rendition, {
      deadline: this.#host.clock.now() + hold,
      attempt: () => {
        const made = find(rendition, resource);
        if (made !== undefined) this.#give(exchange, channel, { bytes: made, kind: 'fmp4', playlist });
        // The segment may have ended without it.
        else if (resource.sequence < store.nextSequence) refuse(exchange, missing(channel));
        else return false;
        return true;
      },
      refuse: (reason) => refuse(exchange, reason ?? waitedFor(hold)),
    });
  }

  #give(exchange: HttpExchange, channel: Channel, { bytes, kind, playlist }: Given): void {
    const ctx = exchange.request.query.get(CTX);
    const { vhost } = channel.name;
    const viewer = ctx === null ? undefined : this.#viewers.find({ vhost, playlist, ctx });
    viewer?.sent(bytes.length);
    channel.sent(bytes.length);
    // Numbers come again at the earliest when what a stream left was thrown away.
    const maxAge = toSeconds(channel.config.window);
    exchange.reply(200, mediaHeads(exchange, MediaType[kind], cacheFor(maxAge)), bytes);
  }
}

/** What a request for a playlist says of itself. */
interface Said {
  readonly directives: Directives;
  readonly ctx: string | null;
  readonly playlist: string;
  /** The stream's players have sessions. */
  readonly sessions: boolean;
}

/** A file, and the playlist that it belongs to. */
interface Given {
  readonly bytes: Uint8Array;
  readonly kind: 'ts' | 'fmp4' | 'key';
  readonly playlist: string;
}

/** SRS's ids of clients. */
const CTX_LETTERS = 8;

const WHOLE: Directives = { msn: undefined, part: undefined, skip: false };

/** The classic playlist of a channel, which a template named. */
const ofClassic = ({ name, paths }: Channel): KnownPath<Place> => ({
  resource: { ...name, kind: 'playlist', lowLatency: false },
  playlist: paths.playlist,
  place: undefined,
});

function isSame(a: readonly string[], b: readonly string[]): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return a.length === b.length;
}

const missing = ({ name }: Channel) => hlsErrors.refused('NO_SEGMENT', { stream: streamUrl(name) });

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
