// A network in virtual time: ports, links with loss, jitter, duplicates and skewed clocks; one seed for all of it.
import { concat } from '../../../../src/core/base/bytes.ts';
import type { Clock } from '../../../../src/core/base/clock.ts';
import type { SrsxError } from '../../../../src/core/base/errors.ts';
import { type Address, formatAddress, idle, type Peer, type Port, type Span } from '../../../../src/core/base/link.ts';
import { silentLog } from '../../../../src/core/base/log.ts';
import type { Rng } from '../../../../src/core/base/rng.ts';
import { fromMs, type Micros } from '../../../../src/core/base/time.ts';
import {
  defaultOptions,
  type SrtConnection,
  SrtMultiplexer,
  type SrtOptions,
  type SrtRequest,
} from '../../../../src/core/protocols/srt/index.ts';
import { SeedRng } from '../../../tools/fakes.ts';

/** What a link does to a datagram. Times in milliseconds. */
export interface LinkTraits {
  readonly delayMs: number;
  readonly jitterMs: number;
  /** Chance that a datagram is lost. */
  readonly loss: number;
  /** Mean length of a run of losses in datagrams; 1: each for itself. */
  readonly burst: number;
  readonly duplicates: number;
}

const perfect: LinkTraits = { delayMs: 15, jitterMs: 0, loss: 0, burst: 1, duplicates: 0 };

interface Event {
  readonly at: Micros;
  readonly order: number;
  fn: (() => void) | undefined;
}

export class World {
  readonly seed: number;
  readonly rng: SeedRng;
  now: Micros = 0;
  traits: LinkTraits;
  /** Looks at each datagram under way; false loses it. */
  filter: (datagram: Uint8Array, from: Address, to: Address) => boolean = () => true;
  sent = 0;
  readonly #ports = new Map<string, SimPort>();
  readonly #heap: Event[] = [];
  readonly #losing = new Map<string, boolean>();
  #order = 0;
  #port = 1000;

  constructor(traits: Partial<LinkTraits> = {}, seed = Number(process.env['SEED'] ?? 1)) {
    this.seed = seed;
    this.rng = new SeedRng(seed);
    this.traits = { ...perfect, ...traits };
  }

  /** A clock that is fast by `ppm` millionths and began at `offset`. */
  clock(ppm = 0, offset: Micros = 0): Clock {
    const rate = 1 + ppm / 1e6;
    return {
      now: () => offset + Math.floor(this.now * rate),
      wall: () => 1_700_000_000_000_000 + this.now,
      after: (delay, fn) => {
        const event = this.at(this.now + Math.max(0, Math.ceil(delay / rate)), fn);
        return () => {
          event.fn = undefined;
        };
      },
    };
  }

  port(): SimPort {
    const port = new SimPort(this, { host: '10.0.0.1', port: this.#port++ });
    this.#ports.set(formatAddress(port.local), port);
    return port;
  }

  node(ppm = 0, offset: Micros = 0, rng: Rng = new SeedRng(this.seed + this.#port)): SimNode {
    const port = this.port();
    const clock = this.clock(ppm, offset);
    return { port, clock, mux: new SrtMultiplexer({ port, clock, rng, log: silentLog }) };
  }

  at(time: Micros, fn: () => void): Event {
    const event = { at: time, order: this.#order++, fn };
    this.#push(event);
    return event;
  }

  every(period: Micros, count: number, fn: (index: number) => void): void {
    const step = (index: number): void => {
      fn(index);
      if (index + 1 < count) this.at(this.now + period, () => step(index + 1));
    };
    this.at(this.now, () => step(0));
  }

  run(time: Micros): void {
    const end = this.now + time;
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      this.now = next.at;
      next.fn?.();
    }
    this.now = end;
  }

  carry(datagram: Uint8Array, from: Address, to: Address): void {
    this.sent++;
    if (!this.filter(datagram, from, to) || this.#loses(from, to)) return;
    const copies = this.#chance(this.traits.duplicates) ? 2 : 1;
    const { delayMs, jitterMs } = this.traits;
    for (let i = 0; i < copies; i++) {
      const copy = Buffer.from(datagram);
      const delay = fromMs(delayMs) + (jitterMs === 0 ? 0 : this.rng.below(fromMs(jitterMs)));
      this.at(this.now + delay, () => {
        this.#ports.get(formatAddress(to))?.onDatagram(copy, from);
        // It was lent for the call only.
        copy.fill(0xee);
      });
    }
  }

  /** A chain of two states for each direction; runs of losses have the mean length `burst`. */
  #loses(from: Address, to: Address): boolean {
    const { loss, burst } = this.traits;
    if (loss === 0) return false;
    if (burst <= 1) return this.#chance(loss);
    const key = `${from.port}>${to.port}`;
    const losing = this.#losing.get(key) ?? false;
    const next = losing ? !this.#chance(1 / burst) : this.#chance(loss / (burst * (1 - loss)));
    this.#losing.set(key, next);
    return next;
  }

  #chance(probability: number): boolean {
    return probability > 0 && this.rng.below(1_000_000) < probability * 1_000_000;
  }

  #before(a: Event, b: Event): boolean {
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#before(event, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#before(heap[child + 1]!, heap[child]!)) child++;
      if (!this.#before(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

export class SimPort implements Port {
  readonly local: Address;
  readonly #world: World;
  closed = false;
  patience: Micros = 0;
  onDatagram: (datagram: Uint8Array, from: Peer) => void = idle.onData;

  constructor(world: World, local: Address) {
    this.#world = world;
    this.local = local;
  }

  send(datagram: Uint8Array, to: Peer, rest: Uint8Array = new Uint8Array(0)): void {
    if (!this.closed) this.#world.carry(concat([datagram, rest]), this.local, to);
  }

  sendBatch(memory: Uint8Array, spans: readonly Span[], count: number, to: Peer): void {
    for (const { begin, end } of spans.slice(0, count)) this.send(memory.subarray(begin, end), to);
  }

  close(): void {
    this.closed = true;
    this.onDatagram = idle.onData;
  }
}

export interface SimNode {
  readonly port: SimPort;
  readonly clock: Clock;
  readonly mux: SrtMultiplexer;
}

/** What one end of a connection heard. */
export class Ear {
  connection: SrtConnection | undefined;
  readonly payloads: Uint8Array[] = [];
  /** World times at which they came. */
  readonly times: Micros[] = [];
  ended = false;
  reason: SrsxError | undefined;
  readonly #world: World;

  constructor(world: World) {
    this.#world = world;
  }

  readonly connected = (connection: SrtConnection): void => {
    this.connection = connection;
  };

  readonly message = (payload: Uint8Array): void => {
    this.payloads.push(payload);
    this.times.push(this.#world.now);
  };

  readonly ended_ = (reason: SrsxError | undefined): void => {
    this.ended = true;
    this.reason = reason;
  };

  get events() {
    return { connected: this.connected, message: this.message, ended: this.ended_ };
  }

  /** Indices of the messages, as `numbered` wrote them. */
  get numbers(): number[] {
    return this.payloads.map((payload) => new DataView(payload.buffer, payload.byteOffset).getUint32(0));
  }
}

/** A message that says its number, of `size` bytes that differ. */
export function numbered(index: number, size = 1316): Uint8Array {
  const payload = new Uint8Array(size).fill(index & 0xff);
  new DataView(payload.buffer).setUint32(0, index);
  return payload;
}

export interface Pair {
  readonly world: World;
  readonly caller: SimNode;
  readonly listener: SimNode;
  readonly callerEar: Ear;
  readonly listenerEar: Ear;
  readonly requests: SrtRequest[];
}

export interface PairOptions {
  readonly caller?: Partial<SrtOptions>;
  readonly listener?: Partial<SrtOptions>;
  readonly callerPpm?: number;
  readonly callerRng?: Rng;
  /** Instead of accepting at once. */
  readonly onRequest?: (request: SrtRequest, ear: Ear) => void;
}

/** A caller and a listener; the handshake is under way and `run` brings it to its end. */
export function pair(world: World, options: PairOptions = {}): Pair {
  const listener = world.node();
  const caller = world.node(options.callerPpm, fromMs(77), options.callerRng);
  const callerEar = new Ear(world);
  const listenerEar = new Ear(world);
  const requests: SrtRequest[] = [];
  listener.mux.listen(
    (request) => {
      requests.push(request);
      if (options.onRequest !== undefined) options.onRequest(request, listenerEar);
      else request.accept(listenerEar.events);
    },
    { ...defaultOptions, ...options.listener },
  );
  const connection = caller.mux.call(listener.port.local, { ...defaultOptions, ...options.caller }, callerEar.events);
  callerEar.connection = connection;
  return { world, caller, listener, callerEar, listenerEar, requests };
}
