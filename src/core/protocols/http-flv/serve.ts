// The route of everything that ends as one of the containers: asks the admission, then makes players and publishers.
import type { Closer } from '../../base/link.ts';
import { type Session, toSrsxError } from '../../base/session.ts';
import { answerMoved } from '../../control/cluster/coworkers.ts';
import type { Host, Listener } from '../../control/host.ts';
import { WaitingPlayers } from '../../control/waiting-players.ts';
import { corsHeaders } from '../../wire/http/cors.ts';
import type { HttpExchange } from '../../wire/http/exchange.ts';
import { watchGone } from '../../wire/http/gone.ts';
import type { HttpFlvConfig } from './config.ts';
import { PlaySession, playHeaders } from './egress.ts';
import { answerTo, httpFlvErrors } from './errors.ts';
import { formatOf, type LiveFormat } from './format.ts';
import { PublishSession } from './ingest.ts';
import { isOff } from './mount.ts';
import { readRequest } from './request.ts';

export function serve(host: Host, config: HttpFlvConfig): Closer & { readonly listeners: readonly Listener[] } {
  return new Server(host, config);
}

class Server implements Closer {
  readonly listeners = [];
  readonly #host: Host;
  readonly #config: HttpFlvConfig;
  readonly #closers: readonly Closer[];
  /** Bounded by limits.sessions: each is registered there. */
  readonly #sessions = new Set<Session>();
  readonly #waiting: WaitingPlayers<PlaySession>;

  constructor(host: Host, config: HttpFlvConfig) {
    this.#host = host;
    this.#config = config;
    this.#waiting = new WaitingPlayers(host);
    this.#closers = [host.http.add((exchange) => this.#route(exchange)), this.#waiting];
  }

  close(): void {
    for (const closer of this.#closers) closer.close();
    const reason = httpFlvErrors.refused('STOPPED');
    for (const session of this.#sessions) session.close(reason, this.#host.clock.now());
  }

  #route(exchange: HttpExchange): boolean {
    const { method, path } = exchange.request;
    const format = formatOf(path);
    if (format === undefined) return false;
    const { play, publish } = this.#config;
    if (play && method === 'GET') this.#run(exchange, () => this.#play(exchange, format));
    else if (publish && (method === 'POST' || method === 'PUT'))
      this.#run(exchange, () => this.#publish(exchange, format));
    // What GET would begin with. Whether the stream is there is not told without an admission.
    else if (play && method === 'HEAD') exchange.reply(200, playHeaders(exchange, format));
    else if (method === 'OPTIONS') exchange.reply(200, corsHeaders(exchange.request));
    else return false;
    return true;
  }

  /** What fails before there is a session is answered here. */
  #run(exchange: HttpExchange, start: () => Promise<void>): void {
    start().catch((thrown: unknown) => {
      const error = toSrsxError(thrown);
      if (answerMoved(exchange, error)) return;
      const { status, headers, body } = answerTo(error);
      this.#host.log.warn('http-flv', 'refused', {
        path: exchange.request.path,
        code: error.code,
        error: error.message,
      });
      exchange.reply(status, { ...headers, ...corsHeaders(exchange.request) }, body);
    });
  }

  async #play(exchange: HttpExchange, format: LiveFormat): Promise<void> {
    const admitted = await this.#admit(exchange, format, 'play');
    if (admitted === undefined) return;
    const { name } = admitted.grant;
    const session = new PlaySession({
      ...admitted,
      waitTime: this.#config.waitTime,
      onOver: (over) => {
        this.#sessions.delete(over);
        this.#waiting.remove(name, over);
      },
    });
    this.#sessions.add(session);
    this.#waiting.add(name, session);
  }

  async #publish(exchange: HttpExchange, format: LiveFormat): Promise<void> {
    const admitted = await this.#admit(exchange, format, 'publish');
    if (admitted === undefined) return;
    this.#sessions.add(new PublishSession({ ...admitted, onOver: (over) => this.#sessions.delete(over) }));
  }

  /** Undefined when the peer has left meanwhile. The body is not read before the answer of the admission. */
  async #admit(exchange: HttpExchange, format: LiveFormat, action: 'play' | 'publish') {
    const isGone = watchGone(exchange);
    const host = this.#host;
    const { request } = exchange;
    const asked = readRequest(request, host.settings, action, format);
    const { vhost } = asked.name;
    if (action === 'play' && isOff(host.settings.vhost(vhost))) throw httpFlvErrors.refused('OFF', { vhost });
    const grant = await host.admission.admit(asked);
    if (!isGone()) return { host, exchange, format, asked, grant };
    grant.ticket?.end();
    return undefined;
  }
}
