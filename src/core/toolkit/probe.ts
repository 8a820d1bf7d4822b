// Opens a source, watches it for a while, and says what it is and what is wrong with it.
import type { SrsxError } from '../base/errors.ts';
import type { LogLine } from '../base/log.ts';
import { toSrsxError } from '../base/session.ts';
import { fromSeconds, type Micros, toMs, toSeconds } from '../base/time.ts';
import type { ClientHost, Protocol, ReadStatistics } from '../control/host.ts';
import type { MediaEvent } from '../media/demuxer.ts';
import type { Frame } from '../media/frame.ts';
import type { MediaSink } from '../media/sink.ts';
import type { Track } from '../media/track.ts';
import { resolveSource, type Source } from './endpoint.ts';
import { probeErrors } from './errors.ts';
import { judge } from './findings.ts';
import { Interleave } from './interleave.ts';
import { readMetadata } from './metadata.ts';
import { observed } from './observe.ts';
import type { Finding, ProbeReport } from './probe-report.ts';
import { reportTrack } from './report-track.ts';
import { TrackMeter } from './track-meter.ts';
import { TransportMeter } from './transport.ts';
import { linkedAbort } from './wait.ts';

export interface ProbeOptions {
  /** URL, path or `-`. */
  readonly source: string;
  /** Ends it early, with the report so far. */
  readonly signal: AbortSignal;
  /** Media time to look at, for live sources also time; default 5 s; 0: everything. */
  readonly duration?: Micros | undefined;
  /** For the first frame; default 10 s. */
  readonly timeout?: Micros | undefined;
  /** Default: no limit. */
  readonly maxFrames?: number | undefined;
  readonly insecure?: boolean | undefined;
}

/**
 * Frames are summarised as they pass by: memory does not grow with the duration. Rejects when the source cannot be
 * opened (its own error, PROBE_TIMEOUT, ENDPOINT_*); what goes wrong after the first frame is a finding.
 */
export async function probe(
  host: ClientHost,
  protocols: readonly Protocol[],
  options: ProbeOptions,
): Promise<ProbeReport> {
  return new Probe(host, resolveSource(options.source, protocols), options).run();
}

class Probe implements MediaSink {
  readonly #host: ClientHost;
  readonly #source: Source;
  readonly #options: ProbeOptions;
  readonly #duration: Micros;
  readonly #timeout: Micros;
  readonly #startedAt: Micros;
  readonly #stop: ReturnType<typeof linkedAbort>;
  readonly #meters = new Map<number, TrackMeter>();
  readonly #interleave = new Interleave();
  readonly #transport = new TransportMeter();
  readonly #warnings = new Map<string, string>();
  /** What the source says against its own rules, the first of each kind. */
  readonly #remarks = new Map<string, Finding>();
  #cancelTimer: () => void;
  #endedBy: ProbeReport['endedBy'] | undefined;
  #connectMs: number | null = null;
  #firstByteMs: number | null = null;
  #firstFrameMs: number | null = null;
  #firstKeyFrameMs: number | null = null;
  #bytes = 0;
  #statistics: ReadStatistics | undefined;
  #frames = 0;
  #metadata: Track | undefined;
  #first: Micros | undefined;
  #newest: Micros = 0;
  /** Media time seen, in which a jump counts as one second. */
  #watched: Micros = 0;

  constructor(host: ClientHost, source: Source, options: ProbeOptions) {
    this.#host = host;
    this.#source = source;
    this.#options = options;
    this.#duration = options.duration ?? fromSeconds(5);
    this.#timeout = options.timeout ?? fromSeconds(10);
    this.#startedAt = host.clock.now();
    this.#stop = linkedAbort(options.signal);
    this.#cancelTimer = host.clock.after(this.#timeout, () => this.#end('timeout'));
  }

  async run(): Promise<ProbeReport> {
    const { signal, insecure = false } = this.#options;
    const host = observed(this.#host, {
      connected: () => {
        this.#connectMs ??= this.#elapsedMs();
      },
      warned: (line) => this.#warned(line),
    });
    const pulled = this.#source.pull(host, this.#source.url, this, {
      signal: this.#stop.controller.signal,
      ready: () => READY,
      onBytes: (bytes) => {
        this.#bytes += bytes;
        this.#firstByteMs ??= this.#elapsedMs();
      },
      onContainer: (name, bytes, bursts = this.#source.file) =>
        this.#transport.note(name, bytes, bursts ? undefined : this.#host.clock.now()),
      onRemark: ({ id, severity, text }) => {
        if (this.#remarks.size < MAX_WARNINGS)
          this.#remarks.set(id, { id, severity, at: 'source', text, advice: RULES });
      },
      onStatistics: (read) => {
        this.#statistics = read;
      },
      insecure,
    });
    const fault = await pulled.then(() => undefined, toSrsxError);
    this.#cancelTimer();
    this.#stop.release();
    if (this.#frames === 0 && this.#endedBy === 'timeout' && this.#bytes === 0) {
      throw probeErrors.system('TIMEOUT', { source: this.#source.shown, seconds: toSeconds(this.#timeout) }, fault);
    }
    // After our own end a protocol may complain that it was cut off.
    const failed = this.#endedBy === undefined && !signal.aborted ? fault : undefined;
    if (failed !== undefined && this.#frames === 0) throw failed;
    this.#endedBy ??= signal.aborted ? 'signal' : failed === undefined ? 'end' : 'error';
    return this.#report(failed);
  }

  on(event: MediaEvent): void {
    if (this.#endedBy !== undefined) return;
    if (event.type === 'tracks') for (const track of event.tracks) this.#retrack(track);
    else this.#write(event.frame);
  }

  #retrack(track: Track): TrackMeter | undefined {
    if (track.codec === 'amf0' && track.config.length > 0) this.#metadata = track;
    const known = this.#meters.get(track.id);
    known?.retrack(track);
    if (known !== undefined || this.#meters.size >= this.#host.limits.tracks) return known;
    const meter = new TrackMeter(track);
    this.#meters.set(track.id, meter);
    return meter;
  }

  #write(frame: Frame): void {
    const now = this.#host.clock.now();
    const { track, dts, key } = frame;
    (this.#meters.get(track.id) ?? this.#retrack(track))?.note(frame, now);
    if (track.kind === 'data') return;
    this.#interleave.note(frame);
    if (this.#frames++ === 0) this.#begin(dts);
    if (key && track.kind === 'video') this.#firstKeyFrameMs ??= this.#elapsedMs();
    if (dts > this.#newest) {
      this.#watched += Math.min(dts - this.#newest, JUMP);
      this.#newest = dts;
    }
    if (this.#duration > 0 && this.#watched >= this.#duration) this.#end('duration');
    else if (this.#frames >= (this.#options.maxFrames ?? Number.POSITIVE_INFINITY)) this.#end('frames');
  }

  /** The first frame: from here on the duration counts, for live sources in time as well. */
  #begin(dts: Micros): void {
    this.#firstFrameMs = this.#elapsedMs();
    this.#first = dts;
    this.#newest = dts;
    this.#cancelTimer();
    if (this.#source.file || this.#duration === 0) return;
    this.#cancelTimer = this.#host.clock.after(this.#duration, () => this.#end('duration'));
  }

  /** Protocols leave bad parts out and say so; each kind is kept once. */
  #warned({ text, fields }: LogLine): void {
    const detail = ['last', 'code', 'what'].map((name) => fields[name]).find((value) => typeof value === 'string');
    const warning = detail === undefined ? text : `${text}: ${detail}`;
    const kind = warning.replaceAll(/\d+/g, '#');
    if (this.#warnings.size < MAX_WARNINGS && !this.#warnings.has(kind)) this.#warnings.set(kind, warning);
  }

  #end(endedBy: ProbeReport['endedBy']): void {
    if (this.#endedBy !== undefined) return;
    this.#endedBy = endedBy;
    this.#stop.controller.abort();
  }

  #elapsedMs(): number {
    return toMs(this.#host.clock.now() - this.#startedAt);
  }

  #report(fault: SrsxError | undefined): ProbeReport {
    const live = !this.#source.file;
    const metadata = this.#metadata === undefined ? null : readMetadata(this.#metadata.config, this.#host.limits);
    const meters = [...this.#meters.values()].sort((a, b) => a.track.id - b.track.id);
    const tracks = meters.map((meter) => reportTrack(meter, { live, metadata }));
    const report: Omit<ProbeReport, 'findings'> = {
      source: this.#source.shown,
      protocol: this.#source.protocol,
      live,
      endedBy: this.#endedBy ?? 'end',
      connectMs: this.#connectMs,
      firstByteMs: this.#firstByteMs,
      firstFrameMs: this.#firstFrameMs,
      firstKeyFrameMs: this.#firstKeyFrameMs,
      elapsedMs: this.#elapsedMs(),
      mediaMs: this.#first === undefined ? 0 : toMs(this.#newest - this.#first),
      bytes: this.#bytes,
      frames: this.#frames,
      bitrateBps: meters.reduce((sum, meter) => sum + meter.bitrateBps, 0),
      tracks,
      interleave: this.#interleave.report(),
      metadata,
      transport: this.#transport.report(),
      statistics: this.#statistics?.() ?? null,
    };
    return {
      ...report,
      findings: judge({
        report,
        meters,
        warnings: [...this.#warnings.values()],
        others: [...this.#transport.findings(), ...this.#remarks.values()],
        fault,
        timeoutMs: toMs(this.#timeout),
      }),
    };
  }
}

const READY = Promise.resolve();
const RULES = 'Players differ in what they make of it: look at the server or packager.';
/** Chosen: more kinds of faults than that in one source say nothing new. */
const MAX_WARNINGS = 16;
/** A larger step is a jump of the publisher's clock, not media that was watched. */
const JUMP = fromSeconds(1);
