// The edge: streams that are played here and published elsewhere are fetched; what is published here is passed on.
import type { Clock } from '../../base/clock.ts';
import type { Limits } from '../../base/limits.ts';
import type { Closer } from '../../base/link.ts';
import type { Log } from '../../base/log.ts';
import { fromSeconds, type Micros } from '../../base/time.ts';
import type { Hub } from '../../media/hub.ts';
import { type StreamName, streamKey } from '../../media/stream-name.ts';
import type { Settings } from '../config/settings.ts';
import type { Push } from '../forward/line.ts';
import type { PullOptions } from '../host.ts';
import type { SessionEntry, Sessions } from '../sessions.ts';
import { EdgePull, type MakeSplice, type Pull } from './edge-pull.ts';
import { originUrls, upstreamOf } from './edge-settings.ts';
import { clusterErrors } from './errors.ts';

/** What an edge depends on. */
export interface EdgeOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly limits: Pick<Limits, 'streams'>;
  readonly hub: Hub;
  readonly sessions: Sessions;
  readonly settings: Settings;
  readonly pull: Pull;
  readonly push: Push;
  readonly splice: MakeSplice;
  /** What this server says of itself (SRS: debug_srs_upnode). */
  readonly introduction: () => PullOptions['introduction'];
  /** Whether a URL is one of this server. */
  readonly isOwn: (url: URL) => boolean;
}

/** Chosen: a player that reloads finds its stream still there; SRS stops at once. */
const LINGER_TIME = fromSeconds(3);

/** One stream that somebody plays. */
interface Wanted {
  readonly name: StreamName;
  /** Of its first player. */
  readonly param: string;
  readonly overHttp: boolean;
  /** Sessions that play it. */
  players: number;
  /** Wanted until then without any session. */
  until: Micros;
  pull: EdgePull | undefined;
  cancel: () => void;
}

/** A session wants its stream from its beginning to its end; that is the seam that all protocols pass. */
export class Edge implements Closer {
  readonly #options: EdgeOptions;
  /** By the stream's key; bounded by limits.streams. */
  readonly #wanted = new Map<string, Wanted>();
  /** What the sessions that are counted play; those that came when there was no room are not. */
  readonly #counted = new WeakMap<SessionEntry, Wanted>();
  /** SRS: the mode is that of the start; a vhost that a reload adds has the one that it came with. */
  readonly #modes = new Map<string, boolean>();
  /** Streams that somebody publishes here, or is about to, by key: how many. */
  readonly #held = new Map<string, number>();
  readonly #closers: readonly Closer[];

  constructor(options: EdgeOptions) {
    this.#options = options;
    for (const { name } of options.settings.vhosts) this.covers(name);
    this.#closers = [
      options.sessions.watch({
        opened: (entry) => this.#opened(entry),
        closed: (entry) => this.#closed(entry),
      }),
      options.hub.watch({ unpublished: ({ name }) => this.#assign(this.#wanted.get(streamKey(name))) }),
    ];
  }

  close(): void {
    for (const closer of this.#closers) closer.close();
    for (const wanted of this.#wanted.values()) this.#end(wanted);
  }

  /** Each pull with its state. */
  describe(): Record<string, unknown>[] {
    return [...this.#wanted.values()].flatMap(({ players, pull }) =>
      pull === undefined ? [] : { kind: 'pull', players, ...pull.describe() },
    );
  }

  /** Whether streams of the vhost are fetched. */
  covers(name: string): boolean {
    const vhost = this.#options.settings.vhost(name);
    const known = this.#modes.get(vhost.name);
    if (known !== undefined) return known;
    const remote = vhost.get('vhost.cluster.mode') === 'remote';
    this.#modes.set(vhost.name, remote);
    return remote;
  }

  /** Somebody who has no session wants the stream for some time. */
  want(
    name: StreamName,
    { param, protocol }: { readonly param: string; readonly protocol: string },
    time: Micros,
  ): void {
    const wanted = this.#enter(name, param, protocol);
    if (wanted === undefined) return;
    wanted.until = Math.max(wanted.until, this.#options.clock.now() + time);
    this.#assign(wanted);
    this.#endWhenUnwanted(wanted);
  }

  /** Somebody publishes here, or asks whether he may: nothing is fetched until the result is closed. */
  hold(name: StreamName): Closer {
    const key = streamKey(name);
    this.#held.set(key, (this.#held.get(key) ?? 0) + 1);
    const wanted = this.#wanted.get(key);
    wanted?.pull?.stop();
    if (wanted !== undefined) wanted.pull = undefined;
    let held = true;
    const close = (): void => {
      if (!held) return;
      held = false;
      const others = (this.#held.get(key) ?? 1) - 1;
      if (others > 0) this.#held.set(key, others);
      else this.#held.delete(key);
      this.#assign(this.#wanted.get(key));
    };
    return { close };
  }

  /** The stream at the origins. Throws CLUSTER_ORIGIN, CLUSTER_LOOP. */
  urls(name: StreamName, param: string, overHttp: boolean | undefined): URL[] {
    const vhost = this.#options.settings.vhost(name.vhost);
    const upstream = overHttp === undefined ? 'rtmp' : upstreamOf(vhost, overHttp);
    const urls = originUrls(vhost, name, param, upstream);
    const others = urls.filter((url) => !this.#options.isOwn(url));
    if (others.length === 0) throw clusterErrors.config('LOOP', { origin: urls[0]?.host });
    return others;
  }

  /** What is said to an origin of a vhost. */
  introduction(vhost: string): PullOptions['introduction'] {
    const says = this.#options.settings.vhost(vhost).get('vhost.cluster.debug_srs_upnode');
    return says ? this.#options.introduction() : undefined;
  }

  #opened(entry: SessionEntry): void {
    const { publish, name, param = '', protocol } = entry.info;
    if (publish || !this.covers(name.vhost)) return;
    const wanted = this.#enter(name, param, protocol);
    if (wanted === undefined) return;
    this.#counted.set(entry, wanted);
    wanted.players++;
    wanted.cancel();
    this.#assign(wanted);
  }

  #closed(entry: SessionEntry): void {
    const wanted = this.#counted.get(entry);
    if (wanted === undefined) return;
    wanted.players--;
    wanted.until = Math.max(wanted.until, this.#options.clock.now() + LINGER_TIME);
    this.#endWhenUnwanted(wanted);
  }

  #enter(name: StreamName, param: string, protocol: string): Wanted | undefined {
    const key = streamKey(name);
    const known = this.#wanted.get(key);
    if (known !== undefined) return known;
    if (this.#wanted.size >= this.#options.limits.streams) {
      this.#options.log.warn('cluster', 'no more streams are fetched', { limit: this.#options.limits.streams });
      return undefined;
    }
    const overHttp = protocol.startsWith('http');
    const wanted = { name, param, overHttp, players: 0, until: 0, pull: undefined, cancel: () => undefined };
    this.#wanted.set(key, wanted);
    return wanted;
  }

  #assign(wanted: Wanted | undefined): void {
    if (wanted === undefined || wanted.pull !== undefined || this.#held.has(streamKey(wanted.name))) return;
    const { clock, log, hub, pull, splice } = this.#options;
    const { name, param, overHttp } = wanted;
    if (hub.find(name)?.published === true) return;
    const urls = (): URL[] => this.urls(name, param, overHttp);
    const introduction = this.introduction(name.vhost);
    wanted.pull = new EdgePull({ clock, log, hub, name, pull, splice, urls, introduction });
  }

  #endWhenUnwanted(wanted: Wanted): void {
    wanted.cancel();
    if (wanted.players > 0) return;
    const left = wanted.until - this.#options.clock.now();
    if (left <= 0) this.#end(wanted);
    else wanted.cancel = this.#options.clock.after(left, () => this.#endWhenUnwanted(wanted));
  }

  #end(wanted: Wanted): void {
    wanted.cancel();
    this.#wanted.delete(streamKey(wanted.name));
    wanted.pull?.stop();
  }
}
