// N players or publishers against a server, in one process: how soon, how steadily, how many.
//
// Players use the protocol's own client and give the frames to a sink that only counts; what that costs is in
// README.md. Publishers read one stream in memory: it is muxed once for all of them.
import { every } from '../base/clock.ts';
import type { SrsxError } from '../base/errors.ts';
import { fromMs, fromSeconds, type Micros, toMs, toSeconds } from '../base/time.ts';
import { hideKeys } from '../control/hide-secrets.ts';
import type { ClientHost, Protocol } from '../control/host.ts';
import { BenchClient, type Connect } from './bench-client.ts';
import type { BenchClients, BenchInterval, BenchReason, BenchReport } from './bench-report.ts';
import { resolveSource, resolveTarget } from './endpoint.ts';
import { benchErrors } from './errors.ts';
import { type Percentiles, percentiles } from './percentiles.ts';
import { type BenchSource, SharedSource } from './shared-source.ts';
import { judgeThreshold, type Measure, type Metric, parseThreshold, type Statistic } from './thresholds.ts';
import { linkedAbort, sleep } from './wait.ts';

export interface BenchOptions {
  readonly mode: 'play' | 'publish';
  /** `%d` becomes the number of the client, from 0; publishers need it when there are several. */
  readonly url: string;
  /** 1 to 20 000. */
  readonly clients: number;
  /** Clients that start in each second; default 100. */
  readonly ramp?: number | undefined;
  /** From the start of the last client on; default 10 s. */
  readonly duration?: Micros | undefined;
  /** What is published: a path, or the bytes of a file; it is looped. */
  readonly source?: BenchSource | undefined;
  /** Such as `first-frame.p95<500ms`; see `parseThreshold`. */
  readonly thresholds?: readonly string[] | undefined;
  /** Clients that were left connect again after a second; default false. */
  readonly reconnect?: boolean | undefined;
  /** Publishers send frames together after this time; default 0, as encoders do. */
  readonly mergeWindow?: Micros | undefined;
  readonly insecure?: boolean | undefined;
  /** Ends it early, with the report so far. */
  readonly signal: AbortSignal;
}

/** Rejects with ConfigError BENCH_* or ENDPOINT_*, and when the source fails; clients that fail are in the report. */
export async function bench(
  host: ClientHost,
  protocols: readonly Protocol[],
  options: BenchOptions,
  on: (interval: BenchInterval) => void = () => undefined,
): Promise<BenchReport> {
  return new Bench(host, protocols, options, on).run();
}

class Bench {
  readonly #host: ClientHost;
  readonly #options: BenchOptions;
  readonly #on: (interval: BenchInterval) => void;
  readonly #thresholds: ReturnType<typeof parseThreshold>[];
  readonly #source: SharedSource | undefined;
  readonly #connect: (index: number) => Connect;
  readonly #clients: BenchClient[] = [];
  readonly #running: Promise<void>[] = [];
  readonly #reasons = new Map<string, { code: string; text: string; count: number }>();
  readonly #startedAt: Micros;
  /** Ends the waiting, then the clients. */
  readonly #stop: ReturnType<typeof linkedAbort>;
  readonly #end = new AbortController();
  #last = { at: 0, bytes: 0, frames: 0, stalls: 0 };

  constructor(
    host: ClientHost,
    protocols: readonly Protocol[],
    options: BenchOptions,
    on: (interval: BenchInterval) => void,
  ) {
    checkOptions(options);
    this.#host = host;
    this.#options = options;
    this.#on = on;
    this.#thresholds = (options.thresholds ?? []).map(parseThreshold);
    this.#startedAt = host.clock.now();
    this.#last.at = this.#startedAt;
    this.#stop = linkedAbort(options.signal);
    if (options.mode === 'publish' && options.source !== undefined) {
      const source = new SharedSource(host, protocols, options.source, this.#end.signal);
      this.#source = source;
      this.#connect = (index) => this.#publish(source, protocols, index);
    } else {
      this.#connect = (index) => this.#play(protocols, index);
    }
    // A wrong URL is told before anything starts.
    this.#connect(0);
  }

  async run(): Promise<BenchReport> {
    const { clock } = this.#host;
    const { duration = fromSeconds(10) } = this.#options;
    const { signal } = this.#stop.controller;
    this.#source?.start(() => this.#stop.controller.abort());
    const cancel = this.#watch();
    await this.#ramp(signal);
    await sleep(clock, duration, signal);
    cancel();
    // Measured before the clients are ended by us.
    const report = this.#report();
    await this.#source?.stop();
    if (this.#source !== undefined) await Promise.race([this.#allDone(), sleep(clock, GOODBYE, this.#end.signal)]);
    this.#end.abort();
    await this.#allDone();
    this.#stop.release();
    if (this.#source?.fault !== undefined) throw this.#source.fault;
    return report;
  }

  async #allDone(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Starts the clients, each when its time has come. */
  async #ramp(signal: AbortSignal): Promise<void> {
    const { clients, ramp = 100 } = this.#options;
    const { clock } = this.#host;
    for (let index = 0; index < clients && !signal.aborted; index++) {
      const due = this.#startedAt + fromSeconds(index / ramp);
      if (due > clock.now()) await sleep(clock, due - clock.now(), signal);
      if (!signal.aborted) this.#start(index);
    }
  }

  #start(index: number): void {
    const client = new BenchClient({
      host: this.#host,
      signal: this.#end.signal,
      connect: this.#connect(index),
      reconnect: this.#options.reconnect ?? false,
      onEnd: (fault) => this.#note(fault),
    });
    this.#clients.push(client);
    this.#running.push(client.run());
  }

  #play(protocols: readonly Protocol[], index: number): Connect {
    const { url: text, insecure = false } = this.#options;
    const { pull, url } = resolveSource(numbered(text, index), protocols);
    return (host, client, signal) =>
      pull(host, url, client, {
        signal,
        insecure,
        ready: () => READY,
        onBytes: (bytes) => client.received(bytes),
      });
  }

  #publish(source: SharedSource, protocols: readonly Protocol[], index: number): Connect {
    const { url: text, insecure = false, mergeWindow = 0 } = this.#options;
    const { push, url } = resolveTarget(numbered(text, index), protocols);
    return async (host, client, signal) => {
      await push(host, source.stream, url, {
        signal,
        insecure,
        mergeWindow,
        // The cursor knows it sooner: some protocols tell once a second.
        onBytes: () => undefined,
        onLink: (link) => source.expect(link, (output) => client.publish(source, output)),
      });
    };
  }

  #note(fault: SrsxError | undefined): void {
    const code = fault?.code ?? 'END';
    const known = this.#reasons.get(code);
    if (known !== undefined) known.count++;
    else this.#reasons.set(code, { code, text: fault?.message ?? 'the server ended the stream', count: 1 });
  }

  /** Looks for stalls, and tells the state once a second. */
  #watch(): () => void {
    const { clock } = this.#host;
    let looks = 0;
    return every(clock, LOOK, () => {
      const now = clock.now();
      for (const client of this.#clients) client.tick(now);
      if (++looks % LOOKS_PER_LINE === 0) this.#on(this.#interval(now));
    });
  }

  #interval(now: Micros): BenchInterval {
    const total = this.#totals();
    const bytes = total.bytes - this.#last.bytes;
    const passed = toSeconds(now - this.#last.at);
    const interval = {
      elapsedMs: toMs(now - this.#startedAt),
      clients: this.#count(),
      bytes,
      bitrateBps: passed > 0 ? Math.round((bytes * 8) / passed) : 0,
      frames: total.frames - this.#last.frames,
      stalls: total.stalls - this.#last.stalls,
    };
    this.#last = { at: now, ...total };
    return interval;
  }

  #totals(): { bytes: number; frames: number; stalls: number } {
    const total = { bytes: 0, frames: 0, stalls: 0 };
    for (const client of this.#clients) {
      total.bytes += client.bytes;
      total.frames += client.frames;
      total.stalls += client.stalls;
    }
    return total;
  }

  #count(): BenchClients {
    const count = { connected: 0, served: 0, active: 0, failed: 0, ended: 0 };
    for (const client of this.#clients) {
      if (client.connectMs !== undefined) count.connected++;
      if (client.firstFrameMs !== undefined) count.served++;
      if (client.state === 'active') count.active++;
      else if (client.state !== 'connecting') count[client.state]++;
    }
    return { wanted: this.#options.clients, started: this.#clients.length, ...count };
  }

  #report(): BenchReport {
    const now = this.#host.clock.now();
    const clients = this.#clients;
    const { bytes, frames, stalls } = this.#totals();
    const { mode, url } = this.#options;
    const elapsed = now - this.#startedAt;
    const sum = (of: (client: BenchClient) => number): number => clients.reduce((total, one) => total + of(one), 0);
    const measured = {
      mode,
      url: hideKeys(url),
      elapsedMs: toMs(elapsed),
      clients: this.#count(),
      reasons: this.#listReasons(),
      connectMs: percentiles(clients.flatMap((client) => client.connectMs ?? [])),
      firstFrameMs: percentiles(clients.flatMap((client) => client.firstFrameMs ?? [])),
      bytes,
      bitrateBps: elapsed > 0 ? Math.round((bytes * 8) / toSeconds(elapsed)) : 0,
      bitratePerClientBps: percentiles(clients.flatMap((client) => client.bitrateBps(now) ?? [])),
      frames,
      stalls,
      stalled: clients.filter((client) => client.stalls > 0).length,
      gaps: sum((client) => client.gaps),
      lateMs: mode === 'play' ? percentiles(clients.filter(hadFrames).map((client) => toMs(client.late))) : null,
      reconnects: sum((client) => client.reconnects),
      dropped: this.#source?.dropped ?? 0,
    };
    const thresholds = this.#thresholds.map((threshold) =>
      judgeThreshold(threshold, (metric, statistic) => measure(measured, metric, statistic)),
    );
    return { ...measured, thresholds, failed: thresholds.filter((verdict) => !verdict.pass) };
  }

  #listReasons(): BenchReason[] {
    return [...this.#reasons.values()].sort((a, b) => b.count - a.count);
  }
}

const hadFrames = (client: BenchClient): boolean => client.firstFrameMs !== undefined;

/** Percentages are of the clients that were wanted. */
function measure(
  report: Omit<BenchReport, 'thresholds' | 'failed'>,
  metric: Metric,
  statistic: Statistic | undefined,
): Measure | undefined {
  const spreads: Partial<Record<Metric, Percentiles | null>> = {
    'first-frame': report.firstFrameMs,
    connect: report.connectMs,
    late: report.lateMs,
    bitrate: report.bitratePerClientBps,
  };
  if (statistic !== undefined) {
    const value = spreads[metric]?.[statistic];
    return value === undefined ? undefined : { value };
  }
  const { clients, stalls, stalled, gaps, reconnects, dropped, frames } = report;
  const counts: Partial<Record<Metric, number>> = {
    connected: clients.connected,
    served: clients.served,
    failed: clients.failed,
    ended: clients.ended,
    stalled,
    stalls,
    gaps,
    reconnects,
    dropped,
    frames,
  };
  const value = counts[metric];
  return value === undefined ? undefined : { value, whole: clients.wanted };
}

const numbered = (text: string, index: number): string => text.replaceAll('%d', String(index));

function checkOptions({ mode, url, clients, ramp = 100, source }: BenchOptions): void {
  if (!Number.isInteger(clients) || clients < 1 || clients > MAX_CLIENTS) {
    throw benchErrors.config('CLIENTS', { clients, limit: MAX_CLIENTS });
  }
  if (!(ramp > 0)) throw benchErrors.config('RAMP', { ramp });
  if (mode !== 'publish') return;
  if (source === undefined) throw benchErrors.config('SOURCE');
  if (clients > 1 && !url.includes('%d')) throw benchErrors.config('SAME_NAME', { clients });
}

const READY = Promise.resolve();
/** One process has no more ports towards one server than about 28 000 (Linux's default range). */
const MAX_CLIENTS = 20_000;
const LOOK = fromMs(250);
const LOOKS_PER_LINE = 4;
/** Chosen: publishers that have not said goodbye by then are cut off. */
const GOODBYE = fromSeconds(2);
