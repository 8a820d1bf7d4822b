// HTTP and HTTPS listeners: Node parses and bounds the requests, exchanges answer them.
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, Server as TlsServer } from 'node:https';
import type { Socket } from 'node:net';
import type { Address } from '../base/link.ts';
import { toSrsxError } from '../base/session.ts';
import { toMs } from '../base/time.ts';
import type { Listener, TlsFiles } from '../control/host.ts';
import type { HttpHandler } from '../wire/http/exchange.ts';
import { failureAnswer } from '../wire/http/failure.ts';
import { asksForWebSocket } from '../wire/websocket/index.ts';
import { IDLE_MS } from './direct-exchange.ts';
import { DirectServer } from './direct-server.ts';
import { isRaw, type OwnExchange, ServerExchange } from './http-exchange.ts';
import type { NetContext } from './options.ts';
import { ignoreError } from './socket-link.ts';
import { socketOptions, startServer } from './tcp.ts';
import { readPems, reloadPems } from './tls.ts';

/** Node looks for slow heads this often, at least four times within their time. */
const CHECK_MS = 2500;

export async function listenHttp(context: NetContext, at: Address, on: HttpHandler, tls?: TlsFiles): Promise<Listener> {
  const options = serverOptions(context);
  const pems = tls === undefined ? undefined : await readPems(tls);
  const server = pems === undefined ? createServer(options) : createTlsServer({ ...options, ...pems });
  const serve = (incoming: IncomingMessage, response: ServerResponse, expects: boolean): void => {
    if (isRaw(incoming.socket)) incoming.socket.destroy();
    else handle(context, on, new ServerExchange(context, incoming, response, expects));
  };
  const direct = makeDirect(server, context, on);
  keepStreams(server, direct);
  server.on('request', (incoming, response) => serve(incoming, response, false));
  server.on('checkContinue', (incoming, response) => serve(incoming, response, true));
  server.on('upgrade', (incoming, socket) => {
    prepare(socket as Socket);
    handle(context, on, new ServerExchange(context, incoming));
  });
  const renewable = server instanceof TlsServer && tls !== undefined && pems !== undefined;
  const reload = renewable ? reloadPems(server, tls, pems, context.log) : undefined;
  const listener = await startServer(server, at, context, reload);
  return listener;
}

/** Our event: Node's parser has got a connection. */
const handedOver = 'srsx:handedOver';

/** Puts us before Node: its own listener gets the connections that we do not want. */
function makeDirect(server: Server | TlsServer, context: NetContext, on: HttpHandler): DirectServer {
  const event = server instanceof TlsServer ? 'secureConnection' : 'connection';
  const node = server.listeners(event);
  server.removeAllListeners(event);
  const { headersTimeout, connectionsCheckingInterval } = serverOptions(context);
  const direct = new DirectServer({
    context,
    handle: (exchange) => handle(context, on, exchange),
    handOver: (socket) => {
      for (const listener of node) listener.call(server, socket);
      server.emit(handedOver, socket);
    },
    checkMs: connectionsCheckingInterval,
    silentMs: headersTimeout,
  });
  server.on(event, (socket: Socket) => direct.accept(socket));
  return direct;
}

/**
 * A listener that closes leaves its players alone. Node ends connections without a request under way when a server
 * closes, and takes a stream whose socket we took over for one of those; so we say which are idle.
 */
function keepStreams(server: Server | TlsServer, direct: DirectServer): void {
  /** Each open connection that is Node's, with its newest answer. */
  const newest = new Map<Socket, ServerResponse | undefined>();
  server.on(handedOver, (socket: Socket) => {
    newest.set(socket, undefined);
    socket.on('close', () => newest.delete(socket));
  });
  for (const event of ['request', 'checkContinue']) {
    server.on(event, ({ socket }: IncomingMessage, response: ServerResponse) => {
      if (newest.has(socket)) newest.set(socket, response);
    });
  }
  server.on('upgrade', ({ socket }: IncomingMessage) => newest.delete(socket));
  server.closeIdleConnections = () => {
    direct.close();
    for (const [socket, response] of newest) {
      if (response === undefined || (response.writableFinished && !isRaw(socket))) socket.destroy();
    }
  };
}

function serverOptions({ limits }: NetContext) {
  const headersTimeout = toMs(limits.handshakeTime);
  return {
    ...socketOptions,
    maxHeaderSize: limits.httpHeadBytes,
    headersTimeout,
    // A publisher's body has no end; the protocols have their own deadlines for what they wait for.
    requestTimeout: 0,
    keepAliveTimeout: IDLE_MS,
    connectionsCheckingInterval: Math.min(CHECK_MS, Math.ceil(headersTimeout / 4)),
    // Other upgrades (h2c) are answered as plain requests, which RFC 9110 §7.8 allows.
    shouldUpgradeCallback: ({ method = '', headers }) =>
      asksForWebSocket(method, (name) => headers[name] as string | undefined),
  } satisfies ServerOptions;
}

/**
 * Node gives the socket of an upgrade away with nobody listening. It is read from now on, or a peer that leaves while
 * its admission waits would not be noticed; a client that sends before it is answered breaks RFC 6455 §4.1.
 */
function prepare(socket: Socket): void {
  socket.on('error', ignoreError);
  socket.allowHalfOpen = false;
  socket.resume();
}

function handle({ log }: NetContext, on: HttpHandler, exchange: OwnExchange): void {
  const fail = (thrown: unknown): void => {
    const error = toSrsxError(thrown);
    const answer = failureAnswer(error);
    if (answer.status === 500) log.error('net:http', 'a request failed', { path: exchange.request.path, error });
    if (exchange.answered) exchange.destroy();
    else exchange.reply(answer.status, answer.headers, answer.body);
  };
  try {
    // A promise for each request would be garbage: most are answered at once.
    const answering = on(exchange);
    if (answering !== undefined) answering.catch(fail);
  } catch (thrown) {
    fail(thrown);
  }
}
