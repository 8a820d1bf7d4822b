// HTTP as a client: requests with redirects, bodies in both directions, WebSockets.
import { type ClientRequest, type IncomingMessage, request as plainRequest, type RequestOptions } from 'node:http';
import { request as tlsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { formatAddress, type Link } from '../base/link.ts';
import { type Micros, toMs } from '../base/time.ts';
import type { HttpRequestOptions } from '../control/host.ts';
import type { HttpHeaders, HttpResponse } from '../wire/http/exchange.ts';
import { acceptValue } from '../wire/websocket/index.ts';
import { netError, netErrors } from './errors.ts';
import type { NetContext } from './options.ts';
import { ignoreError, localOf, peerOf, SocketLink } from './socket-link.ts';
import { ReadableLink, WritableLink } from './stream-link.ts';
import { socketOptions } from './tcp.ts';
import { WebSocketLink } from './websocket-link.ts';

const MAX_REDIRECTS = 5;
const redirects = new Set([301, 302, 303, 307, 308]);

/** Rejects with NET_*; follows up to five redirects of GET and HEAD, to http and https only. */
export async function request(context: NetContext, url: URL, options: HttpRequestOptions): Promise<HttpResponse> {
  let target = url;
  let { headers } = options;
  const { follow = true, method } = options;
  for (let hop = 0; ; hop++) {
    const response = await new Attempt(context, target, { ...options, headers }).response();
    const location = response.header('location');
    const follows = follow && redirects.has(response.status) && /^(GET|HEAD)$/.test(method) && location !== undefined;
    if (!follows) return hop === 0 ? response : { ...response, url: target };
    response.body.close();
    if (hop === MAX_REDIRECTS) throw netErrors.system('REDIRECTS', { at: url.href, why: `more than ${hop} times` });
    const next = redirectTarget(location, target);
    if (next.origin !== target.origin) headers = withoutSecrets(headers);
    target = next;
  }
}

function redirectTarget(location: string, from: URL): URL {
  const next = URL.parse(location, from.href);
  // Anything else (file:, gopher:) is an attempt to make us read what the peer cannot.
  if (next === null || !/^https?:$/.test(next.protocol)) {
    throw netErrors.system('REDIRECTS', { at: from.href, why: `to ${JSON.stringify(location.slice(0, 200))}` });
  }
  return next;
}

const withoutSecrets = (headers: HttpHeaders): HttpHeaders =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !/^(authorization|cookie)$/i.test(name)));

/** One request to one server. */
class Attempt {
  readonly #context: NetContext;
  readonly #options: HttpRequestOptions;
  readonly #url: URL;
  readonly #request: ClientRequest;
  #timer: NodeJS.Timeout | undefined;

  constructor(context: NetContext, url: URL, options: HttpRequestOptions) {
    this.#context = context;
    this.#options = options;
    this.#url = url;
    this.#request = open(context, url, options);
  }

  response(): Promise<HttpResponse> {
    const { signal, upload } = this.#options;
    const request = this.#request;
    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    const abort = (): void => void request.destroy(netErrors.system('ABORTED', { at: this.#url.href }));
    const settle = (): void => {
      clearTimeout(this.#timer);
      signal.removeEventListener('abort', abort);
    };
    const fail = (error: unknown): void => {
      settle();
      reject(netError(error, this.#url.host));
    };
    request.on('error', fail);
    request.on('close', () => fail(netErrors.system('RESET', { at: this.#url.host })));
    request.on('response', (incoming) => {
      settle();
      resolve(this.#answer(incoming));
    });
    signal.addEventListener('abort', abort);
    this.#expectAnswer();
    if (upload === undefined) request.end();
    else onConnect(request, (socket) => upload(this.#upload(socket)));
    if (signal.aborted) abort();
    return promise;
  }

  /** From now on the server must connect, or answer, within the time. */
  #expectAnswer(): void {
    clearTimeout(this.#timer);
    const late = (): void => void this.#request.destroy(netErrors.system('TIMEOUT', { at: this.#url.host }));
    this.#timer = setTimeout(late, toMs(this.#options.timeout));
  }

  /** The body of the request; Node frames it in chunks. An early answer ends it. */
  #upload(socket: Socket): Link {
    clearTimeout(this.#timer);
    const request = this.#request;
    const link = new WritableLink(request, {
      peer: peerOf(socket),
      local: localOf(socket),
      at: this.#url.host,
      linkBytes: this.#context.limits.linkBytes,
      finish: (reason) => {
        if (reason !== undefined) {
          request.destroy(reason);
          return;
        }
        this.#expectAnswer();
        request.end();
      },
    });
    request.on('response', () => link.ended(undefined));
    return link;
  }

  #answer(incoming: IncomingMessage): HttpResponse {
    const { socket } = incoming;
    const body = new ReadableLink(incoming, {
      peer: peerOf(socket),
      local: localOf(socket),
      at: formatAddress(peerOf(socket)),
      stop: () => this.#request.destroy(),
    });
    const { signal } = this.#options;
    const abort = (): void => body.close();
    signal.addEventListener('abort', abort);
    incoming.once('close', () => signal.removeEventListener('abort', abort));
    const header = (name: string): string | undefined => {
      const value = incoming.headers[name];
      return Array.isArray(value) ? value.join(', ') : value;
    };
    return { status: incoming.statusCode ?? 0, header, body };
  }
}

function open(
  { limits }: NetContext,
  url: URL,
  { method, headers, insecure = false }: Pick<HttpRequestOptions, 'method' | 'headers' | 'insecure'>,
): ClientRequest {
  const options: RequestOptions & { rejectUnauthorized: boolean } = {
    ...socketOptions,
    method,
    headers: { ...headers },
    // A live stream keeps its connection for itself.
    agent: false,
    maxHeaderSize: limits.httpHeadBytes,
    rejectUnauthorized: !insecure,
  };
  const secure = url.protocol === 'https:' || url.protocol === 'wss:';
  const target = new URL(url.href.replace(/^ws/, 'http'));
  return secure ? tlsRequest(target, options) : plainRequest(target, options);
}

/** Calls `then` when the connection stands, TLS included: before that, bytes would only pile up. */
function onConnect(request: ClientRequest, then: (socket: Socket) => void): void {
  request.once('socket', (socket) => {
    const event = 'encrypted' in socket ? 'secureConnect' : 'connect';
    socket.once(event, () => then(socket));
  });
}

/** Opens a WebSocket (RFC 6455 §4.1); rejects with NET_UPGRADE and the status when the server will not. */
export function dialWebSocket(
  context: NetContext,
  url: URL,
  { signal, timeout, insecure = false }: { signal: AbortSignal; timeout: Micros; insecure?: boolean },
): Promise<Link> {
  const { promise, resolve, reject } = Promise.withResolvers<Link>();
  const key = Buffer.from(context.rng.bytes(16)).toString('base64');
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Version': 13,
    'Sec-WebSocket-Key': key,
  };
  const request = open(context, url, { method: 'GET', headers, insecure });
  const at = url.host;
  const abort = (): void => void request.destroy(netErrors.system('ABORTED', { at }));
  const timer = setTimeout(() => request.destroy(netErrors.system('TIMEOUT', { at })), toMs(timeout));
  const settle = (): void => {
    clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  };
  const fail = (error: unknown): void => {
    settle();
    reject(netError(error, at));
  };
  request.on('error', fail);
  request.on('close', () => fail(netErrors.system('RESET', { at })));
  request.on('response', ({ statusCode: status }) => {
    fail(netErrors.system('UPGRADE', { at, status }));
    request.destroy();
  });
  request.on('upgrade', (incoming, socket, head) => {
    settle();
    if (incoming.headers['sec-websocket-accept'] !== acceptValue(key)) {
      socket.on('error', ignoreError);
      socket.destroy();
      fail(netErrors.system('HTTP', { at, why: 'the WebSocket accept value is wrong' }));
      return;
    }
    if (head.length > 0) socket.unshift(head);
    const { linkBytes, messageBytes } = context.limits;
    const link = new SocketLink(socket as Socket, { linkBytes, reads: 'later' });
    resolve(new WebSocketLink(link, { limitBytes: messageBytes, maskKey: () => context.rng.bytes(4) }));
  });
  signal.addEventListener('abort', abort);
  request.end();
  if (signal.aborted) abort();
  return promise;
}
