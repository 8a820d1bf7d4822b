// A server's part in a cluster, as the admission asks it: edge, origin of an origin cluster, or neither.
import type { SrsxError } from '../../base/errors.ts';
import type { Closer } from '../../base/link.ts';
import { toSrsxError } from '../../base/session.ts';
import { fromSeconds, toSeconds } from '../../base/time.ts';
import { streamErrors } from '../../media/errors.ts';
import type { Stream } from '../../media/stream.ts';
import { type StreamName, streamKey, streamUrl } from '../../media/stream-name.ts';
import type { AdmissionRequest, Grant } from '../admission.ts';
import { MERGE_WINDOW } from '../forward/line.ts';
import type { Net } from '../host.ts';
import { mergeWindowOf } from '../stream-settings.ts';
import { Coworkers } from './coworkers.ts';
import { Edge, type EdgeOptions } from './edge.ts';
import { EdgePush } from './edge-push.ts';
import { clusterErrors } from './errors.ts';

/** What the admission asks. Names are those with the vhost that serves them. */
export interface ClusterGate {
  /** Before hooks are asked. Rejects with CLUSTER_MOVED, CLUSTER_NOWHERE, CLUSTER_TOKEN. */
  enter(request: AdmissionRequest, name: StreamName): Promise<void>;
  /**
   * After them: a publisher waits for the origin, a player that cannot wait for its stream. What it gives ends with the
   * session. Rejects with CLUSTER_PUBLISH, CLUSTER_ORIGIN, CLUSTER_LOOP, CLUSTER_LATE, STREAM_BUSY.
   *
   * @param id of the session to come; empty: there will be none.
   */
  take(
    request: AdmissionRequest,
    { name, policy }: Pick<Grant, 'name' | 'policy'>,
    id: string,
  ): Promise<Closer | undefined>;
}

/** What a cluster depends on. */
export interface ClusterOptions extends EdgeOptions {
  readonly net: Pick<Net, 'request'>;
}

/** SRS waits as long for the origin's word on a player. */
const TOKEN_TIME = fromSeconds(3);
/** Chosen: of a player that cannot wait; a connection and a key frame later its stream is there. */
const FIRST_TIME = fromSeconds(8);
/** Chosen: a player without a session is back within two target durations. */
const AGAIN_TIME = fromSeconds(30);

/** The cluster of a running server. */
export class Cluster implements ClusterGate, Closer {
  readonly #options: ClusterOptions;
  readonly #edge: Edge;
  readonly #coworkers: Coworkers;
  /** One for each publisher at this edge; bounded by limits.sessions. */
  readonly #pushes = new Set<EdgePush>();

  constructor(options: ClusterOptions) {
    this.#options = options;
    this.#edge = new Edge(options);
    this.#coworkers = new Coworkers(options);
  }

  close(): void {
    this.#edge.close();
    for (const push of this.#pushes) push.close();
    this.#pushes.clear();
  }

  /** What is fetched and passed on. */
  describe(): Record<string, unknown>[] {
    return [...this.#edge.describe(), ...[...this.#pushes].map((push) => ({ kind: 'push', ...push.describe() }))];
  }

  async enter(request: AdmissionRequest, name: StreamName): Promise<void> {
    if (request.action !== 'play') return;
    const vhost = this.#options.settings.vhost(name.vhost);
    if (this.#edge.covers(name.vhost)) {
      if (vhost.get('vhost.cluster.token_traverse')) await this.#traverse(request, name);
    } else if (request.elsewhere !== undefined && vhost.get('vhost.cluster.origin_cluster')) {
      if (this.#options.hub.find(name)?.published === true) return;
      await this.#coworkers.redirect(vhost.get('vhost.cluster.coworkers'), name, request);
    }
  }

  async take(
    request: AdmissionRequest,
    grant: Pick<Grant, 'name' | 'policy'>,
    id: string,
  ): Promise<Closer | undefined> {
    const { name } = grant;
    if (!this.#edge.covers(name.vhost)) return undefined;
    if (request.action === 'publish') return await this.#publish(request, grant, id);
    if (request.session === false || request.atOnce === true) {
      this.#edge.want(name, request, request.session === false ? AGAIN_TIME : FIRST_TIME);
    }
    if (request.atOnce === true) await this.#published(name);
    return undefined;
  }

  /** The origin decides as if the player came there. */
  async #traverse({ param, pageUrl, swfUrl }: AdmissionRequest, name: StreamName): Promise<void> {
    const { pull, clock } = this.#options;
    const url = this.#edge.urls(name, param, undefined)[0] as URL;
    const stop = new AbortController();
    let admitted = false;
    const cancel = clock.after(TOKEN_TIME, () => stop.abort());
    const introduction = { ...this.#edge.introduction(name.vhost), pageUrl, swfUrl };
    const fault = await pull(
      url,
      { on: () => undefined },
      {
        signal: stop.signal,
        ready: async () => undefined,
        onBytes: () => undefined,
        onRunning: () => {
          admitted = true;
          stop.abort();
        },
        introduction,
      },
    ).then(() => undefined, toSrsxError);
    cancel();
    if (admitted) return;
    const why = fault?.message ?? `no answer within ${toSeconds(TOKEN_TIME)} s`;
    throw clusterErrors.refused('TOKEN', { why });
  }

  async #publish(
    { param }: AdmissionRequest,
    { name, policy }: Pick<Grant, 'name' | 'policy'>,
    id: string,
  ): Promise<Closer> {
    const { hub, sessions, settings } = this.#options;
    const urls = this.#edge.urls(name, param, undefined);
    // What is fetched ends first: its end would be taken for the end of what is pushed.
    const held = this.#edge.hold(name);
    try {
      const stream = hub.stream(name);
      makeWay(stream, policy);
      const push = new EdgePush({
        ...this.#options,
        ...{ stream, urls },
        mergeWindow: Math.min(MERGE_WINDOW, mergeWindowOf(settings.vhost(name.vhost))),
        introduction: this.#edge.introduction(name.vhost),
        onBroken: (reason: SrsxError) => sessions.find(id)?.info.end(reason),
      });
      this.#pushes.add(push);
      const close = (): void => {
        this.#pushes.delete(push);
        push.close();
        held.close();
      };
      await push.connect().catch((error: unknown) => {
        close();
        throw error;
      });
      return { close };
    } catch (error) {
      held.close();
      throw error;
    }
  }

  /** Rejects with CLUSTER_LATE. */
  #published(name: StreamName): Promise<void> {
    const { hub, clock } = this.#options;
    if (hub.find(name)?.published === true) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const key = streamKey(name);
      const over = (then: () => void): void => {
        cancel();
        watch.close();
        then();
      };
      const late = { stream: streamUrl(name), seconds: toSeconds(FIRST_TIME) };
      const cancel = clock.after(FIRST_TIME, () => over(() => reject(clusterErrors.refused('LATE', late))));
      const watch = hub.watch({ published: (stream) => streamKey(stream.name) === key && over(resolve) });
    });
  }
}

/** The one who publishes the stream here now is refused to, or loses to, the newcomer. Throws STREAM_BUSY. */
function makeWay(stream: Stream, policy: Grant['policy']): void {
  if (!stream.published) return;
  const who = { stream: streamUrl(stream.name) };
  if (policy === 'refuse') throw streamErrors.refused('BUSY', who);
  stream.evict(streamErrors.refused('TAKEN', who));
}
