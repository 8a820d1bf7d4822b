// Datagram sockets.
import { createSocket, type Socket } from 'node:dgram';
import { type LookupOneOptions, lookup as lookupName } from 'node:dns';
import { lookup as lookupAddress } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { type Address, formatAddress, idle, type Peer, type Port } from '../base/link.ts';
import { netError } from './errors.ts';
import { plainHost } from './socket-link.ts';

/** A burst of a 4K key frame is about 1 MB; the kernel gives less when it must. */
const BUFFER_BYTES = 2 * 1024 * 1024;

/** Node asks the resolver for every datagram, also for plain addresses: those are answered at once here. */
function resolve(
  host: string,
  options: LookupOneOptions,
  done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
): void {
  const family = isIP(host);
  if (family !== 0) done(null, host, family);
  else lookupName(host, options, done);
}

/** Rejects with NET_DNS. */
export async function lookup(name: string): Promise<string> {
  try {
    return (await lookupAddress(name)).address;
  } catch (error) {
    throw netError(error, name);
  }
}

/** Rejects as `listenTcp` does. */
export async function listenUdp(at: Address, { shared = false }: { readonly shared?: boolean } = {}): Promise<Port> {
  const socket = createSocket({
    type: isIPv6(at.host) ? 'udp6' : 'udp4',
    lookup: resolve,
    recvBufferSize: BUFFER_BYTES,
    sendBufferSize: BUFFER_BYTES,
    ...(shared && { reusePort: true }),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(at.port, at.host, () => {
        socket.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    socket.close();
    throw netError(error, formatAddress(at));
  }
  return new DatagramPort(socket);
}

class DatagramPort implements Port {
  readonly local: Address;
  readonly #socket: Socket;
  /** A socket of both families knows those of IPv4 by mapped addresses (RFC 4291 §2.5.5.2). */
  readonly #mapped: boolean;
  #closed = false;
  onDatagram: (datagram: Uint8Array, from: Peer) => void = idle.onData;

  constructor(socket: Socket) {
    const { address, port } = socket.address();
    this.local = { host: address, port };
    this.#mapped = isIPv6(address);
    this.#socket = socket;
    socket.on('message', (datagram, { address: host, port: from }) => {
      this.onDatagram(datagram, { host: plainHost(host), port: from });
    });
    // Unreachable peers and full buffers: a datagram is lost, as on the wire.
    socket.on('error', idle.onClose);
  }

  send(datagram: Uint8Array, to: Peer): void {
    if (this.#closed) return;
    this.#socket.send(datagram, to.port, this.#mapped && !to.host.includes(':') ? `::ffff:${to.host}` : to.host);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onDatagram = idle.onData;
    this.#socket.close();
  }
}
