// From anywhere to anywhere: reads a source, publishes it to a target, through a private stream in the middle.
//
//   source.pull -> Splice (one timeline) -> Settler -> Publication | Stream | -> target.push
//        ^--- ready(): pace, and room in the output <--- Outlet ---'
//
// Files can wait, so a copy of a file loses nothing: the reader is held while the output has more than half a megabyte
// to take, and the window of the stream is bounded by bytes only. Live sources cannot wait: what a slow output does
// not take within the window of the stream is dropped up to a key frame, and counted.
import { every } from '../base/clock.ts';
import type { SrsxError } from '../base/errors.ts';
import { BugError, ConfigError } from '../base/errors.ts';
import type { Closer } from '../base/link.ts';
import { toSrsxError } from '../base/session.ts';
import { fromMs, fromSeconds, type Micros, toMs, toSeconds } from '../base/time.ts';
import type { ClientHost, Protocol, ReadStatistics } from '../control/host.ts';
import type { MediaEvent } from '../media/demuxer.ts';
import type { Frame } from '../media/frame.ts';
import { Settler } from '../media/settle.ts';
import type { MediaSink } from '../media/sink.ts';
import { type Publication, Stream } from '../media/stream.ts';
import { resolveSource, resolveTarget, type Source, type Target } from './endpoint.ts';
import { endpointErrors, relayErrors } from './errors.ts';
import { Outlet } from './outlet.ts';
import { Pace } from './pace.ts';
import { Splice, type TrackTotals } from './splice.ts';
import { backOff, linkedAbort, type RetryOptions, sleep } from './wait.ts';

export interface RelayOptions {
  /** URL, path or `-`; several files are read one after the other. */
  readonly from: string | readonly string[];
  readonly to: string;
  /** Ends it cleanly: what was read is written, then the promise resolves. */
  readonly signal: AbortSignal;
  /** `auto` (default): real time from a file to a live target, as fast as possible otherwise. Live sources set their own. */
  readonly pace?: 'auto' | 'realtime' | 'none' | undefined;
  /** Frames are held back this long to be sent together; default 0. */
  readonly mergeWindow?: Micros | undefined;
  /** Certificates are not checked. */
  readonly insecure?: boolean | undefined;
  /** Media time after which it ends; a live source at the latest when that much time has passed since its first frame. */
  readonly duration?: Micros | undefined;
  /** How often a file is read; true or Infinity: for ever; default 1. */
  readonly loop?: boolean | number | undefined;
  /** Live sources and targets are connected again, also when the source ended by itself. */
  readonly retry?: RetryOptions | undefined;
}

export type RelayState = 'connecting' | 'running' | 'waiting' | 'flushing' | 'ended';

/** Where a relay is; a plain object for JSON. */
export interface RelayProgress {
  /** `waiting`: between two attempts to connect. */
  readonly state: RelayState;
  /** Since the start. */
  readonly elapsedMs: number;
  /** From the first frame to the newest. */
  readonly mediaMs: number;
  readonly frames: { readonly video: number; readonly audio: number; readonly data: number };
  readonly bytesIn: number;
  readonly bytesOut: number;
  /** Of the output since the progress before this one; in the last one and the result since the first frame. */
  readonly bitrateBps: number;
  /** Media time per time since the first frame: 1 is real time. */
  readonly speed: number;
  /** Packets that a slow output lost, and pictures before the first key frame, which no decoder could use. */
  readonly dropped: number;
  /** Bytes that wait in the output. */
  readonly pendingBytes: number;
  readonly reconnects: number;
  /** Of the newest connection on each side, by the protocols that have numbers of their own: SRT's are srt-live-transmit's. */
  readonly statistics?: { readonly input?: object; readonly output?: object };
}

export interface RelayResult extends RelayProgress {
  readonly from: string;
  readonly to: string;
  readonly endedBy: 'end' | 'duration' | 'signal';
  readonly tracks: readonly TrackTotals[];
}

/**
 * Resolves when the input has ended and the output took everything; rejects with the error of either side, after the
 * output was ended cleanly, or with RELAY_EMPTY, RELAY_ENDED, RELAY_STALLED, RELAY_UNREADY, RELAY_SAME, ENDPOINT_*.
 */
export async function relay(
  host: ClientHost,
  protocols: readonly Protocol[],
  options: RelayOptions,
  on: (progress: RelayProgress) => void = () => undefined,
): Promise<RelayResult> {
  return new Relay(host, protocols, options, on).run();
}

class Relay {
  readonly #host: ClientHost;
  readonly #options: RelayOptions;
  readonly #on: (progress: RelayProgress) => void;
  readonly #from: string;
  readonly #sources: readonly Source[];
  /** The first one says what kind they are. */
  readonly #source: Source;
  readonly #target: Target;
  readonly #stream: Stream;
  readonly #publication: Publication;
  readonly #settler: Settler;
  readonly #splice: Splice;
  readonly #outlet: Outlet;
  readonly #pace: Pace | undefined;
  readonly #input: AbortController;
  readonly #output = new AbortController();
  readonly #closers: Closer[] = [];
  readonly #faults: SrsxError[] = [];
  #pushed: Promise<void> | undefined;
  /** What a live source gave while the file of its recording is being made; undefined: nothing is held. */
  #held: MediaEvent[] | undefined;
  /** Frames of a file behind its tracks, for a push that wants those before it begins; undefined: nothing is held. */
  #early: Frame[] | undefined;
  readonly #startedAt: Micros;
  #firstAt: Micros | undefined;
  #state: RelayState = 'connecting';
  #endedBy: RelayResult['endedBy'] = 'end';
  #bytesIn = 0;
  readonly #statistics: { input?: ReadStatistics; output?: ReadStatistics } = {};
  #reconnects = 0;
  #last = { at: 0, bytes: 0 };

  constructor(
    host: ClientHost,
    protocols: readonly Protocol[],
    options: RelayOptions,
    on: (progress: RelayProgress) => void,
  ) {
    this.#host = host;
    this.#options = options;
    this.#on = on;
    this.#sources = [options.from].flat().map((from) => resolveSource(from, protocols));
    this.#from = this.#sources.map(({ shown }) => shown).join(', ');
    const [first, second] = this.#sources;
    if (first === undefined) throw endpointErrors.config('EMPTY');
    if (second !== undefined && !this.#sources.every(({ file, text }) => file && text !== '-')) {
      throw relayErrors.config('LIST');
    }
    this.#source = first;
    this.#target = resolveTarget(options.to, protocols);
    this.#startedAt = host.clock.now();
    this.#last = { at: this.#startedAt, bytes: 0 };
    this.#stream = privateStream(host, options.mergeWindow ?? 0, this.#source.file);
    this.#outlet = new Outlet(this.#stream, { clock: host.clock, whole: this.#source.file });
    if (this.#target.file && !this.#source.file) {
      this.#held = [];
      this.#outlet.onAttach = () => this.#release();
    }
    this.#publication = this.#stream.publish({ policy: 'refuse', onEvicted: () => undefined });
    this.#settler = new Settler({
      retrack: (tracks) => this.#publication.retrack(tracks),
      write: (frame) => {
        if (this.#early === undefined) this.#publication.write(frame);
        else this.#early.push(frame);
      },
    });
    const sink: MediaSink = {
      on: (event) => {
        if (this.#held === undefined) this.#settler.on(event);
        else this.#hold(event, this.#held);
        if (event.type === 'frame') this.#flowed();
      },
      promise: (kinds) => this.#settler.promise(kinds),
    };
    // A recording begins at 0, wherever the live stream was; a copy of a file keeps its times.
    this.#splice = new Splice(sink, { fromZero: this.#target.file && !this.#source.file });
    this.#pace = isPaced(options.pace ?? 'auto', this.#source, this.#target) ? new Pace(host.clock) : undefined;
    const { controller, release } = linkedAbort(options.signal);
    this.#input = controller;
    this.#closers.push({ close: release });
  }

  async run(): Promise<RelayResult> {
    const { signal } = this.#options;
    const from = this.#from;
    if (from !== '-' && this.#sources.some(({ file, url }) => file && url.href === this.#target.url.href)) {
      throw relayErrors.config('SAME');
    }
    this.#report();
    // A file is made when there is something to write: an input that fails must not empty it.
    if (!this.#target.file) this.#startOutput();
    await this.#runInput().catch(this.#failed);
    if (signal.aborted) this.#endedBy = 'signal';
    await this.#flush().catch(this.#failed);
    this.#output.abort();
    for (const closer of this.#closers) closer.close();
    this.#state = 'ended';
    // Over all, where the progress before said it of the last half second.
    this.#last = { at: this.#firstAt ?? this.#startedAt, bytes: 0 };
    const progress = this.#progress();
    this.#on(progress);
    // The first fault is the cause, the others follow from it.
    if (this.#faults[0] !== undefined) throw this.#faults[0];
    if (this.#splice.count === 0 && this.#endedBy === 'end') throw relayErrors.protocol('EMPTY', { from });
    return { ...progress, from, to: this.#target.shown, endedBy: this.#endedBy, tracks: this.#splice.totals };
  }

  readonly #failed = (error: unknown): void => {
    this.#faults.push(toSrsxError(error));
  };

  /** Idempotent. */
  #startOutput(): void {
    this.#pushed ??= this.#runOutput()
      .catch(this.#failed)
      .finally(() => this.#input.abort());
  }

  /** Reads until the end: of a file all rounds, of a live source all connections. */
  async #runInput(): Promise<void> {
    const { loop, retry } = this.#options;
    const rounds = loop === true ? Number.POSITIVE_INFINITY : loop || 1;
    if (this.#source.file) {
      await this.#readFiles(rounds);
      return;
    }
    let failures = 0;
    for (;;) {
      const before = this.#splice.count;
      this.#splice.restart();
      const fault = await this.#pull(this.#source);
      if (this.#input.signal.aborted) return;
      const flowed = this.#splice.count > before;
      failures = flowed ? 1 : failures + 1;
      const hopeless = !flowed && fault !== undefined && retry?.except?.(fault) === true;
      if (hopeless || !mayRetry(retry, failures, fault)) {
        if (fault !== undefined) throw fault;
        return;
      }
      await this.#pause(failures, retry, this.#input.signal);
      if (this.#input.signal.aborted) return;
    }
  }

  /** Of several files, those that fail are left out; one alone, or all of them, are the fault of the relay. */
  async #readFiles(rounds: number): Promise<void> {
    for (let round = 1; round <= rounds; round++) {
      const before = this.#splice.count;
      let last: SrsxError | undefined;
      for (const source of this.#sources) {
        this.#splice.restart();
        const fault = await this.#pull(source);
        if (this.#input.signal.aborted) return;
        if (fault === undefined) continue;
        if (this.#sources.length === 1) throw fault;
        this.#host.log.warn('relay', `${source.shown} is left out: ${fault.message}`, { code: fault.code });
        last = fault;
      }
      if (this.#splice.count > before) continue;
      if (last !== undefined) throw last;
      // An empty round would be followed by another one at once, for ever.
      return;
    }
  }

  async #pull(source: Source): Promise<SrsxError | undefined> {
    try {
      await source.pull(this.#host, source.url, this.#splice, {
        signal: this.#input.signal,
        ready: () => this.#ready(),
        onBytes: (bytes) => {
          this.#bytesIn += bytes;
        },
        onStatistics: (read) => {
          this.#statistics.input = read;
        },
        insecure: this.#options.insecure ?? false,
      });
      return undefined;
    } catch (error) {
      return toSrsxError(error);
    }
  }

  /** Publishes until the stream has ended; a target that leaves earlier is a fault. */
  async #runOutput(): Promise<void> {
    const { retry, mergeWindow = 0, insecure = false } = this.#options;
    let failures = 0;
    for (;;) {
      const before = this.#stream.sentBytes;
      const fault = await this.#target
        .push(this.#host, this.#stream, this.#target.url, {
          signal: this.#output.signal,
          mergeWindow,
          insecure,
          // The stream knows it sooner: some protocols tell once a second.
          onBytes: () => undefined,
          onLink: (link) => this.#outlet.watch(link),
          onStatistics: (read) => {
            this.#statistics.output = read;
          },
          onTracksWanted: () => this.#waitWithFrames(),
        })
        .then(() => relayErrors.system('ENDED', { to: this.#target.shown }), toSrsxError);
      this.#outlet.watch(undefined);
      const ended = this.#state === 'flushing' || this.#output.signal.aborted;
      if (ended && fault.code === 'RELAY_ENDED') return;
      failures = this.#stream.sentBytes > before ? 1 : failures + 1;
      // A file that is opened again would be overwritten.
      if (ended || this.#target.file || !mayRetry(retry, failures, fault)) throw fault;
      await this.#pause(failures, retry, this.#input.signal);
      if (this.#input.signal.aborted) return;
    }
  }

  /** Reads a file until its tracks are known, and keeps what came with them for the push. */
  #waitWithFrames(): void {
    if (!this.#source.file || this.#outlet.attached || this.#early !== undefined) return;
    const early: Frame[] = [];
    this.#early = early;
    this.#outlet.eager = () => early.length === 0;
    this.#outlet.onAttach = () => {
      this.#early = undefined;
      for (const frame of early.splice(0)) this.#publication.write(frame);
    };
  }

  async #pause(failures: number, retry: RetryOptions = {}, signal: AbortSignal): Promise<void> {
    this.#reconnects++;
    this.#state = 'waiting';
    await sleep(this.#host.clock, backOff(failures, retry, this.#host.rng), signal);
    if (this.#state === 'waiting') this.#state = 'connecting';
  }

  /** Asked by sources that can wait, before each frame. */
  #ready(): Promise<void> {
    this.#startOutput();
    if (this.#outlet.room && (this.#pace === undefined || this.#pace.wait() <= 0)) return READY;
    return this.#untilReady();
  }

  async #untilReady(): Promise<void> {
    const { signal } = this.#input;
    await this.#outlet.untilRoom(signal);
    const wait = this.#pace?.wait() ?? 0;
    if (wait > 0) await sleep(this.#host.clock, wait, signal);
  }

  /** Sound before the first key frame is in no cache: without this, a recording would lose it. */
  #hold(event: MediaEvent, held: MediaEvent[]): void {
    held.push(event);
    if (held.length >= MAX_HELD) this.#release();
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const event of held) this.#settler.on(event);
  }

  #flowed(): void {
    const { clock } = this.#host;
    const { duration } = this.#options;
    if (this.#firstAt === undefined) {
      this.#startOutput();
      this.#firstAt = clock.now();
      // A live source that falls silent ends in time as well.
      if (duration !== undefined && !this.#source.file)
        this.#closers.push({ close: clock.after(duration, this.#expire) });
    }
    if (this.#state !== 'flushing') this.#state = 'running';
    const span = this.#splice.span;
    this.#pace?.note(span);
    if (duration !== undefined && span >= duration) this.#expire();
  }

  readonly #expire = (): void => {
    if (this.#input.signal.aborted) return;
    this.#endedBy = 'duration';
    this.#input.abort();
  };

  /** The input is over: everything that was read leaves, for as long as the output goes on taking it. */
  async #flush(): Promise<void> {
    const { signal } = this.#options;
    const { shown: to } = this.#target;
    const { clock, limits } = this.#host;
    let settled = false;
    const done = (this.#pushed ?? READY).finally(() => {
      settled = true;
    });
    this.#state = 'flushing';
    const ready = this.#outlet.attached;
    this.#release();
    this.#settler.settle();
    this.#publication.end();
    if (!ready) {
      // Nobody would tell this push that the stream has ended.
      this.#output.abort();
      await done;
      if (this.#splice.count > 0 && !signal.aborted) throw relayErrors.system('UNREADY', { to });
      return;
    }
    let taken = this.#stream.sentBytes - this.#outlet.pending;
    let since = clock.now();
    while (!settled) {
      await Promise.race([done, sleep(clock, LOOK, this.#output.signal)]);
      const now = clock.now();
      const patience = signal.aborted ? GRACE : limits.stallTime;
      if (this.#stream.sentBytes - this.#outlet.pending !== taken) {
        taken = this.#stream.sentBytes - this.#outlet.pending;
        since = now;
      } else if (!settled && now - since >= patience) {
        this.#output.abort();
        await Promise.race([done, sleep(clock, GRACE, new AbortController().signal)]);
        throw relayErrors.system('STALLED', { to, seconds: toSeconds(patience) });
      }
    }
  }

  #report(): void {
    this.#on(this.#progress());
    this.#closers.push({ close: every(this.#host.clock, REPORT, () => this.#on(this.#progress())) });
  }

  #progress(): RelayProgress {
    const now = this.#host.clock.now();
    const passed = toSeconds(now - this.#last.at);
    const bitrateBps = passed > 0 ? Math.round(((this.#stream.sentBytes - this.#last.bytes) * 8) / passed) : 0;
    this.#last = { at: now, bytes: this.#stream.sentBytes };
    const running = this.#firstAt === undefined ? 0 : now - this.#firstAt;
    const span = this.#splice.span;
    const { input, output } = this.#statistics;
    return {
      state: this.#state,
      elapsedMs: toMs(now - this.#startedAt),
      mediaMs: toMs(span),
      frames: { ...this.#splice.frames },
      bytesIn: this.#bytesIn,
      bytesOut: this.#stream.sentBytes,
      bitrateBps,
      speed: running > 0 ? Math.round((span / running) * 100) / 100 : 0,
      dropped: this.#outlet.dropped + this.#stream.headless,
      pendingBytes: this.#outlet.pending,
      reconnects: this.#reconnects,
      ...((input ?? output) !== undefined && {
        statistics: { ...(input && { input: input() }), ...(output && { output: output() }) },
      }),
    };
  }
}

/** A stream outside of any hub. For files its window is bounded by bytes alone: the reader waits, nothing may drop. */
function privateStream({ clock, limits }: ClientHost, mergeWindow: Micros, whole: boolean): Stream {
  return new Stream(
    { vhost: '', app: 'tool', stream: 'relay' },
    {
      clock,
      limits: whole ? { ...limits, feedSpan: Number.POSITIVE_INFINITY } : limits,
      gopCache: !whole,
      mergeWindow,
      onIdle: () => undefined,
      onPublished: () => undefined,
      onUnpublished: () => undefined,
    },
  );
}

function isPaced(pace: 'auto' | 'realtime' | 'none', source: Source, target: Target): boolean {
  return source.file && (pace === 'realtime' || (pace === 'auto' && !target.file));
}

/** Settings that are wrong and bugs of ours do not get better by waiting. */
function mayRetry(retry: RetryOptions | undefined, failures: number, fault: SrsxError | undefined): boolean {
  if (retry === undefined || fault instanceof ConfigError || fault instanceof BugError) return false;
  return failures <= (retry.attempts ?? Number.POSITIVE_INFINITY);
}

const READY = Promise.resolve();
/** Chosen: seconds of a stream, where a file takes milliseconds to be made. */
const MAX_HELD = 500;
/** Chosen: what a human can read. */
const REPORT = fromMs(500);
/** Chosen: how often a flush is looked at; only matters when it stalls. */
const LOOK = fromMs(100);
/** Chosen: after ctrl-C, longer than a target that still takes anything needs between two of its reads. */
const GRACE = fromSeconds(5);
