// Whether pages of other sites may read what the HTTP server answers (SRS: http_server.crossdomain).
import type { Link } from '../base/link.ts';
import type { HttpExchange, HttpHeaders, HttpRequest } from '../wire/http/exchange.ts';
import type { Section } from './config/config.ts';

/**
 * The exchange as the routes of the HTTP server get it: with `http_server.crossdomain off` its answers have none of the
 * headers of Fetch §3.2, and browsers keep them from other origins. The API and WebRTC have a switch of their own.
 */
export function crossOrigin(exchange: HttpExchange, root: Section): HttpExchange {
  const { path } = exchange.request;
  if (isOpen(root) || path.startsWith('/api/') || path.startsWith('/rtc/')) return exchange;
  return new SameOriginExchange(exchange);
}

/** By configuration: a lookup costs more than most answers, and each reload has a root of its own. */
const open = new WeakMap<Section, boolean>();

function isOpen(root: Section): boolean {
  const known = open.get(root);
  if (known !== undefined) return known;
  const found = root.get('http_server.crossdomain');
  open.set(root, found);
  return found;
}

class SameOriginExchange implements HttpExchange {
  readonly #exchange: HttpExchange;

  constructor(exchange: HttpExchange) {
    this.#exchange = exchange;
  }

  get request(): HttpRequest {
    return this.#exchange.request;
  }

  get flushed(): boolean {
    return this.#exchange.flushed === true;
  }

  get onGone(): () => void {
    return () => this.#exchange.onGone?.();
  }

  set onGone(fn: () => void) {
    this.#exchange.onGone = fn;
  }

  reply(status: number, headers: HttpHeaders, body?: string | Uint8Array): void {
    this.#exchange.reply(status, own(headers), body);
  }

  send(status: number, headers: HttpHeaders): Link {
    return this.#exchange.send(status, own(headers));
  }

  stream(status: number, headers: HttpHeaders): ReturnType<HttpExchange['stream']> {
    return this.#exchange.stream(status, own(headers));
  }

  upgrade(headers: HttpHeaders = {}): Link {
    return this.#exchange.upgrade(own(headers));
  }

  body(): Link {
    return this.#exchange.body();
  }
}

const own = (headers: HttpHeaders): HttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !/^access-control-/i.test(name)));
