// A client's host in memory: files in a map, slow disks in virtual time, everything else refuses.
import { concat } from '../../../src/core/base/bytes.ts';
import { defaultLimits, type Limits } from '../../../src/core/base/limits.ts';
import type { Link } from '../../../src/core/base/link.ts';
import { Log, type LogLine } from '../../../src/core/base/log.ts';
import { Wheel } from '../../../src/core/base/session.ts';
import { fromMs, type Micros } from '../../../src/core/base/time.ts';
import type { ClientHost, Net } from '../../../src/core/control/host.ts';
import { netErrors } from '../../../src/core/net/errors.ts';
import { MemoryLink } from '../../../src/core/protocols/file/memory.ts';
import { FakeLink, SeedRng, VirtualClock } from '../../tools/fakes.ts';
import { MemoryFolder } from '../../tools/memory-folder.ts';

const refuse = (): Promise<never> => Promise.reject(new Error('no network in this test'));

export interface FakeHost extends ClientHost {
  readonly clock: VirtualClock;
  readonly files: Map<string, Uint8Array>;
  /** Links of `createFile`, by path. */
  readonly outputs: Map<string, FakeLink>;
  readonly lines: LogLine[];
  /** What the next `createFile` gives; a link without a limit otherwise. */
  nextOutput: FakeLink | undefined;
  /** What the next `openFile` gives; the file otherwise. */
  nextInput: Link | undefined;
}

export function fakeHost(files: Record<string, Uint8Array> = {}, limits: Partial<Limits> = {}): FakeHost {
  const lines: LogLine[] = [];
  const stored = new Map(Object.entries(files));
  const outputs = new Map<string, FakeLink>();
  const net: Net = {
    listenTcp: refuse,
    listenUdp: refuse,
    lookup: refuse,
    dial: refuse,
    listenHttp: refuse,
    request: refuse,
    dialWebSocket: refuse,
    async openFile(path) {
      const next = host.nextInput;
      host.nextInput = undefined;
      if (next !== undefined) return next;
      const bytes = stored.get(path);
      if (bytes === undefined) throw netErrors.system('NO_FILE', { at: path });
      return new MemoryLink(bytes);
    },
    async createFile(path) {
      const link = host.nextOutput ?? new FakeLink();
      host.nextOutput = undefined;
      outputs.set(path, link);
      return link;
    },
    folder: (root) => new MemoryFolder(root),
    gzip: refuse,
  };
  const host: FakeHost = {
    clock: new VirtualClock(),
    rng: new SeedRng(),
    log: new Log((line) => lines.push(line), 'info'),
    limits: { ...defaultLimits, ...limits },
    wheel: new Wheel(),
    net,
    files: stored,
    outputs,
    lines,
    nextOutput: undefined,
    nextInput: undefined,
  };
  return host;
}

/** A disk that takes `bytesPerMs` and refuses more than `capacity`. */
export class SlowDisk extends FakeLink {
  readonly #clock: VirtualClock;
  readonly #bytesPerMs: number;
  #running = false;
  mostPending = 0;

  constructor(clock: VirtualClock, bytesPerMs: number, capacity: number) {
    super(capacity);
    this.#clock = clock;
    this.#bytesPerMs = bytesPerMs;
  }

  override send(chunks: readonly Uint8Array[]): boolean {
    const taken = super.send(chunks.map((chunk) => chunk.slice()));
    this.mostPending = Math.max(this.mostPending, this.pending);
    if (!this.#running) this.#take();
    return taken;
  }

  #take(): void {
    this.#running = true;
    this.#clock.after(fromMs(1), () => {
      this.pending = Math.max(0, this.pending - this.#bytesPerMs);
      if (this.pending > 0) return this.#take();
      this.#running = false;
      if (!this.closed) this.onDrain();
    });
  }
}

/** Lets everything that waits for promises go on. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Moves the time in steps of `step` until the promise is settled, at most `most`. */
export async function runUntil<T>(
  clock: VirtualClock,
  work: Promise<T>,
  { step = fromMs(10), most = fromMs(600_000) }: { step?: Micros; most?: Micros } = {},
): Promise<T> {
  let settled = false;
  const mark = (): void => {
    settled = true;
  };
  work.then(mark, mark);
  const end = clock.now() + most;
  await turn();
  while (!settled && clock.now() < end) {
    clock.advance(step);
    await turn();
  }
  if (!settled) throw new Error(`not settled after ${most} µs of virtual time`);
  return work;
}

/** Everything written to one output. */
export const written = (host: FakeHost, path: string): Uint8Array => concat(host.outputs.get(path)?.sent ?? []);
