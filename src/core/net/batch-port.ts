// A datagram socket whose datagrams leave in batches, at the end of the turn (docs/adr/0005). The socket is node's too: it
// receives there, and everything that the batch cannot send goes out there one by one.
import { isIPv6 } from 'node:net';
import { type Address, idle, type Peer, type Port, type Span } from '../base/link.ts';
import type { Micros } from '../base/time.ts';
import { DatagramBatch, type Destination, type Message } from './datagram-batch.ts';
import { DatagramDrain } from './datagram-drain.ts';
import { DatagramWatch } from './datagram-watch.ts';
import type { Native, NativeFunction } from './native.ts';
import { writeSocketAddress } from './socket-address.ts';
import { youngHeap } from './young-heap.ts';

/** A socket that is open and bound, for node to take over. */
export interface SocketFile {
  readonly descriptor: number;
  readonly family: 4 | 6;
}

/** What the plain socket does for the batch. */
export interface PlainPort extends Port {
  /** Datagrams that the kernel had no room for yet. */
  readonly waiting: number;
  /** Stops or starts its reading; false: it cannot be stopped. */
  read(on: boolean): boolean;
}

const AF_INET = 2;
const AF_INET6 = 10;
/** SOCK_DGRAM, SOCK_NONBLOCK and SOCK_CLOEXEC. */
const SOCKET_TYPE = 2 | 0o4000 | 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const MSG_DONTWAIT = 0x40;
const NOTHING = new Uint8Array(0);

/** errno(3). */
const failure = { interrupted: 4, input: 5, again: 11, invalid: 22, tooLong: 90, noBuffers: 105 } as const;

interface Calls {
  readonly socket: NativeFunction;
  readonly bind: NativeFunction;
  readonly close: NativeFunction;
  readonly setOption: NativeFunction;
  readonly sendMessages: NativeFunction;
  readonly receiveMessages: NativeFunction;
}

/** Of the process: each binding is kept by koffi for ever. */
const known = new WeakMap<Native, Calls>();

function callsOf(native: Native): Calls {
  const made = known.get(native);
  if (made !== undefined) return made;
  const { bind } = native;
  const calls: Calls = {
    socket: bind('int socket(int, int, int)'),
    bind: bind('int bind(int, uintptr_t, uint32_t)'),
    close: bind('int close(int)'),
    setOption: bind('int setsockopt(int, int, int, uintptr_t, uint32_t)'),
    sendMessages: bind('int sendmmsg(int, uintptr_t, unsigned int, int)'),
    receiveMessages: bind('int recvmmsg(int, uintptr_t, unsigned int, int, uintptr_t)'),
  };
  known.set(native, calls);
  return calls;
}

/** Undefined when the system refuses: node asks it again then, and says why. */
export function openSocket(native: Native, at: Address): SocketFile | undefined {
  const family = isIPv6(at.host) ? 6 : 4;
  const name = writeSocketAddress(at, family);
  if (name === undefined) return undefined;
  const { socket, bind, close } = callsOf(native);
  const descriptor = socket(family === 6 ? AF_INET6 : AF_INET, SOCKET_TYPE, 0);
  if (descriptor < 0) return undefined;
  const memory = new Uint8Array(new ArrayBuffer(name.length));
  memory.set(name);
  if (bind(descriptor, native.address(memory), memory.length) === 0) return { descriptor, family };
  close(descriptor);
  return undefined;
}

/** Closes the plain socket at its own end. */
export class BatchPort implements Port {
  readonly #plain: PlainPort;
  readonly #native: Native;
  readonly #calls: Calls;
  readonly #file: SocketFile;
  readonly #batch: DatagramBatch;
  /** Of IPv4 only. */
  readonly #watch: DatagramWatch | undefined;
  /** How the batch writes peers; null: names, which only the plain socket resolves. */
  readonly #destinations = new WeakMap<Peer, Destination | null>();
  #lastPeer: Peer | undefined;
  #last: Destination | null = null;
  /** The way out of this machine takes UDP_SEGMENT. */
  #segments = true;
  #flushing: NodeJS.Immediate | undefined;
  #closed = false;
  onDatagram: (datagram: Uint8Array, from: Peer) => void = idle.onData;

  constructor(plain: PlainPort, native: Native, file: SocketFile) {
    this.#plain = plain;
    this.#native = native;
    this.#calls = callsOf(native);
    this.#file = file;
    this.#batch = new DatagramBatch(native);
    this.#keepAddress();
    const give = (datagram: Uint8Array, from: Peer): boolean => {
      this.onDatagram(datagram, from);
      return !this.#closed;
    };
    if (file.family === 4) {
      const drain = new DatagramDrain(native, this.#calls.receiveMessages, file.descriptor);
      this.#watch = new DatagramWatch(drain, give, (on) => plain.read(on));
    }
    plain.onDatagram = (datagram, from) => {
      if (give(datagram, from)) this.#watch?.woken();
    };
  }

  get local(): Address {
    return this.#plain.local;
  }

  get patience(): Micros {
    return this.#watch?.patience ?? 0;
  }

  set patience(patience: Micros) {
    if (this.#watch !== undefined) this.#watch.patience = patience;
  }

  send(datagram: Uint8Array, to: Peer, rest: Uint8Array = NOTHING): void {
    if (this.#closed) return;
    const size = datagram.length + rest.length;
    const destination = this.#room(size, 1, to);
    if (destination === null) this.#plain.send(datagram, to, rest);
    else this.#batch.join(datagram, rest, destination);
  }

  sendBatch(memory: Uint8Array, spans: readonly Span[], count: number, to: Peer): void {
    if (this.#closed || count === 0) return;
    const size = (spans[count - 1] as Span).end - (spans[0] as Span).begin;
    const destination = this.#room(size, count, to);
    if (destination === null) this.#plain.sendBatch(memory, spans, count, to);
    else this.#batch.add(memory, spans, count, destination);
  }

  close(): void {
    if (this.#closed) return;
    this.#flush();
    clearImmediate(this.#flushing);
    this.#closed = true;
    this.onDatagram = idle.onData;
    this.#watch?.close();
    this.#plain.close();
  }

  /** Makes room in the batch, which leaves at the end of the turn; null: it is for the plain socket. */
  #room(size: number, count: number, to: Peer): Destination | null {
    const destination = this.#destination(to);
    const batch = this.#batch;
    if (!batch.fits(size, count)) this.#flush();
    if (destination === null || size === 0 || !batch.fits(size, count)) return null;
    this.#flushing ??= setImmediate(() => this.#turn());
    return destination;
  }

  #turn(): void {
    this.#flushing = undefined;
    this.#flush();
  }

  #destination(to: Peer): Destination | null {
    if (to === this.#lastPeer) return this.#last;
    let destination = this.#destinations.get(to);
    if (destination === undefined) {
      const bytes = writeSocketAddress(to, this.#file.family);
      destination = bytes === undefined ? null : { peer: to, bytes, segments: this.#segments };
      this.#destinations.set(to, destination);
    }
    this.#lastPeer = to;
    this.#last = destination;
    return destination;
  }

  #flush(): void {
    const batch = this.#batch;
    if (batch.count === 0) return;
    // What waits there must not be overtaken.
    if (this.#plain.waiting > 0) this.#sendPlainly(0, batch.count);
    else this.#sendAll();
    batch.clear();
  }

  /** Each round sends or gives up a message, unless a signal came. */
  #sendAll(): void {
    const batch = this.#batch;
    youngHeap.note(batch.datagrams);
    batch.seal();
    for (let first = 0; first < batch.count; ) {
      const sent = this.#calls.sendMessages(
        this.#file.descriptor,
        batch.addressOf(first),
        batch.count - first,
        MSG_DONTWAIT,
      );
      if (sent > 0) first += sent;
      else first = this.#failed(first, this.#native.errno());
    }
  }

  /** Where to go on after the message `first` was refused. */
  #failed(first: number, error: number): number {
    const batch = this.#batch;
    const message = batch.messages[first] as Message;
    if (error === failure.interrupted) return first;
    if (error === failure.again || error === failure.noBuffers) {
      // Node waits until there is room.
      this.#sendPlainly(first, batch.count);
      return batch.count;
    }
    if (message.count > 1) {
      // No checksums by the device: nobody there. Otherwise it is the path of this peer that is too narrow.
      if (error === failure.input) this.#segments = false;
      if ([failure.input, failure.invalid, failure.tooLong].some((one) => one === error)) {
        message.destination.segments = false;
        this.#sendPlainly(first, first + 1);
      }
    }
    // Nobody there, no route, forbidden: lost, as on the wire.
    return first + 1;
  }

  #sendPlainly(first: number, end: number): void {
    const batch = this.#batch;
    for (let index = first; index < end; index++) {
      const message = batch.messages[index] as Message;
      for (const datagram of batch.datagramsOf(message)) this.#plain.send(datagram, message.destination.peer);
    }
  }

  /** Node lets others bind an address that it was given; with this they are refused, as with one that it bound itself. */
  #keepAddress(): void {
    const off = new Int32Array(new ArrayBuffer(4));
    const { descriptor } = this.#file;
    const at = this.#native.address(new Uint8Array(off.buffer));
    this.#calls.setOption(descriptor, SOL_SOCKET, SO_REUSEADDR, at, off.byteLength);
  }
}
