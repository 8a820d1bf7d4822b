// The server: accepts links, asks the admission, joins sessions with streams.
import { Reporter } from '../../base/counters.ts';
import type { RefusedError, SrsxError } from '../../base/errors.ts';
import { type Closer, formatAddress, type Link } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import { drive, guard, type Session, toSrsxError } from '../../base/session.ts';
import { fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import { type AdmissionRequest, type Grant, publisherTimes } from '../../control/admission.ts';
import type { HookConnection } from '../../control/hooks/hooks.ts';
import type { Host, Listener } from '../../control/host.ts';
import { SessionMeter } from '../../control/session-meter.ts';
import type { SessionEntry } from '../../control/sessions.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import { playErrors } from '../../media/errors.ts';
import type { Cursor } from '../../media/feed.ts';
import { Settler } from '../../media/settle.ts';
import type { Publication, Stream } from '../../media/stream.ts';
import { streamKey, streamUrl } from '../../media/stream-name.ts';
import type { RtspConfig } from './config.ts';
import { DatagramLink, DatagramPorts } from './datagrams.ts';
import { type SentTrack, sentTracks } from './description.ts';
import { rtspFormat } from './egress.ts';
import { errors } from './errors.ts';
import { RtspIngest } from './ingest.ts';
import { RtspSession, type SessionEvents, type Setup, type StreamRequest } from './session.ts';

/** What all connections of one server share. */
export interface ServerShare {
  readonly host: Host;
  /** Connections, at most limits.sessions. */
  readonly open: Set<ServedLink>;
  /** Keys of streams that are published by RTSP; bounded by the connections. */
  readonly published: Set<string>;
  /** Undefined: players are told to use TCP. */
  readonly datagrams?: DatagramPorts;
}

/** Listens on all addresses of the settings; rejects with SystemError when one is not free. */
export async function serve(
  host: Host,
  config: RtspConfig,
): Promise<Closer & { readonly listeners: readonly Listener[] }> {
  const { listen, udp } = config;
  const datagrams = listen.length === 0 || udp === undefined ? undefined : await DatagramPorts.open(host.net, udp);
  const share: ServerShare = { host, open: new Set(), published: new Set(), ...(datagrams && { datagrams }) };
  const listeners: Listener[] = [];
  const close = (): void => {
    for (const listener of listeners) listener.close();
    for (const session of share.open) session.close(errors.refused('SHUTDOWN'), host.clock.now());
    datagrams?.close();
  };
  try {
    for (const at of listen) {
      const listener = await host.net.listenTcp(at, (link) => {
        const { limit } = host.sessions;
        if (share.open.size >= limit) link.close(errors.limit('SESSIONS', { limit }));
        else serveLink(link, share);
      });
      listeners.push(listener);
      host.log.info('rtsp', `rtsp listens at ${formatAddress(listener.address)}`);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { listeners, close };
}

/** Serves one link that is already open; `share` holds the session until it ends. */
export function serveLink(link: Link, share: ServerShare): ServedLink {
  const session = new ServedLink(link, share);
  share.open.add(session);
  drive(link, session, share.host);
  return session;
}

/** Of a stream that has just begun: its tracks come with its first frames. */
const TRACKS_TIME = fromSeconds(3);

/** A player between its admission and the tracks of its stream. */
interface WaitingPlayer {
  readonly grant: Grant;
  readonly request: StreamRequest;
  readonly tap: Closer;
  readonly until: Micros;
}

/** One connection: its session, and what it publishes or plays. */
export class ServedLink implements Session, SessionEvents {
  readonly #link: Link;
  readonly #share: ServerShare;
  readonly #session: RtspSession;
  readonly #since: Micros;
  readonly #hooks: HookConnection;
  #log: Log;
  #waiting: WaitingPlayer | undefined;
  #grant: Grant | undefined;
  #entry: SessionEntry | undefined;
  #publication: Publication | undefined;
  #settler: Settler | undefined;
  #ingest: RtspIngest | undefined;
  #described: readonly SentTrack[] = [];
  #cursor: Cursor | undefined;
  /** Of a player over UDP. */
  #datagrams: DatagramLink | undefined;
  readonly #taps: Closer[] = [];
  /** The publisher of what is played has left; looked at in the next turn of the wheel. */
  #leftAt: Micros = Number.POSITIVE_INFINITY;
  readonly #meter = new SessionMeter(() => ({ received: this.#session.receivedBytes, sent: this.#sentBytes }));
  /** Media sent to players that are gone. */
  #sentMedia = 0;

  constructor(link: Link, share: ServerShare) {
    const { host } = share;
    this.#link = link;
    this.#share = share;
    this.#since = host.clock.now();
    this.#hooks = host.hooks.connection(link.peer);
    this.#log = host.log.with({ peer: formatAddress(link.peer) });
    this.#session = new RtspSession({
      ...{ link, limits: host.limits, rng: host.rng, log: this.#log, events: this, now: this.#since },
      datagramPorts: () => share.datagrams?.pairFor(link.peer),
    });
  }

  get deadline(): Micros {
    const stalled = this.#cursor?.full
      ? this.#cursor.fullSince + this.#share.host.limits.stallTime
      : Number.POSITIVE_INFINITY;
    const tracks = this.#waiting?.until ?? Number.POSITIVE_INFINITY;
    return Math.min(this.#session.deadline, this.#meter.deadline, this.#leftAt, tracks, stalled);
  }

  receive(bytes: Uint8Array, now: Micros): void {
    this.#session.receive(bytes, now);
  }

  /** Errors: RTSP_TIMEOUT, RTSP_NOT_FOUND, PLAYER_TOO_SLOW. */
  tick(now: Micros): void {
    const { stallTime } = this.#share.host.limits;
    this.#meter.tick(now);
    if (this.#cursor?.full && now >= this.#cursor.fullSince + stallTime) {
      throw playErrors.limit('TOO_SLOW', { seconds: toSeconds(stallTime) });
    }
    if (this.#waiting !== undefined && now >= this.#waiting.until) throw this.#notFound(this.#waiting.grant);
    if (now >= this.#leftAt) this.#publisherLeft(now);
    this.#session.tick(now);
  }

  close(reason: SrsxError | undefined, now: Micros): void {
    this.#forgetWaiting();
    this.#session.close(reason, now);
  }

  describe(): Record<string, unknown> {
    const { jumps = 0, dropped = 0 } = this.#cursor ?? {};
    const codecs = this.#described.map(({ track }) => track.codec);
    return { ...this.#session.describe(), id: this.#entry?.id, codecs, jumps, dropped, frames: this.#ingest?.frames };
  }

  ask(request: StreamRequest): void {
    const { admission } = this.#share.host;
    void admission.admit(this.#admissionRequest(request)).then(
      (grant) => this.#step((now) => this.#granted(request, grant, now)),
      (error: unknown) => this.#step((now) => this.#session.refuse(toSrsxError(error), now)),
    );
  }

  play(setups: readonly Setup[]): void {
    const grant = this.#grant;
    if (grant === undefined) return;
    const { hub, rng, clock } = this.#share.host;
    const stream = hub.stream(grant.name);
    const link = this.#datagramLink(setups) ?? this.#link;
    const tracks = setups.flatMap(({ index, at }) => {
      const sent = this.#described[index];
      // Players over UDP share the feed of those who take the usual channels.
      const channels = link === this.#link ? at : { rtp: index * 2, rtcp: index * 2 + 1 };
      return sent === undefined ? [] : [{ sent, channels }];
    });
    const format = rtspFormat({ tracks, rng, wall: () => clock.wall(), live: stream.newest });
    // Datagrams that are held back would leave in bursts, of which routers drop the end.
    this.#cursor = stream.play(format, link, link === this.#link ? grant.mergeWindow : 0);
    this.#taps.push(
      stream.onEnd(() => {
        this.#leftAt = clock.now();
      }),
      stream.tap((event) => this.#step(() => this.#retracked(event)), { fromGop: false, tracksOnly: true }),
    );
  }

  /** Undefined: over TCP. */
  #datagramLink(setups: readonly Setup[]): DatagramLink | undefined {
    const ports = this.#share.datagrams;
    if (ports === undefined || setups[0]?.lower !== 'udp') return undefined;
    const { clock } = this.#share.host;
    // Never elsewhere than where the connection comes from, whatever `destination` says.
    const { host } = this.#link.peer;
    const link = new DatagramLink({
      ...{ ports, clock, host },
      clientPorts: new Map(setups.map(({ index, at }) => [index * 2, at])),
    });
    this.#datagrams = link;
    this.#taps.push(
      link,
      ...setups.map(({ at }) => ports.watch({ host, port: at.rtcp }, () => this.#session.heard(clock.now()))),
    );
    return link;
  }

  record(): void {
    // The publication began with its admission.
  }

  media(index: number, kind: 'rtp' | 'rtcp', data: Uint8Array, now: Micros): void {
    if (kind === 'rtp') this.#ingest?.rtp(index, data, now);
    else this.#ingest?.rtcp(index, data, now);
  }

  stop(): void {
    const { published } = this.#share;
    this.#meter.end();
    for (const tap of this.#taps.splice(0)) tap.close();
    this.#settler?.settle();
    if (this.#publication !== undefined && this.#grant !== undefined) published.delete(streamKey(this.#grant.name));
    this.#publication?.end();
    this.#cursor?.close();
    this.#sentMedia += this.#cursor?.sentBytes ?? 0;
    this.#entry?.close();
    this.#ingest = undefined;
    this.#settler = undefined;
    this.#publication = undefined;
    this.#cursor = undefined;
    this.#datagrams = undefined;
    this.#entry = undefined;
    this.#grant = undefined;
    this.#described = [];
    this.#leftAt = Number.POSITIVE_INFINITY;
  }

  ended(reason: SrsxError | undefined): void {
    const { host, open } = this.#share;
    const { receivedBytes } = this.#session;
    this.#log.info('rtsp', reason === undefined ? 'closed' : `closed: ${reason.message}`, {
      code: reason?.code ?? 'none',
      seconds: Math.round(toSeconds(host.clock.now() - this.#since)),
      receivedBytes,
      sentBytes: this.#sentBytes,
    });
    if (reason !== undefined && reason.code !== NO_ROOM) host.sessions.failed++;
    this.#hooks.close({ sent: this.#sentBytes, received: receivedBytes });
    open.delete(this);
  }

  /** What runs outside of the driver: after the admission has answered, or when the stream changes. */
  #step(step: (now: Micros) => void): void {
    const now = this.#share.host.clock.now();
    guard(this, now, () => step(now));
  }

  #admissionRequest({ action, target }: StreamRequest): AdmissionRequest {
    const { name, param, tcUrl } = target;
    return {
      ...{ action, name, param, tcUrl, protocol: 'rtsp', type: action === 'publish' ? 'rtsp-publish' : 'rtsp-play' },
      ...{ peer: this.#link.peer, pageUrl: '', swfUrl: '', connection: this.#hooks },
      // A description needs the tracks.
      ...(action === 'play' && { atOnce: true as const }),
    };
  }

  #granted(request: StreamRequest, grant: Grant, now: Micros): void {
    // The peer may have left while the admission was asked.
    if (this.#session.state !== 'asking') {
      grant.ticket?.end();
      return;
    }
    try {
      this.#checkVhost(request, grant);
      if (request.action === 'publish') this.#publish(request, grant, now);
      else this.#findTracks(request, grant, now);
    } catch (error) {
      if (this.#entry === undefined) grant.ticket?.end();
      this.stop();
      throw error;
    }
  }

  /** Throws RTSP_VHOST_OFF, RTSP_BRIDGE_OFF. */
  #checkVhost({ action }: StreamRequest, { name }: Grant): void {
    const { host, published } = this.#share;
    const vhost = host.settings.vhost(name.vhost);
    if (!vhost.get('vhost.rtsp.enabled')) throw errors.refused('VHOST_OFF', { vhost: vhost.name });
    if (action === 'publish' || published.has(streamKey(name)) || vhost.get('vhost.rtsp.rtmp_to_rtsp')) return;
    throw errors.refused('BRIDGE_OFF', { stream: streamUrl(name) });
  }

  #publish(request: StreamRequest & { action: 'publish' }, grant: Grant, now: Micros): void {
    const { host, published } = this.#share;
    this.#open(request, grant);
    const publication = host.hub.stream(grant.name).publish({
      policy: grant.policy,
      onEvicted: (reason) => this.#step((at) => this.close(reason, at)),
    });
    this.#publication = publication;
    published.add(streamKey(grant.name));
    const report = new Reporter((count, last) => this.#log.warn('rtsp', 'packets are left out', { count, last }));
    this.#settler = new Settler(publication);
    this.#ingest = new RtspIngest({
      tracks: request.tracks,
      to: this.#settler,
      onBad: ({ code }) => report.note(code, host.clock.now()),
    });
    this.#session.accept(now, [], publisherTimes(grant));
    this.#session.resume(now);
  }

  /** The stream's tracks are there, or come in a moment. Throws RTSP_NOT_FOUND, RTSP_NO_CODEC. */
  #findTracks(request: StreamRequest, grant: Grant, now: Micros): void {
    const { hub } = this.#share.host;
    const stream = hub.find(grant.name);
    if (stream?.published !== true) throw this.#notFound(grant);
    if (stream.tracks.length > 0) {
      this.#describe(request, grant, stream, now);
      return;
    }
    const tap = stream.tap((event) => this.#step((at) => this.#found(event, stream, at)), {
      fromGop: false,
      tracksOnly: true,
    });
    this.#waiting = { grant, request, tap, until: now + TRACKS_TIME };
  }

  #found(event: MediaEvent, stream: Stream, now: Micros): void {
    const waiting = this.#waiting;
    if (waiting === undefined || event.type !== 'tracks' || event.tracks.length === 0) return;
    this.#waiting = undefined;
    waiting.tap.close();
    try {
      this.#describe(waiting.request, waiting.grant, stream, now);
    } catch (error) {
      if (this.#entry === undefined) waiting.grant.ticket?.end();
      throw error;
    }
  }

  #describe(request: StreamRequest, grant: Grant, { tracks }: Stream, now: Micros): void {
    const sent = sentTracks(tracks);
    if (sent.length === 0) {
      const codecs = tracks.map(({ codec }) => codec).join(', ');
      throw errors.refused('NO_CODEC', { stream: streamUrl(grant.name), codecs });
    }
    this.#open(request, grant);
    this.#described = sent;
    this.#session.accept(now, sent);
    this.#session.resume(now);
  }

  #open({ action, target }: StreamRequest, grant: Grant): void {
    const { sessions, clock } = this.#share.host;
    const { name } = grant;
    this.#grant = grant;
    this.#entry = sessions.open(
      {
        ...{
          protocol: 'rtsp',
          type: action === 'publish' ? 'rtsp-publish' : 'rtsp-play',
          publish: action === 'publish',
        },
        ...{ peer: this.#link.peer, name, shownName: target.name.stream, param: target.param },
        ...{ tcUrl: target.tcUrl, pageUrl: '', swfUrl: '' },
        end: (reason: SrsxError) => this.close(reason, clock.now()),
        measure: () => this.#meter.measure(),
        describe: () => this.describe(),
      },
      grant,
    );
    this.#log = this.#log.with({ session: this.#entry.id, stream: streamUrl(name) });
    this.#meter.begin(this.#entry, clock.now());
    this.#log.info('rtsp', `${action} ${streamUrl(name)}`, { param: target.param });
  }

  #notFound({ name }: Grant): RefusedError {
    return errors.refused('NOT_FOUND', { stream: streamUrl(name) });
  }

  #forgetWaiting(): void {
    this.#waiting?.tap.close();
    this.#waiting?.grant.ticket?.end();
    this.#waiting = undefined;
  }

  /** A publisher that takes over is there by now, and its stream goes on. */
  #publisherLeft(now: Micros): void {
    this.#leftAt = Number.POSITIVE_INFINITY;
    const name = this.#grant?.name;
    if (name !== undefined && this.#share.host.hub.find(name)?.published === true) return;
    this.#datagrams?.bye();
    this.close(undefined, now);
  }

  /** Throws RTSP_CHANGED: a description cannot be taken back. */
  #retracked(event: MediaEvent): void {
    if (event.type !== 'tracks') return;
    const now = sentTracks(event.tracks);
    const same = now.length === this.#described.length && this.#described.every((sent, i) => isSame(sent, now[i]));
    if (!same) throw errors.refused('CHANGED');
  }

  get #sentBytes(): number {
    return this.#session.sentBytes + this.#sentMedia + (this.#cursor?.sentBytes ?? 0);
  }
}

/** Sessions has counted it among those that failed. */
const NO_ROOM = 'ADMISSION_SESSIONS';

/** Parameters of pictures are sent again with each key frame; those of AAC are only in the description. */
function isSame(before: SentTrack, after: SentTrack | undefined): boolean {
  if (after?.track.codec !== before.track.codec || after.clockRate !== before.clockRate) return false;
  if (before.track.codec !== 'aac') return true;
  return Buffer.compare(before.track.config, after.track.config) === 0;
}
