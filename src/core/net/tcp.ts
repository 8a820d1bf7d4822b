// TCP and TLS: listeners that give links, and dialling.
import { connect, createServer, isIP, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { type Address, type Closer, formatAddress, type Link } from '../base/link.ts';
import { toMs } from '../base/time.ts';
import type { DialOptions, Listener, TlsFiles } from '../control/host.ts';
import { netError, netErrors } from './errors.ts';
import { maxSockets, type NetContext } from './options.ts';
import { ignoreError, plainHost, SocketLink } from './socket-link.ts';
import { readPems, reloadPems } from './tls.ts';

/** A dead peer (cable, NAT) is found after this and the kernel's probes, even when nothing is sent. */
const KEEP_ALIVE_MS = 60_000;
/**
 * A socket that is paused reads no further than this, so that the kernel holds what comes, and the sender is told. With
 * the usual 64 KiB it would go on waking the process for a while: most of a publisher's window.
 */
const PAUSED_BYTES = 1;
export const socketOptions = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS } as const;

export async function listenTcp(
  context: NetContext,
  at: Address,
  on: (link: Link) => void,
  tls?: TlsFiles,
): Promise<Listener> {
  const { limits, log, writer } = context;
  const link = { linkBytes: limits.linkBytes, reads: 'now' } as const;
  if (tls === undefined) {
    const accept = (socket: Socket): void => on(new SocketLink(socket, { ...link, writer }));
    return startServer(createServer({ ...socketOptions, highWaterMark: PAUSED_BYTES }, accept), at, context);
  }
  const pems = await readPems(tls);
  const accept = (socket: Socket): void => on(new SocketLink(socket, link));
  const server = createTlsServer({ ...socketOptions, ...pems, handshakeTimeout: toMs(limits.handshakeTime) }, accept);
  server.on('tlsClientError', (error, socket) => {
    log.debug('net:tls', () => `handshake with ${socket.remoteAddress ?? 'a peer that left'} failed: ${error.message}`);
  });
  return startServer(server, at, context, reloadPems(server, tls, pems, log));
}

/** Listens, or rejects with NET_ADDRESS_IN_USE, NET_ACCESS, ...; `extra` ends with the listener. */
export async function startServer(
  server: Server,
  at: Address,
  { limits, log }: NetContext,
  extra?: Closer,
): Promise<Listener> {
  server.maxConnections = maxSockets(limits);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({ host: at.host, port: at.port }, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    extra?.close();
    throw netError(error, formatAddress(at));
  }
  // Accepting fails when the process is out of files: it is told, and works again when some were closed.
  server.on('error', (error) => log.error('net', 'cannot accept', { error: netError(error, formatAddress(at)) }));
  const bound = server.address();
  const address =
    typeof bound === 'object' && bound !== null ? { host: plainHost(bound.address), port: bound.port } : at;
  return {
    address,
    close: () => {
      extra?.close();
      server.close(ignoreError);
    },
  };
}

/** Opens a connection, or rejects with NET_REFUSED, NET_TIMEOUT, NET_DNS, NET_TLS, NET_ABORTED, ... */
export async function dial({ limits }: NetContext, to: Address, options: DialOptions): Promise<Link> {
  const socket = await openSocket(to, options);
  return new SocketLink(socket, { linkBytes: limits.linkBytes, reads: 'later' });
}

function openSocket(to: Address, { signal, timeout, tls }: DialOptions): Promise<Socket> {
  const at = formatAddress(to);
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(netErrors.system('ABORTED', { at }));
      return;
    }
    const socket =
      tls === undefined
        ? connect({ ...socketOptions, host: to.host, port: to.port })
        : connectTls({ ...socketOptions, host: to.host, port: to.port, ...tlsOptions(tls) });
    const fail = (error: unknown): void => {
      settle();
      socket.on('error', ignoreError);
      socket.destroy();
      reject(netError(error, at));
    };
    const abort = (): void => fail(netErrors.system('ABORTED', { at }));
    const timer = setTimeout(() => fail(netErrors.system('TIMEOUT', { at })), toMs(timeout));
    const opened = (): void => {
      settle();
      resolve(socket);
    };
    const settle = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
      socket.off(tls === undefined ? 'connect' : 'secureConnect', opened);
    };
    signal.addEventListener('abort', abort);
    socket.on('error', fail);
    socket.on(tls === undefined ? 'connect' : 'secureConnect', opened);
  });
}

/** SNI must be a name (RFC 6066 §3). */
export const tlsOptions = ({ serverName, insecure = false }: NonNullable<DialOptions['tls']>) => ({
  ...(isIP(serverName) === 0 ? { servername: serverName } : {}),
  rejectUnauthorized: !insecure,
});
