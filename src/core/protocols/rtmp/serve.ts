// The server: accepts links, asks the admission, joins sessions with streams.
import { BatchReader } from '../../base/batch-reader.ts';
import { Reporter } from '../../base/counters.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Address, Closer, Link } from '../../base/link.ts';
import { formatAddress } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import { drive, guard, type Session, toSrsxError } from '../../base/session.ts';
import { type Micros, toMs } from '../../base/time.ts';
import { type Grant, publisherTimes } from '../../control/admission.ts';
import type { HookConnection } from '../../control/hooks/hooks.ts';
import type { Host, Listener, TlsFiles } from '../../control/host.ts';
import { SessionMeter } from '../../control/session-meter.ts';
import type { SessionEntry } from '../../control/sessions.ts';
import { noDelayOf } from '../../control/stream-settings.ts';
import { Settler } from '../../media/settle.ts';
import type { Publication } from '../../media/stream.ts';
import { streamUrl } from '../../media/stream-name.ts';
import { connectionTerms, publishTerms, type RtmpConfig } from './config.ts';
import { RtmpPlayer } from './egress.ts';
import { errors } from './errors.ts';
import { RtmpIngest } from './ingest.ts';
import { MergedRead } from './merged-read.ts';
import type { Message } from './message.ts';
import { RtmpSession, type Selection, type SessionEvents, type StreamRequest } from './session.ts';

/** A server of RTMP. */
export interface RtmpServer extends Closer {
  readonly listeners: readonly Listener[];
  /** Serves a link that a listener of somebody else accepted. */
  readonly accept: (link: Link) => void;
}

/** Listens on all addresses of the settings; rejects with SystemError when one is not free. */
export async function serve(host: Host, config: RtmpConfig): Promise<RtmpServer> {
  const open = new Set<ServedLink>();
  const onLink = (link: Link): void => {
    const { limit } = host.sessions;
    if (link.peer.host === '') {
      // A load balancer that looks whether we live has left before we could look who it was.
      if (!host.settings.root.get('empty_ip_ok')) host.log.warn('rtmp', 'a connection had no address any more');
      link.close();
      return;
    }
    if (open.size >= limit) link.close(errors.limit('SESSIONS', { limit }));
    else serveLink(link, host, config, open);
  };
  const listeners: Listener[] = [];
  const close = (): void => {
    for (const listener of listeners) listener.close();
    for (const session of open) session.close(errors.refused('SHUTDOWN'), host.clock.now());
  };
  try {
    for (const [at, tls] of addresses(config)) listeners.push(await host.net.listenTcp(at, onLink, tls));
  } catch (error) {
    close();
    throw error;
  }
  return { listeners, accept: onLink, close };
}

function addresses({ listen, tls }: RtmpConfig): [Address, TlsFiles | undefined][] {
  return [
    ...listen.map((at): [Address, undefined] => [at, undefined]),
    ...(tls?.listen ?? []).map((at): [Address, TlsFiles | undefined] => [at, tls]),
  ];
}

/** Serves one link that is already open; `open` holds the session until it ends. */
export function serveLink(link: Link, host: Host, config: RtmpConfig, open = new Set<ServedLink>()): ServedLink {
  const session = new ServedLink(link, host, config, () => open.delete(session));
  open.add(session);
  drive(link, session, host);
  return session;
}

/** Sessions has counted it among those that failed. */
const NO_ROOM = 'ADMISSION_SESSIONS';

/** One connection: its session, and what it publishes or plays. */
export class ServedLink implements Session, SessionEvents {
  readonly #link: Link;
  readonly #host: Host;
  readonly #config: RtmpConfig;
  readonly #onEnded: () => void;
  readonly #session: RtmpSession;
  readonly #since: Micros;
  readonly #hooks: HookConnection;
  #log: Log;
  #entry: SessionEntry | undefined;
  #publication: Publication | undefined;
  #ingest: RtmpIngest | undefined;
  #batches: BatchReader | undefined;
  #player: RtmpPlayer | undefined;
  #mergedRead: MergedRead | undefined;
  readonly #meter = new SessionMeter(() => ({ received: this.#session.receivedBytes, sent: this.#sentBytes }));
  /** Media sent to players that are gone. */
  #sentMedia = 0;

  constructor(link: Link, host: Host, config: RtmpConfig, onEnded: () => void) {
    this.#link = link;
    this.#host = host;
    this.#config = config;
    this.#onEnded = onEnded;
    this.#since = host.clock.now();
    this.#hooks = host.hooks.connection(link.peer);
    this.#log = host.log.with({ peer: formatAddress(link.peer) });
    const { limits, rng } = host;
    this.#session = new RtmpSession({
      link,
      limits,
      rng,
      log: this.#log,
      terms: (vhost) => connectionTerms(host.settings.vhost(vhost), config),
      events: this,
      now: this.#since,
    });
  }

  receive(bytes: Uint8Array, now: Micros): void {
    this.#batches?.note(bytes.length);
    this.#session.receive(bytes, now);
    this.#batches?.took();
    this.#mergedRead?.took();
  }

  get deadline(): Micros {
    const stalled = this.#player?.stallDeadline(this.#host.limits.stallTime) ?? Number.POSITIVE_INFINITY;
    return Math.min(this.#session.deadline, this.#meter.deadline, stalled);
  }

  /** Errors: RTMP_TIMEOUT, PLAYER_TOO_SLOW. */
  tick(now: Micros): void {
    this.#meter.tick(now);
    this.#batches?.check();
    this.#player?.checkStall(this.#host.limits.stallTime, now);
    this.#session.tick(now);
  }

  close(reason: SrsxError | undefined, now: Micros): void {
    this.#session.close(reason, now);
  }

  describe(): Record<string, unknown> {
    return { ...this.#session.describe(), id: this.#entry?.id, received: this.#session.receivedBytes };
  }

  ask(request: StreamRequest): void {
    const { action, type, target, tcUrl, pageUrl, swfUrl } = request;
    const { name, param } = target;
    const asked = this.#host.admission.admit({
      action,
      protocol: 'rtmp',
      type,
      peer: this.#link.peer,
      name,
      param,
      tcUrl,
      pageUrl,
      swfUrl,
      connection: this.#hooks,
      elsewhere: 'rtmp',
    });
    void asked.then(
      (grant) => this.#step((now) => this.#granted(request, grant, now)),
      (error: unknown) => this.#step((now) => this.#session.refuse(toSrsxError(error), now)),
    );
  }

  media(message: Message, now: Micros): void {
    this.#ingest?.media(message, now);
  }

  select(selection: Selection): void {
    this.#player?.select(selection);
  }

  stop(): void {
    this.#meter.end();
    this.#batches?.close();
    this.#batches = undefined;
    this.#mergedRead?.stop();
    this.#mergedRead = undefined;
    this.#ingest?.end();
    this.#ingest = undefined;
    this.#publication?.end();
    this.#publication = undefined;
    this.#player?.close();
    this.#sentMedia += this.#player?.sentBytes ?? 0;
    this.#player = undefined;
    this.#entry?.close();
    this.#entry = undefined;
  }

  ended(reason: SrsxError | undefined): void {
    const seconds = toMs(this.#host.clock.now() - this.#since) / 1000;
    const { receivedBytes } = this.#session;
    this.#log.info('rtmp', reason === undefined ? 'closed' : `closed: ${reason.message}`, {
      code: reason?.code ?? 'none',
      seconds,
      receivedBytes,
      sentBytes: this.#sentBytes,
    });
    // Its entry is closed when its stream ends, which may be without an error. One that had no room was counted then.
    if (reason !== undefined && reason.code !== NO_ROOM) this.#host.sessions.failed++;
    this.#hooks.close({ sent: this.#sentBytes, received: receivedBytes });
    this.#onEnded();
  }

  /** What runs outside of the driver: after the admission has answered, or when the operator ends the session. */
  #step(step: (now: Micros) => void): void {
    const now = this.#host.clock.now();
    guard(this, now, () => step(now));
  }

  #granted(request: StreamRequest, grant: Grant, now: Micros): void {
    // The peer may have left while the admission was asked.
    if (this.#session.state !== 'asking') {
      grant.ticket?.end();
      return;
    }
    const start = this.#prepare(request, grant, now);
    if (start === undefined) return;
    this.#session.accept(now, publisherTimes(grant));
    start();
    this.#log.info('rtmp', `${request.type} ${streamUrl(grant.name)}`, { param: request.target.param });
    this.#session.resume(now);
  }

  /** Takes what the request needs; what is refused here is told to the peer, not only logged. */
  #prepare(request: StreamRequest, grant: Grant, now: Micros): (() => void) | undefined {
    try {
      this.#entry = this.#register(request, grant);
      return request.action === 'publish' ? this.#publish(grant) : this.#play(request, grant);
    } catch (error) {
      this.stop();
      this.#session.refuse(toSrsxError(error), now);
      return undefined;
    }
  }

  #register({ action, type, target, tcUrl, pageUrl, swfUrl }: StreamRequest, grant: Grant): SessionEntry {
    const { name } = grant;
    const info = {
      protocol: 'rtmp',
      type,
      publish: action === 'publish',
      peer: this.#link.peer,
      name,
      shownName: target.shownName,
      param: target.param,
      tcUrl,
      pageUrl,
      swfUrl,
      end: (reason: SrsxError) => this.close(reason, this.#host.clock.now()),
      measure: () => this.#meter.measure(),
    };
    const entry = this.#host.sessions.open(info, grant);
    this.#meter.begin(entry, this.#host.clock.now());
    this.#log = this.#log.with({ session: entry.id, stream: streamUrl(name) });
    return entry;
  }

  #publish(grant: Grant): () => void {
    const publication = this.#host.hub.stream(grant.name).publish({
      policy: grant.policy,
      onEvicted: (reason) =>
        this.#step((now) => {
          this.#session.tell('NetStream.Publish.BadName', reason.message);
          this.close(reason, now);
        }),
    });
    this.#publication = publication;
    const report = new Reporter((count, last) => this.#log.warn('rtmp', `${count} tags dropped, last: ${last}`));
    const { clock, settings, limits } = this.#host;
    const terms = publishTerms(settings.vhost(grant.name.vhost));
    this.#ingest = new RtmpIngest(new Settler(publication), limits, report, {
      ...terms,
      ...(terms.atcAuto && { onAbsolute: () => publication.stream.keepTimes() }),
    });
    this.#link.noDelay?.(terms.noDelay);
    return () => {
      if (terms.readPause > 0) {
        this.#mergedRead = new MergedRead(this.#link, clock, terms.readPause);
        return;
      }
      this.#batches = new BatchReader(this.#link, {
        clock,
        patience: () => publication.patience(),
        onBatch: (next) => publication.batch(next),
      });
    };
  }

  #play({ streamId }: StreamRequest, { name, mergeWindow, pacing }: Grant): () => void {
    const { unpublishNotify } = this.#config;
    const { chunkSize } = this.#session;
    this.#link.noDelay?.(noDelayOf(this.#host.settings.vhost(name.vhost)));
    const player = new RtmpPlayer({
      hub: this.#host.hub,
      name,
      link: this.#link,
      chunkSize,
      streamId,
      mergeWindow,
      pacing,
      onUnpublished: () => {
        if (!unpublishNotify) return;
        this.#session.tell('NetStream.Play.UnpublishNotify', 'stream is now unpublished.', 'status');
      },
    });
    this.#player = player;
    return () => player.select(this.#session.selection);
  }

  get #sentBytes(): number {
    return this.#session.sentBytes + this.#sentMedia + (this.#player?.sentBytes ?? 0);
  }
}
