// One request to a callback server, bounded in every direction: time, answer, and how many at once.
import { utf8 } from '../../base/bytes.ts';
import type { Clock } from '../../base/clock.ts';
import { LimitError, RefusedError } from '../../base/errors.ts';
import type { Link } from '../../base/link.ts';
import { toSrsxError } from '../../base/session.ts';
import type { Micros } from '../../base/time.ts';
import { readText, uploadOf } from '../../wire/http/body.ts';
import type { HttpHeaders, HttpResponse } from '../../wire/http/exchange.ts';
import { SRS_VERSION_TEXT } from '../api/version.ts';
import type { Net } from '../host.ts';
import { ANSWER_BYTES, isAnswer } from './answer.ts';
import type { HookBody } from './bodies.ts';
import { hookErrors } from './errors.ts';
import { type LaneLimits, Lanes } from './lanes.ts';

/**
 * Chosen: of one URL. A callback server of one process takes a few hundred at once; when a thousand players come together,
 * the others wait, at most as long as their deadline.
 */
const AT_ONCE = 128;
/** Chosen: more than a restart of all players of a big server; each holds about a kilobyte. */
const IN_LINE = 20_000;

/** As SRS: callback servers look at the name in front. */
const AGENT = `SRS/${SRS_VERSION_TEXT}(srsx)`;

/** One request: `hook` is for messages. */
export interface HookCall {
  readonly hook: string;
  readonly url: string;
  readonly deadline: Micros;
  /** Certificates of https:// are not checked. */
  readonly insecure: boolean;
}

/** What the caller works with. */
export interface CallerOptions {
  readonly clock: Clock;
  readonly net: Pick<Net, 'request'>;
  readonly lanes?: LaneLimits;
}

/** Makes the requests. All errors are RefusedErrors of the table HOOKS. */
export class HookCaller {
  readonly #clock: Clock;
  readonly #net: Pick<Net, 'request'>;
  readonly #lanes: Lanes;
  readonly #underWay = new Set<AbortController>();
  #closed = false;

  constructor({ clock, net, lanes = { active: AT_ONCE, waiting: IN_LINE } }: CallerOptions) {
    this.#clock = clock;
    this.#net = net;
    this.#lanes = new Lanes(clock, lanes, ({ kind, waiting }, key) => {
      return hookErrors.refused(kind === 'full' ? 'BUSY' : 'LATE', { hook: key, waiting });
    });
  }

  /** Requests under way. */
  get size(): number {
    return this.#underWay.size;
  }

  /** Posts a body; resolves with the text of an answer of status 200 or 201. */
  post(call: HookCall, body: HookBody): Promise<string> {
    const bytes = utf8(JSON.stringify(body));
    return this.#run(call, {
      method: 'POST',
      headers: { 'Content-Length': bytes.length, 'Content-Type': 'application/json' },
      limit: ANSWER_BYTES,
      upload: uploadOf(bytes),
    });
  }

  /** Fetches a URL and reads at most `limitBytes` of the answer, which may be anything of status 200 or 201. */
  async get(call: HookCall, limitBytes: number): Promise<void> {
    const headers = { 'Content-Length': 0, 'Content-Type': 'application/json' };
    await this.#run(call, { method: 'GET', headers, limit: limitBytes, cut: true });
  }

  /** Gives up everything that is under way. */
  close(): void {
    this.#closed = true;
    for (const abort of this.#underWay) abort.abort();
  }

  #run(call: HookCall, request: Request): Promise<string> {
    const url = URL.parse(call.url);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      return Promise.reject(hookErrors.refused('URL', { hook: call.hook, url: call.url }));
    }
    // By the place and not by the query, which may differ for each segment of on_hls_notify.
    return this.#lanes.run(`${call.hook} at ${url.host}${url.pathname}`, call.deadline, () =>
      this.#send(call, url, request),
    );
  }

  async #send({ hook, deadline, insecure }: HookCall, url: URL, request: Request): Promise<string> {
    const left = deadline - this.#clock.now();
    const late = (): RefusedError => hookErrors.refused('LATE', { hook });
    if (left <= 0 || this.#closed) throw late();
    const abort = new AbortController();
    this.#underWay.add(abort);
    const cancel = this.#clock.after(left, () => abort.abort());
    let response: HttpResponse | undefined;
    try {
      const { method, upload, limit, cut = false } = request;
      const headers: HttpHeaders = { Connection: 'Keep-Alive', ...request.headers, 'User-Agent': AGENT };
      const options = {
        method,
        headers,
        signal: abort.signal,
        timeout: left,
        follow: false,
        insecure,
        ...(upload && { upload }),
      };
      response = await this.#net.request(url, options);
      if (!isAnswer(response.status)) throw hookErrors.refused('STATUS', { hook, status: response.status });
      const text = await readText(response.body, {
        limit,
        ...(!cut && { tooLong: () => hookErrors.refused('ANSWER', { hook, why: `it is longer than ${limit} bytes` }) }),
      });
      // A body that is given up ends like a regular one.
      if (abort.signal.aborted) throw late();
      return text;
    } catch (thrown) {
      if (abort.signal.aborted) throw late();
      throw failure(hook, thrown, late);
    } finally {
      cancel();
      this.#underWay.delete(abort);
      response?.body.close();
    }
  }
}

interface Request {
  readonly method: string;
  readonly headers: HttpHeaders;
  readonly upload?: (body: Link) => void;
  /** Bytes of the answer. */
  readonly limit: number;
  /** What is longer is left, and not an error. */
  readonly cut?: boolean;
}

function failure(hook: string, thrown: unknown, late: () => RefusedError): Error {
  if (thrown instanceof RefusedError || thrown instanceof LimitError) return thrown;
  const error = toSrsxError(thrown);
  if (error.code === 'NET_TIMEOUT') return late();
  return hookErrors.refused('FAILED', { hook, why: error.message }, thrown);
}
