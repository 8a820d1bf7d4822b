// Requests to one endpoint, and the sessions that they began.
import { utf8 } from '../../base/bytes.ts';
import { toSrsxError } from '../../base/session.ts';
import type { Micros } from '../../base/time.ts';
import type { ClientHost } from '../../control/host.ts';
import { readText, uploadOf } from '../../wire/http/body.ts';
import type { HttpHeaders, HttpResponse } from '../../wire/http/exchange.ts';
import { conformanceErrors } from '../errors.ts';
import { fragmentFor, type OfferChanges, offerFor } from './offer.ts';

/** Where and how requests are made. */
export interface ClientOptions {
  readonly host: ClientHost;
  readonly url: URL;
  readonly kind: 'whip' | 'whep';
  readonly signal: AbortSignal;
  readonly token: string | undefined;
  readonly timeout: Micros;
  readonly insecure: boolean;
}

/** An answer that was read to its end. */
export interface Answer {
  readonly status: number;
  /** By its lower-case name. */
  header(name: string): string | undefined;
  readonly text: string;
  /** What was asked in the end, behind redirects. */
  readonly url: URL;
}

/** A session that the endpoint made. */
export interface EndpointSession {
  readonly url: URL;
  readonly etag: string | undefined;
  readonly created: Answer;
  readonly offer: string;
}

/** The type of offers and answers. */
export const SDP = 'application/sdp';
/** The type of what is sent by PATCH (RFC 8840 §9). */
export const FRAGMENT = 'application/trickle-ice-sdpfrag';

/** No answer of an endpoint is longer. */
const MOST_BODY_BYTES = 256 * 1024;
/** RFC 9725 §4.5. */
const MOST_REDIRECTS = 5;
/** Sessions that one check may leave behind. */
const MOST_SESSIONS = 8;

/** Asks one endpoint; every method rejects with NET_* and CONFORMANCE_BODY. */
export class EndpointClient {
  readonly #options: ClientOptions;
  /** To be ended behind the check. */
  readonly #open: URL[] = [];

  constructor(options: ClientOptions) {
    this.#options = options;
  }

  get kind(): 'whip' | 'whep' {
    return this.#options.kind;
  }

  get url(): URL {
    return this.#options.url;
  }

  get hasToken(): boolean {
    return this.#options.token !== undefined;
  }

  /** An offer of this protocol, with something else than usual. */
  offer(changes: OfferChanges = {}): string {
    return offerFor(this.#options.kind, this.#options.host.rng, changes);
  }

  /** A fragment; without a `ufrag` with new credentials, which restart ICE. */
  fragment(ufrag?: string): string {
    return fragmentFor(this.#options.host.rng, ufrag);
  }

  /** Posts an offer; a session that comes of it is ended behind the check. @param authorization as that of `ask`. */
  async post(offer: string, headers: HttpHeaders = {}, authorization?: string): Promise<Answer> {
    const answer = await this.ask('POST', this.url, { 'Content-Type': SDP, ...headers }, offer, authorization);
    const location = answer.header('location');
    const url = location === undefined ? null : URL.parse(location, answer.url.href);
    if (answer.status === 201 && url !== null && this.#open.length < MOST_SESSIONS) this.#open.push(url);
    return answer;
  }

  /** A session by a good offer. Rejects with CONFORMANCE_SESSION. */
  async session(changes: OfferChanges = {}): Promise<EndpointSession> {
    const offer = this.offer(changes);
    const created = await this.post(offer);
    const url = this.#open.at(-1);
    if (created.status !== 201 || url === undefined) {
      throw conformanceErrors.protocol('SESSION', { status: created.status });
    }
    return { url, etag: created.header('etag'), created, offer };
  }

  patch({ url }: EndpointSession, etag: string | undefined, fragment: string, type = FRAGMENT): Promise<Answer> {
    const condition: HttpHeaders = etag === undefined ? {} : { 'If-Match': etag };
    return this.ask('PATCH', url, { 'Content-Type': type, ...condition }, fragment);
  }

  /** Ends what the check has left, also when the operator has ended the run. */
  async endSessions(): Promise<void> {
    const { signal } = new AbortController();
    const client = new EndpointClient({ ...this.#options, signal });
    for (const url of this.#open.splice(0)) {
      try {
        await client.ask('DELETE', url);
      } catch (thrown) {
        this.#options.host.log.debug('conformance', () => `a session stays open: ${toSrsxError(thrown).message}`);
      }
    }
  }

  /** @param authorization another than that of the options; empty: none. */
  async ask(
    method: string,
    url: URL,
    headers: HttpHeaders = {},
    body?: string,
    authorization = this.#bearer(),
  ): Promise<Answer> {
    let target = url;
    const wanted = authorization === '' ? headers : { ...headers, Authorization: authorization };
    for (let hop = 0; ; hop++) {
      const response = await this.#request(method, target, wanted, body);
      const answer = {
        status: response.status,
        header: response.header,
        text: await this.#read(response),
        url: target,
      };
      const next = [307, 308].includes(answer.status) ? URL.parse(answer.header('location') ?? '', target.href) : null;
      // Elsewhere the token is nobody's business.
      if (next === null || hop >= MOST_REDIRECTS || next.origin !== target.origin) return answer;
      target = next;
    }
  }

  #bearer(): string {
    const { token } = this.#options;
    return token === undefined ? '' : `Bearer ${token}`;
  }

  #request(method: string, url: URL, headers: HttpHeaders, body: string | undefined): Promise<HttpResponse> {
    const { host, signal, timeout, insecure } = this.#options;
    const bytes = body === undefined ? undefined : utf8(body);
    return host.net.request(url, {
      ...{ method, signal, timeout, insecure, follow: false },
      headers: bytes === undefined ? headers : { ...headers, 'Content-Length': bytes.length },
      ...(bytes !== undefined && {
        upload: uploadOf(bytes),
      }),
    });
  }

  /** Rejects with CONFORMANCE_BODY. */
  #read({ body }: HttpResponse): Promise<string> {
    const { host, timeout } = this.#options;
    const fault = (why: string) => () => conformanceErrors.protocol('BODY', { why });
    return readText(body, {
      limit: MOST_BODY_BYTES,
      tooLong: fault(`it has more than ${MOST_BODY_BYTES} bytes`),
      late: { clock: host.clock, time: timeout, error: fault('it does not end') },
    }).finally(() => body.close());
  }
}
