// Servers of an origin cluster (SRS: origin_cluster): which of them has a stream, so that players are sent there.
import type { Clock } from '../../base/clock.ts';
import type { SrsxError } from '../../base/errors.ts';
import type { Log } from '../../base/log.ts';
import { toSrsxError } from '../../base/session.ts';
import { fromSeconds } from '../../base/time.ts';
import { DEFAULT_VHOST, type StreamName, streamKey, streamUrl } from '../../media/stream-name.ts';
import { readText } from '../../wire/http/body.ts';
import { corsHeaders } from '../../wire/http/cors.ts';
import type { HttpExchange, HttpRequest } from '../../wire/http/exchange.ts';
import type { AdmissionRequest } from '../admission.ts';
import { toEndpoint } from '../config/value.ts';
import { destinationUrl } from '../forward/target.ts';
import type { Net } from '../host.ts';
import { clusterErrors } from './errors.ts';

/** What the look-up depends on. */
export interface CoworkersOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly net: Pick<Net, 'request'>;
}

/** Where a stream is published: `host:port` of RTMP, and of live streams over HTTP if the server says it. */
interface Origin {
  readonly rtmp: string;
  readonly http: string | undefined;
}

/** Chosen: servers of one cluster are near each other. */
const ASK_TIME = fromSeconds(3);
/** An answer has some hundred bytes. */
const ANSWER_BYTES = 64 * 1024;
/** Chosen: each player that finds nothing asks all of them. */
const MAX_COWORKERS = 32;
/** Names and addresses; what is written into a URL must not be more. */
const HOST = /^[\w.:-]{1,255}$/;

/** Asks coworkers in their order. */
export class Coworkers {
  readonly #options: CoworkersOptions;
  /** Players that come together ask once; bounded by the sessions that are being admitted. */
  readonly #asking = new Map<string, Promise<Origin | undefined>>();

  constructor(options: CoworkersOptions) {
    this.#options = options;
  }

  /** Rejects with CLUSTER_MOVED, or with CLUSTER_NOWHERE when none has it. */
  async redirect(coworkers: readonly string[], name: StreamName, request: AdmissionRequest): Promise<never> {
    const key = streamKey(name);
    let asking = this.#asking.get(key);
    if (asking === undefined) {
      asking = this.#find(coworkers.slice(0, MAX_COWORKERS), name, request.name.vhost).finally(() =>
        this.#asking.delete(key),
      );
      this.#asking.set(key, asking);
    }
    const origin = await asking;
    const place = request.elsewhere === 'http' ? origin?.http : origin?.rtmp;
    if (place === undefined) throw clusterErrors.refused('NOWHERE', { stream: streamUrl(name) });
    throw clusterErrors.refused('MOVED', { ...moved(place, name, request.param), stream: streamUrl(name) });
  }

  async #find(coworkers: readonly string[], name: StreamName, ip: string): Promise<Origin | undefined> {
    for (const coworker of coworkers) {
      try {
        const origin = await this.#ask(coworker, name, ip);
        if (origin !== undefined) return origin;
      } catch (thrown) {
        const { code, message } = toSrsxError(thrown);
        this.#options.log.warn('cluster', 'a coworker gives no answer', { coworker, code, error: message });
      }
    }
    return undefined;
  }

  async #ask(coworker: string, { vhost, app, stream }: StreamName, ip: string): Promise<Origin | undefined> {
    const query = new URLSearchParams({ vhost, ip, app, stream, coworker, http: 'on' });
    const url = URL.parse(`http://${coworker}/api/v1/clusters?${query}`);
    if (url === null) return undefined;
    const signal = new AbortController();
    const cancel = this.#options.clock.after(ASK_TIME, () => signal.abort());
    try {
      const headers = { Accept: 'application/json' };
      const options = { method: 'GET', headers, signal: signal.signal, timeout: ASK_TIME };
      const { status, body } = await this.#options.net.request(url, options);
      // What is too long is cut, and so no answer; the signal ends the body as well.
      const text = await readText(body, { limit: ANSWER_BYTES }).finally(() => body.close());
      return status === 200 ? readOrigin(text) : undefined;
    } finally {
      cancel();
    }
  }
}

/** `data.origin` of /api/v1/clusters; undefined: the server has not got it, or says something else. */
function readOrigin(text: string): Origin | undefined {
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    // What is no JSON is no server of a cluster.
    return undefined;
  }
  const { ip, port, http } = part(part(part(answer)['data'])['origin']);
  if (typeof ip !== 'string' || !HOST.test(ip)) return undefined;
  const host = ip.includes(':') ? `[${ip}]` : ip;
  const rtmp = typeof port === 'number' ? toEndpoint(`${host}:${port}`) : undefined;
  if (rtmp === undefined) return undefined;
  return { rtmp: `${host}:${rtmp.port}`, http: typeof http === 'number' && http > 0 ? `${host}:${http}` : undefined };
}

const part = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};

/** What a client is told, in the words of SRS's RTMP 302. */
export interface Moved {
  /** `host:port` */
  readonly place: string;
  readonly vhost: string;
  /** RTMP's tcUrl there, and the whole URL of the stream. */
  readonly tcUrl: string;
  readonly url: string;
}

function moved(place: string, name: StreamName, param: string): Moved {
  const asked = name.vhost === DEFAULT_VHOST ? '' : `?vhost=${name.vhost}`;
  const tcUrl = `rtmp://${place}/${name.app}${asked}`;
  return { place, vhost: name.vhost, tcUrl, url: destinationUrl(place, name, param).href };
}

/** Where an error sends its client; undefined for every other error. */
export function movedTo(error: SrsxError): Moved | undefined {
  return error.code === 'CLUSTER_MOVED' ? (error.details as unknown as Moved) : undefined;
}

/** The same request at the other server. */
export function movedRequest({ path, query, search }: HttpRequest, { place, vhost }: Moved): string {
  const named = vhost === DEFAULT_VHOST || query.has('vhost') || query.has('domain');
  const more = named ? '' : `${search === '' ? '?' : '&'}vhost=${encodeURIComponent(vhost)}`;
  return `http://${place}${path}${search}${more}`;
}

/** Sends the client of a request where an error says; false when it says nothing of that. */
export function answerMoved(exchange: HttpExchange, error: SrsxError): boolean {
  const moved = movedTo(error);
  if (moved === undefined) return false;
  const { request } = exchange;
  exchange.reply(302, { Location: movedRequest(request, moved), ...corsHeaders(request) });
  return true;
}
