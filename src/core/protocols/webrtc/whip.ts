// HTTP: WHIP (RFC 9725), WHEP (draft-ietf-wish-whep), and SRS's own API, at the ports of streams and of the API.
import { toSrsxError } from '../../base/session.ts';
import type { AdmissionRequest } from '../../control/admission.ts';
import type { Host, HttpRoutes } from '../../control/host.ts';
import { corsHeaders } from '../../wire/http/cors.ts';
import type { HttpExchange, HttpHeaders } from '../../wire/http/exchange.ts';
import { watchGone } from '../../wire/http/gone.ts';
import { parseFragment } from '../../wire/sdp/index.ts';
import { answerTo, rtcErrors } from './errors.ts';
import { iceLinks, iceLinksForAsking } from './ice-links.ts';
import { checkType, jsonRequest, readBody, whipRequest } from './request.ts';
import { type Answerer, locationOf, newEtag, type Resource } from './resource.ts';

type Action = AdmissionRequest['action'];

/** Endpoints by their path without slashes at its end. */
const endpoints: Readonly<Record<string, { readonly action: Action; readonly form: 'whip' | 'json' }>> = {
  '/rtc/v1/whip': { action: 'publish', form: 'whip' },
  '/rtc/v1/whep': { action: 'play', form: 'whip' },
  '/rtc/v1/whip-play': { action: 'play', form: 'whip' },
  '/rtc/v1/publish': { action: 'publish', form: 'json' },
  '/rtc/v1/play': { action: 'play', form: 'json' },
};

const SDP = 'application/sdp';
const FRAGMENT = 'application/trickle-ice-sdpfrag';
const METHODS = 'OPTIONS, GET, HEAD, POST, PATCH, DELETE';

/** The route of all of them. */
export function rtcRoutes(host: Host, server: Answerer): Parameters<HttpRoutes['add']>[0] {
  const routes = new Routes(host, server);
  return (exchange) => routes.take(exchange);
}

class Routes {
  readonly #host: Host;
  readonly #server: Answerer;

  constructor(host: Host, server: Answerer) {
    this.#host = host;
    this.#server = server;
  }

  take(exchange: HttpExchange): boolean {
    const { path } = exchange.request;
    // Every request for a segment of HLS comes by here.
    if (!path.startsWith('/rtc/')) return false;
    const endpoint = endpoints[path.replace(/\/+$/, '')];
    if (endpoint === undefined) return false;
    const { action, form } = endpoint;
    const run = form === 'json' ? this.#json(exchange, action) : this.#whip(exchange, action);
    run.catch((thrown: unknown) => this.#refuse(exchange, thrown, form));
    return true;
  }

  async #whip(exchange: HttpExchange, action: Action): Promise<void> {
    const { request } = exchange;
    switch (request.method) {
      case 'POST':
        return this.#post(exchange, action);
      case 'DELETE':
        return this.#delete(exchange);
      case 'PATCH':
        return this.#patch(exchange);
      case 'OPTIONS':
        return this.#options(exchange);
      case 'GET':
      case 'HEAD':
        // §4.1: neither the endpoint nor a session has anything to show.
        if (request.query.has('session')) this.#find(exchange);
        return reply(exchange, 204, {});
      default:
        throw rtcErrors.refused('METHOD', { method: request.method, what: 'a session of WebRTC' });
    }
  }

  async #post(exchange: HttpExchange, action: Action): Promise<void> {
    const { request } = exchange;
    const isGone = watchGone(exchange);
    checkType(request, SDP);
    const body = await readBody(exchange, this.#host);
    const answered = await this.#server.answer(whipRequest(request, action, body, this.#host.settings), isGone);
    if (answered === undefined) return;
    const { resource, grant, sdp } = answered;
    const location = locationOf(resource, grant.name.app, grant.name.stream);
    const headers = { 'Content-Type': SDP, Location: location, ETag: resource.etag, 'Accept-Patch': FRAGMENT };
    if (isGone()) this.#end(resource);
    else reply(exchange, 201, { ...headers, ...iceLinks(this.#host.settings.vhost(grant.name.vhost)) }, sdp);
  }

  /** What may be posted (§4.2), and servers of STUN and TURN (§4.6). */
  #options(exchange: HttpExchange): void {
    const { request } = exchange;
    const cors = corsHeaders(request);
    const headers = 'Access-Control-Allow-Headers';
    // A bearer token is not meant by `*` (Fetch §3.3.3).
    const more: HttpHeaders = headers in cors ? { [headers]: '*, Authorization' } : {};
    const links = iceLinksForAsking(request, this.#host.settings);
    exchange.reply(204, { 'Accept-Post': SDP, Allow: METHODS, ...links, ...cors, ...more });
  }

  async #delete(exchange: HttpExchange): Promise<void> {
    this.#end(this.#find(exchange));
    reply(exchange, 200, {});
  }

  /** RFC 9725 §4.3: candidates, which a lite agent does not need, or other credentials, which restart ICE. */
  async #patch(exchange: HttpExchange): Promise<void> {
    const { request } = exchange;
    const resource = this.#find(exchange);
    checkType(request, FRAGMENT);
    const tag = request.header('if-match');
    if (tag === undefined) throw rtcErrors.refused('NO_ETAG');
    const body = await readBody(exchange, this.#host);
    const { ufrag, pwd } = parseFragment(body);
    const restarts = ufrag !== undefined && pwd !== undefined && ufrag !== resource.remoteUfrag;
    const isCurrent = tag.split(',').some((one) => one.trim() === resource.etag);
    // §4.3.2: for candidates the tag is that of their ICE session; §4.3.3: a restart may name any.
    if (!isCurrent && !(restarts && tag === '*')) throw rtcErrors.refused('ETAG');
    if (!restarts) return reply(exchange, 204, {});
    resource.remoteUfrag = ufrag;
    const fragment = this.#server.restartIce(resource);
    resource.etag = newEtag(this.#host.rng);
    reply(exchange, 200, { 'Content-Type': FRAGMENT, ETag: resource.etag }, fragment);
  }

  async #json(exchange: HttpExchange, action: Action): Promise<void> {
    const { request } = exchange;
    if (request.method === 'OPTIONS') return reply(exchange, 204, { Allow: 'OPTIONS, POST' });
    if (request.method !== 'POST') throw rtcErrors.refused('METHOD', { method: request.method, what: 'this API' });
    const isGone = watchGone(exchange);
    const body = await readBody(exchange, this.#host);
    const answered = await this.#server.answer(jsonRequest(request, action, body, this.#host.settings), isGone);
    if (answered === undefined) return;
    const { resource, sdp } = answered;
    const text = JSON.stringify({ code: 0, ...this.#server.names, sdp, sessionid: resource.id });
    if (isGone()) this.#end(resource);
    else reply(exchange, 200, { 'Content-Type': 'application/json' }, text);
  }

  #find({ request }: HttpExchange): Resource {
    const resource = this.#server.resources.find(request.query);
    if (resource === undefined) throw rtcErrors.refused('NO_SESSION');
    return resource;
  }

  #end({ session }: Resource): void {
    session.close(undefined, this.#host.clock.now());
  }

  #refuse(exchange: HttpExchange, thrown: unknown, form: 'whip' | 'json'): void {
    const error = toSrsxError(thrown);
    const { path, peer } = exchange.request;
    this.#host.log.warn('webrtc', `refused: ${error.message}`, { path, peer: peer.host, code: error.code });
    const { status, headers, body } = answerTo(error);
    // SRS's own clients look at the code in the body alone.
    if (form === 'json' && status < 500) reply(exchange, 200, headers, withCode(body, JSON_CODE));
    else reply(exchange, status, status === 405 ? { ...headers, Allow: METHODS } : headers, body);
  }
}

/** SRS: whatever the cause. */
const JSON_CODE = 400;

const withCode = (body: string, code: number): string => JSON.stringify({ ...JSON.parse(body), code });

function reply(exchange: HttpExchange, status: number, headers: HttpHeaders, body?: string): void {
  exchange.reply(status, { ...headers, ...corsHeaders(exchange.request) }, body);
}
