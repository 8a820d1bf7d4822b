// One file, read once and in real time, for any number of publishers: they share its frames and its packets.
import type { SrsxError } from '../base/errors.ts';
import type { Link } from '../base/link.ts';
import { toSrsxError } from '../base/session.ts';
import type { ClientHost, Protocol, PullOptions } from '../control/host.ts';
import { Settler } from '../media/settle.ts';
import type { MediaSink } from '../media/sink.ts';
import { type Publication, Stream } from '../media/stream.ts';
import { pullBytes } from '../protocols/file/index.ts';
import { resolveSource } from './endpoint.ts';
import { benchErrors } from './errors.ts';
import { Outlet, type Output } from './outlet.ts';
import { Pace } from './pace.ts';
import { Splice } from './splice.ts';
import { linkedAbort, sleep } from './wait.ts';

/** A path or URL of a file, or its content. */
export type BenchSource = string | Uint8Array;

export class SharedSource {
  readonly stream: Stream;
  readonly #host: ClientHost;
  readonly #pull: (to: MediaSink, options: PullOptions) => Promise<void>;
  readonly #publication: Publication;
  readonly #settler: Settler;
  readonly #splice: Splice;
  readonly #outlet: Outlet;
  readonly #pace: Pace;
  readonly #expected = new WeakMap<Link, (output: Output) => void>();
  readonly #unclaimed = new WeakMap<Link, Output>();
  readonly #stop: ReturnType<typeof linkedAbort>;
  #reading: Promise<void> | undefined;
  fault: SrsxError | undefined;

  /** Throws BENCH_SOURCE_LIVE, ENDPOINT_*. */
  constructor(host: ClientHost, protocols: readonly Protocol[], source: BenchSource, signal: AbortSignal) {
    this.#host = host;
    this.#pull = reader(host, protocols, source);
    this.stream = new Stream(
      { vhost: '', app: 'tool', stream: 'bench' },
      {
        clock: host.clock,
        limits: host.limits,
        // Who comes later starts at the last key frame, as an encoder would.
        gopCache: true,
        mergeWindow: 0,
        onIdle: () => undefined,
        onPublished: () => undefined,
        onUnpublished: () => undefined,
      },
    );
    this.#outlet = new Outlet(this.stream, { clock: host.clock, whole: false });
    this.#outlet.onAttach = (output) => {
      const served = this.#expected.get(output.link);
      if (served === undefined) this.#unclaimed.set(output.link, output);
      else served(output);
    };
    this.#publication = this.stream.publish({ policy: 'refuse', onEvicted: () => undefined });
    this.#settler = new Settler(this.#publication);
    this.#pace = new Pace(host.clock);
    this.#splice = new Splice({
      on: (event) => {
        this.#settler.on(event);
        if (event.type === 'frame') this.#pace.note(this.#splice.span);
      },
      promise: (kinds) => this.#settler.promise(kinds),
    });
    this.#stop = linkedAbort(signal);
  }

  /** Calls `served` when a push begins to take the stream for this link, or at once when it does already. */
  expect(link: Link, served: (output: Output) => void): void {
    this.#expected.set(link, served);
    const output = this.#unclaimed.get(link);
    if (output !== undefined) served(output);
  }

  /** Frames of sound and picture so far. */
  get frames(): number {
    return this.stream.frames.video + this.stream.frames.audio;
  }

  /** Packets that publishers jumped over. */
  get dropped(): number {
    return this.#outlet.dropped;
  }

  /** Reads until `stop` or a fault, which `failed` is told; BENCH_SOURCE_EMPTY among them. */
  start(failed: () => void): void {
    this.#reading ??= this.#read().catch((error: unknown) => {
      this.fault = toSrsxError(error);
      failed();
    });
  }

  /** Ends the stream, so that publishers say goodbye. */
  async stop(): Promise<void> {
    this.#stop.controller.abort();
    this.#stop.release();
    await this.#reading;
    this.#publication.end();
  }

  async #read(): Promise<void> {
    const { signal } = this.#stop.controller;
    while (!signal.aborted) {
      const before = this.#splice.count;
      this.#splice.restart();
      await this.#pull(this.#splice, {
        signal,
        ready: () => this.#ready(),
        onBytes: () => undefined,
      });
      this.#settler.settle();
      if (this.#splice.count === before && !signal.aborted) throw benchErrors.protocol('SOURCE_EMPTY');
    }
  }

  #ready(): Promise<void> {
    const wait = this.#pace.wait();
    return wait <= 0 ? READY : sleep(this.#host.clock, wait, this.#stop.controller.signal);
  }
}

function reader(
  host: ClientHost,
  protocols: readonly Protocol[],
  source: BenchSource,
): (to: MediaSink, options: PullOptions) => Promise<void> {
  if (typeof source !== 'string') return (to, options) => pullBytes(host, source, to, options);
  const { file, pull, url } = resolveSource(source, protocols);
  // Standard input cannot be read a second time, and a live source would end the bench with its own end.
  if (!file || source === '-') throw benchErrors.config('SOURCE_LIVE', { source });
  return (to, options) => pull(host, url, to, options);
}

const READY = Promise.resolve();
