// Datagram sockets.
import { createSocket, type Socket } from 'node:dgram';
import { type LookupOneOptions, lookup as lookupName } from 'node:dns';
import { lookup as lookupAddress } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { type Address, formatAddress, idle, type Peer, type Port, type Span } from '../base/link.ts';
import { BatchPort, openSocket } from './batch-port.ts';
import { netError } from './errors.ts';
import type { Native } from './native.ts';
import { plainHost } from './socket-link.ts';
import { youngHeap } from './young-heap.ts';

/** A burst of a 4K key frame is about 1 MB; the kernel gives less when it must. */
const BUFFER_BYTES = 2 * 1024 * 1024;
/** Copies of datagrams are made in pieces of this. */
const SLAB_BYTES = 64 * 1024;
/** Datagrams of a batch whose views are kept. */
const MOST_VIEWS = 64;
/** What may wait in the process while the kernel is full; beyond it datagrams are lost, as in any router. */
const MOST_WAITING_BYTES = 4 * 1024 * 1024;
const NOTHING = new Uint8Array(0);

/** Rejects with NET_DNS. */
export async function lookup(name: string): Promise<string> {
  try {
    return (await lookupAddress(name)).address;
  } catch (error) {
    throw netError(error, name);
  }
}

export interface UdpOptions {
  /** Several sockets take the datagrams of one address; all of them must say so. */
  readonly shared?: boolean;
  /** Sends in batches by it; shared sockets are Node's own. */
  readonly native?: Native | undefined;
}

/** Rejects as `listenTcp` does. */
export async function listenUdp(at: Address, { shared = false, native }: UdpOptions = {}): Promise<Port> {
  const file = native && !shared ? openSocket(native, at) : undefined;
  const resolver = new Resolver();
  const socket = createSocket({
    type: isIPv6(at.host) ? 'udp6' : 'udp4',
    lookup: (host, options, done) => resolver.resolve(host, options, done),
    recvBufferSize: BUFFER_BYTES,
    sendBufferSize: BUFFER_BYTES,
    ...(shared && { reusePort: true }),
  });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      const bound = (): void => {
        socket.off('error', reject);
        resolve();
      };
      if (file === undefined) socket.bind(at.port, at.host, bound);
      else socket.bind({ fd: file.descriptor }, bound);
    });
  } catch (error) {
    socket.close();
    throw netError(error, formatAddress(at));
  }
  const port = new DatagramPort(socket, resolver);
  return native === undefined || file === undefined ? port : new BatchPort(port, native, file);
}

/** Node asks for the address of every datagram's host: those that are addresses already are answered at once. */
class Resolver {
  /** A host that is known to be an address. */
  address = '';

  resolve(
    host: string,
    options: LookupOneOptions,
    done: (error: NodeJS.ErrnoException | null, address: string, family: number) => void,
  ): void {
    if (host === this.address) {
      done(null, host, 0);
      return;
    }
    const family = isIP(host);
    if (family !== 0) done(null, host, family);
    else lookupName(host, options, done);
  }
}

/** Node's own socket: one call of the kernel for each datagram. */
export class DatagramPort implements Port {
  readonly local: Address;
  readonly #socket: Socket;
  readonly #resolver: Resolver;
  /** A socket of both families knows those of IPv4 by mapped addresses (RFC 4291 §2.5.5.2). */
  readonly #mapped: boolean;
  /** How the last peer's host is written for the socket; undefined: it is a name. */
  #peer: Peer | undefined;
  #host: string | undefined;
  /** Node keeps a datagram until it has left: memory is used again when nothing waits. */
  #slab = new Uint8Array(0);
  readonly #views: Uint8Array[] = [];
  #end = 0;
  #closed = false;
  #handle: Handle | undefined;
  onDatagram: (datagram: Uint8Array, from: Peer) => void = idle.onData;

  constructor(socket: Socket, resolver: Resolver) {
    const { address, port } = socket.address();
    this.local = { host: address, port };
    this.#mapped = isIPv6(address);
    this.#socket = socket;
    this.#resolver = resolver;
    socket.on('message', (datagram, { address: host, port: from }) => {
      this.onDatagram(datagram, { host: plainHost(host), port: from });
    });
    // Unreachable peers and full buffers: a datagram is lost, as on the wire.
    socket.on('error', idle.onClose);
  }

  /** Datagrams that the kernel had no room for yet. */
  get waiting(): number {
    return this.#closed ? 0 : this.#socket.getSendQueueCount();
  }

  /** Node stops or starts again to read. False: this node has no such thing, and goes on reading. */
  read(on: boolean): boolean {
    if (this.#closed) return false;
    this.#handle ??= handleOf(this.#socket);
    if (on) this.#handle?.recvStart();
    else this.#handle?.recvStop();
    return this.#handle !== undefined;
  }

  send(datagram: Uint8Array, to: Peer, rest: Uint8Array = NOTHING): void {
    if (this.#closed) return;
    if (to !== this.#peer) this.#use(to);
    const size = datagram.length + rest.length;
    if (this.#end + size > this.#slab.length && !this.#room(size)) return;
    const at = this.#end;
    this.#slab.set(datagram, at);
    this.#slab.set(rest, at + datagram.length);
    this.#end = at + size;
    this.#send(this.#slab.subarray(at, this.#end), to);
  }

  /** One copy for all of them: spans grow, and have only a tag's room between them. */
  sendBatch(memory: Uint8Array, spans: readonly Span[], count: number, to: Peer): void {
    if (this.#closed || count === 0) return;
    if (to !== this.#peer) this.#use(to);
    const from = (spans[0] as Span).begin;
    const size = (spans[count - 1] as Span).end - from;
    if (this.waiting === 0) this.#end = 0;
    if (this.#end + size > this.#slab.length && !this.#room(size)) return;
    const at = this.#end - from;
    this.#slab.set(memory.subarray(from, from + size), this.#end);
    this.#end += size;
    for (let i = 0; i < count; i++) {
      const { begin, end } = spans[i] as Span;
      this.#send(this.#view(i, at + begin, at + end), to);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.onDatagram = idle.onData;
    this.#socket.close();
  }

  /** Players of one stream are sent datagrams of the same sizes in turn: most views are those of the player before. */
  #view(index: number, begin: number, end: number): Uint8Array {
    const known = this.#views[index];
    if (known?.buffer === this.#slab.buffer && known.byteOffset === begin && known.length === end - begin) return known;
    const view = this.#slab.subarray(begin, end);
    if (index < MOST_VIEWS) this.#views[index] = view;
    return view;
  }

  #send(datagram: Uint8Array, to: Peer): void {
    youngHeap.note(1);
    if (this.#host === undefined) {
      // It waits for the resolver, which nobody counts.
      this.#socket.send(datagram.slice(), to.port, to.host);
      return;
    }
    this.#resolver.address = this.#host;
    this.#socket.send(datagram, to.port, this.#host);
  }

  #use(to: Peer): void {
    this.#peer = to;
    if (isIP(to.host) === 0) this.#host = undefined;
    else this.#host = this.#mapped && !to.host.includes(':') ? `::ffff:${to.host}` : to.host;
  }

  /** False: too much waits. */
  #room(size: number): boolean {
    if (this.#socket.getSendQueueSize() > MOST_WAITING_BYTES) return false;
    if (this.waiting > 0 || size > this.#slab.length) this.#slab = new Uint8Array(Math.max(size, SLAB_BYTES));
    this.#end = 0;
    return true;
  }
}

/** What a socket of node reads by. */
interface Handle {
  recvStart(): unknown;
  recvStop(): unknown;
}

const isHandle = (value: unknown): value is Handle =>
  value instanceof Object && ['recvStart', 'recvStop'].every((name) => typeof Reflect.get(value, name) === 'function');

/** Inside of node, where nothing is promised: looked for, not named, and undefined when it is not there (docs/adr/0005). */
function handleOf(socket: Socket): Handle | undefined {
  for (const symbol of Object.getOwnPropertySymbols(socket)) {
    const inside: unknown = Reflect.get(socket, symbol);
    const handle: unknown = inside instanceof Object ? Reflect.get(inside, 'handle') : undefined;
    if (isHandle(handle)) return handle;
  }
  return undefined;
}
