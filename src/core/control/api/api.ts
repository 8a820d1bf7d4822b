// The HTTP API: who may ask, which endpoint it is, and the answer in SRS's forms.

import { Reporter } from '../../base/counters.ts';
import { ConfigError, LimitError, ProtocolError, RefusedError, SystemError } from '../../base/errors.ts';
import { isLoopback } from '../../base/ip.ts';
import { toSrsxError, type Wheel } from '../../base/session.ts';
import { corsHeaders } from '../../wire/http/cors.ts';
import type { HttpExchange, HttpHeaders, HttpRequest } from '../../wire/http/exchange.ts';
import { failureAnswer } from '../../wire/http/failure.ts';
import { overlayErrors } from '../config/overlay.ts';
import { type Access, accessOf, isBorrowed, isForeign } from './access.ts';
import { Answer, type Body, type Call, failure, type Handler, notAllowed, plain, redirect } from './answer.ts';
import { readJson } from './body.ts';
import { clientHandlers } from './clients.ts';
import { clusterHandlers } from './clusters.ts';
import type { ApiContext } from './context.ts';
import type { EndpointName } from './endpoints.ts';
import { feedEvents } from './event-feed.ts';
import { EventLog } from './events.ts';
import { healthHandlers } from './health.ts';
import { indexHandlers } from './indexes.ts';
import { type Json, writeJson } from './json.ts';
import { openApi } from './openapi.ts';
import { processHandlers, summaryData } from './process.ts';
import { programHandlers } from './programs.ts';
import { rawHandlers } from './raw.ts';
import { route } from './router.ts';
import { settingHandlers } from './settings.ts';
import { streamHandlers } from './streams.ts';
import { SRS_VERSION_TEXT } from './version.ts';

export { SRS_VERSION, SRS_VERSION_TEXT } from './version.ts';

/** What the API is made of. */
export interface ApiOptions extends Omit<ApiContext, 'events'> {
  readonly wheel: Wheel;
  /**
   * What else there is at the API's own addresses, outside of `/api/`: `/console/`, `/rtc/`, `/gb/`, `/metrics`. True when it has
   * taken the exchange.
   */
  readonly also?: (exchange: HttpExchange) => boolean | Promise<boolean>;
}

type Handlers = Readonly<Record<EndpointName, Handler>>;

/** What an answer is given with; `readable`: pages of other sites may have it. */
interface Terms {
  readonly headers: HttpHeaders;
  readonly readable: boolean;
}

/** SRS: ERROR_SYSTEM_..., for what has no number of its own. */
const NO_NUMBER = 100;

/** Answers requests; `close` ends what it listens to. */
export class Api {
  readonly events: EventLog;
  readonly #options: ApiOptions;
  readonly #context: ApiContext;
  readonly #handlers: Handlers;
  readonly #refusals: Reporter;

  constructor(options: ApiOptions) {
    const { log } = options;
    this.#options = options;
    this.events = new EventLog(options);
    this.#context = { ...options, events: this.events };
    this.#handlers = handlersOf(this.#context);
    this.#refusals = new Reporter((count, last) => log.warn('api', `${count} requests refused, last from ${last}`));
    options.settings.onChange(() => this.events.add('reload', {}));
  }

  /** Answers every request at the API's own addresses: what is unknown gets an index, as SRS does. */
  handle(exchange: HttpExchange): void {
    this.#answer(exchange).catch((thrown: unknown) => {
      const error = toSrsxError(thrown);
      this.#options.log.error('api', 'a request failed', { path: exchange.request.path, error });
      const { status, headers, body } = failureAnswer(error);
      exchange.reply(status, headers, body);
    });
  }

  /**
   * Answers at the addresses of the HTTP server: versions always, the rest when it shares them. True when it is its. What
   * lacks the credential for `/rtc/` is answered too, so that routes behind it need not look.
   */
  share(exchange: HttpExchange, shared: boolean): boolean {
    const { path, method } = exchange.request;
    if (path.startsWith('/rtc/')) {
      const access = method === 'OPTIONS' ? 'open' : this.#letIn(exchange.request);
      if (access instanceof Answer) reply(exchange, access, { ...this.#headers(), ...corsHeaders(exchange.request) });
      return access instanceof Answer;
    }
    if (!(shared ? /^\/(api|gb)\//.test(path) : path === '/api/v1/versions')) return false;
    this.handle(exchange);
    return true;
  }

  /** `data` of /api/v1/summaries. */
  summary(): Body {
    return summaryData(this.#context);
  }

  close(): void {
    this.events.close();
  }

  async #answer(exchange: HttpExchange): Promise<void> {
    const { request } = exchange;
    const { root } = this.#options.settings;
    const crossdomain = root.get('http_api.crossdomain');
    if (request.method === 'OPTIONS') {
      const answer = crossdomain ? plain(200, '') : notAllowed;
      return reply(exchange, answer, { ...this.#headers(), ...(crossdomain && preflight(request)) });
    }
    const access = this.#letIn(request);
    if (access instanceof Answer) return reply(exchange, access, { ...this.#headers(), ...corsHeaders(request) });
    if (request.path.startsWith('/gb/') && isForeign(request, access)) {
      return reply(exchange, new Answer(403, writeJson({ code: 403 })), this.#headers());
    }
    if (!request.path.includes('/api/') && (await this.#elsewhere(exchange))) return;
    // Settings are for tools, not for pages: only who has a token may read them from another site.
    const readable = crossdomain && (access === 'bearer' || !request.path.startsWith('/api/srsx/v1/settings'));
    const headers = { ...this.#headers(), ...(readable && corsHeaders(request)) };
    const answer = await this.#find(exchange, access, { headers, readable });
    if (answer !== undefined) reply(exchange, answer, headers);
  }

  #letIn(request: HttpRequest): Access | Answer {
    const { settings, clock } = this.#options;
    const { path, peer } = request;
    const scope = isApi(path) ? 'api' : path.startsWith('/rtc/') ? 'rtc' : undefined;
    const access = scope === undefined ? 'open' : accessOf(settings.root, request, scope);
    if (access instanceof Answer) this.#refusals.note(peer.host, clock.now());
    return access;
  }

  async #elsewhere(exchange: HttpExchange): Promise<boolean> {
    const { path, search } = exchange.request;
    if (path === '/console') {
      reply(exchange, redirect(302, `/console/${search}`), this.#headers());
      return true;
    }
    if ((await this.#options.also?.(exchange)) === true) return true;
    if (!path.startsWith('/console/') && path !== '/metrics') return false;
    reply(exchange, plain(404, 'Not Found'), this.#headers());
    return true;
  }

  /** Undefined when the exchange has its answer: a feed without end. */
  async #find(exchange: HttpExchange, access: Access, { headers, readable }: Terms): Promise<Answer | undefined> {
    const { request } = exchange;
    const method = methodOf(request);
    const found = route(request.path, method);
    if (found.kind === 'redirect') return redirect(302, found.path + request.search);
    if (found.kind === 'method') return notAllowed;
    const { name, endpoint, id } = found;
    // SRS reloads by GET.
    const changes = !['GET', 'HEAD'].includes(method) || request.query.get('rpc') === 'reload';
    const foreign = (changes || !readable) && isForeign(request, access);
    if (foreign || isBorrowed(request, access)) return new Answer(403, writeJson({ code: 403 }));
    try {
      if (name === 'events' && method === 'GET') {
        this.#feed(exchange, headers);
        return undefined;
      }
      // An open API may kick, as SRS's may; what outlives a restart wants more.
      if (changes && endpoint.own === true && access === 'open' && !isLoopback(request.peer.host)) {
        throw overlayErrors.refused('CREDENTIAL');
      }
      const { clock, limits } = this.#options;
      const body = endpoint.body === undefined ? undefined : await readJson(exchange, clock, limits);
      const call: Call = { request, method, id, body, trusted: access !== 'open' };
      const result = await this.#handlers[name](call);
      return result instanceof Answer ? result : this.#envelope(result);
    } catch (thrown) {
      return this.#failure(thrown, endpoint.own === true);
    }
  }

  #feed(exchange: HttpExchange, headers: HttpHeaders): void {
    const { clock, wheel, limits, stats } = this.#options;
    feedEvents(exchange, {
      events: this.events,
      clock,
      wheel,
      service: stats.serviceId,
      stallTime: limits.stallTime,
      headers,
    });
  }

  #envelope(members: Body): Answer {
    const { serverId, serviceId } = this.#options.stats;
    const { pid } = this.#options.system.read();
    return new Answer(200, writeJson({ code: 0, server: serverId, service: serviceId, pid: String(pid), ...members }));
  }

  /** SRS's endpoints tell a number; ours the words and a status. */
  #failure(thrown: unknown, own: boolean): Answer {
    const error = toSrsxError(thrown);
    const status = statusOf(error);
    if (status === undefined) throw error;
    if (!own) return failure(error.srs ?? NO_NUMBER);
    const { headers, body } = failureAnswer(error, status);
    return new Answer(status, body, headers);
  }

  #headers(): Record<string, string> {
    return {
      Server: `SRS/${SRS_VERSION_TEXT}(srsx/${this.#options.version})`,
      'Content-Type': 'application/json',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
    };
  }
}

/** What opens a port for media is as much the operator's as the rest. */
const isApi = (path: string): boolean => path.includes('/api/') || path.startsWith('/gb/');

function handlersOf(context: ApiContext): Handlers {
  // Some milliseconds of work, the same each time.
  let document: string | undefined;
  return {
    ...indexHandlers(),
    ...processHandlers(context),
    ...streamHandlers(context),
    ...clientHandlers(context),
    ...healthHandlers(context),
    ...programHandlers(context),
    ...rawHandlers(context),
    ...clusterHandlers(context),
    ...settingHandlers(context),
    openapi: () => {
      document ??= writeJson(openApi(context.version) as Json);
      return new Answer(200, document);
    },
    // HEAD: what GET would begin with.
    events: () => new Answer(200, '', { 'Content-Type': 'text/event-stream; charset=utf-8' }),
  };
}

function statusOf(error: Error): number | undefined {
  if (error instanceof ProtocolError || error instanceof ConfigError) return 400;
  if (error instanceof RefusedError) return 403;
  if (error instanceof LimitError || error instanceof SystemError) return 503;
  return undefined;
}

/** A page that can only load scripts names its method in the query (SRS). */
function methodOf({ method, query }: HttpRequest): string {
  const asked = query.has('callback') && method === 'GET' ? query.get('method') : null;
  return asked === null ? method : asked.toUpperCase();
}

/** `*` does not stand for Authorization (Fetch §4.9). */
const preflight = (request: HttpRequest): HttpHeaders => {
  const headers = corsHeaders(request);
  return 'Access-Control-Allow-Headers' in headers
    ? { ...headers, 'Access-Control-Allow-Headers': '*, Authorization' }
    : headers;
};

/** A callback is code in somebody's page: only a dotted name may be reflected (CVE-2024-29882 of SRS). */
const callbackName = /^[\w$][\w$.]{0,63}$/;

function reply(exchange: HttpExchange, answer: Answer, common: HttpHeaders): void {
  const headers = { ...common, ...answer.headers };
  const callback = exchange.request.query.get('callback');
  const json = headers['Content-Type'] === 'application/json';
  if (callback === null || answer.status !== 200 || !json) exchange.reply(answer.status, headers, answer.body);
  else if (!callbackName.test(callback)) exchange.reply(400, headers, writeJson({ code: 400 }));
  else exchange.reply(200, { ...headers, 'Content-Type': 'text/javascript' }, `${callback}(${answer.body})`);
}
