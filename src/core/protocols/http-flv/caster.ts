// SRS's `stream_caster` of the kind flv: ports that take streams in the body of any request, named by a template.
import type { Closer } from '../../base/link.ts';
import { toSrsxError } from '../../base/session.ts';
import type { AdmissionRequest } from '../../control/admission.ts';
import { type Caster, casters, castRequest } from '../../control/casters.ts';
import type { Host, Listener } from '../../control/host.ts';
import type { HttpExchange } from '../../wire/http/exchange.ts';
import { watchGone } from '../../wire/http/gone.ts';
import { parseStreamPath } from '../../wire/http/stream-path.ts';
import { answerTo, httpFlvErrors } from './errors.ts';
import { formatOf, type LiveFormat, liveFormats } from './format.ts';
import { PublishSession } from './ingest.ts';

/** Listens on the ports of all casters; rejects with ConfigError (CASTER_*), SystemError when one is not free. */
export async function serveCasters(host: Host): Promise<Closer & { readonly listeners: readonly Listener[] }> {
  const server = new CasterServer(host);
  try {
    for (const caster of casters(host.settings, 'flv')) await server.listen(caster);
  } catch (error) {
    server.close();
    throw error;
  }
  return server;
}

class CasterServer implements Closer {
  readonly listeners: Listener[] = [];
  readonly #host: Host;
  /** Bounded by limits.sessions: each is registered there. */
  readonly #sessions = new Set<PublishSession>();

  constructor(host: Host) {
    this.#host = host;
  }

  async listen(caster: Caster): Promise<void> {
    const at = { host: '0.0.0.0', port: caster.port };
    this.listeners.push(await this.#host.net.listenHttp(at, (exchange) => this.#publish(exchange, caster)));
  }

  close(): void {
    for (const listener of this.listeners) listener.close();
    const reason = httpFlvErrors.refused('STOPPED');
    for (const session of this.#sessions) session.close(reason, this.#host.clock.now());
  }

  /** SRS takes every method, and closes the connection without an answer; here there is one. */
  async #publish(exchange: HttpExchange, caster: Caster): Promise<void> {
    const host = this.#host;
    const isGone = watchGone(exchange);
    try {
      const format = bodyFormat(exchange);
      const asked = readCast(exchange, caster, format);
      const grant = await host.admission.admit(asked);
      if (isGone()) {
        grant.ticket?.end();
        return;
      }
      const onOver = (over: PublishSession): void => void this.#sessions.delete(over);
      this.#sessions.add(new PublishSession({ host, exchange, format, asked, grant, onOver }));
    } catch (thrown) {
      const error = toSrsxError(thrown);
      const { status, headers, body } = answerTo(error);
      host.log.warn('http-flv', 'refused', { path: exchange.request.path, code: error.code, error: error.message });
      exchange.reply(status, headers, body);
    }
  }
}

/** FLV, as in SRS, unless the path ends as another container. */
function bodyFormat({ request }: HttpExchange): LiveFormat {
  const flv = liveFormats.find(({ name }) => name === 'flv') as LiveFormat;
  return formatOf(request.path) ?? { ...flv, extension: '' };
}

/** Throws HTTP_PATH, CASTER_OUTPUT. */
function readCast({ request }: HttpExchange, caster: Caster, { extension }: LiveFormat): AdmissionRequest {
  const { name, param } = caster.target(parseStreamPath(request.path, extension));
  // SRS does not pass the query on: a token in it would be lost.
  return castRequest('http-flv', request.peer, { name, param: param || request.search });
}
