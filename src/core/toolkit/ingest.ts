// Keeps publishing an input into a server: files in a loop, devices, URLs; natively, or through FFmpeg where it must be.
//
//   native:  relay(source -> target), with its own reconnects
//   ffmpeg:  FFmpeg -> pipe -> relay(transport stream -> target)
//
// Whatever ends is begun again, later each time, until `retries` attempts in a row brought no media.
import type { SrsxError } from '../base/errors.ts';
import { BugError, ConfigError, ProtocolError } from '../base/errors.ts';
import { toSrsxError } from '../base/session.ts';
import { type Micros, toMs } from '../base/time.ts';
import { LineRing } from '../control/children/ring.ts';
import { hideKeys } from '../control/hide-secrets.ts';
import type { Protocol, ToolHost } from '../control/host.ts';
import { resolveSource, resolveTarget, type Target } from './endpoint.ts';
import { endpointErrors, ingestErrors } from './errors.ts';
import { FFMPEG_URL, ffmpegProtocol, isDevice } from './ffmpeg-input.ts';
import { type RelayProgress, type RelayResult, relay } from './relay.ts';
import { backOff, linkedAbort, sleep } from './wait.ts';

export interface IngestOptions {
  /** Files (one after the other), devices such as `v4l2:/dev/video0` (at once), or one URL. */
  readonly sources: readonly string[];
  readonly to: string;
  /** Ends it cleanly. */
  readonly signal: AbortSignal;
  /** Files are read again when they end. */
  readonly loop: boolean;
  /** Attempts in a row without media before it gives up; default: for ever. */
  readonly retries?: number | undefined;
  /** Time after which it ends. */
  readonly maxTime?: Micros | undefined;
  /** `auto`: natively what srsx reads, FFmpeg for the rest. */
  readonly via?: 'auto' | 'native' | 'ffmpeg' | undefined;
  /** FFmpeg encodes; default: only devices. */
  readonly encode?: boolean | undefined;
  /** FFmpeg's path or name; default `ffmpeg`. */
  readonly ffmpeg?: string | undefined;
  /** Certificates are not checked. */
  readonly insecure?: boolean | undefined;
}

/** Where an ingest is; a plain object for JSON. Numbers of media are of the present attempt. */
export interface IngestProgress extends RelayProgress {
  readonly via: 'native' | 'ffmpeg';
  /** How often it was begun again. */
  readonly restarts: number;
  readonly lastError: string | null;
  /** The newest lines of FFmpeg. */
  readonly stderr: readonly string[];
}

export interface IngestResult extends IngestProgress {
  readonly from: string;
  readonly to: string;
  readonly endedBy: RelayResult['endedBy'];
}

/**
 * Resolves at the end of the sources without `loop`, at the signal, or after `maxTime`; rejects with the error of the
 * last attempt, INGEST_PROGRAM, INGEST_MIXED, ENDPOINT_*.
 */
export async function ingest(
  host: ToolHost,
  protocols: readonly Protocol[],
  options: IngestOptions,
  on: (progress: IngestProgress) => void = () => undefined,
): Promise<IngestResult> {
  return new Ingest(host, protocols, options, on).run();
}

class Ingest {
  readonly #host: ToolHost;
  readonly #protocols: readonly Protocol[];
  readonly #options: IngestOptions;
  readonly #on: (progress: IngestProgress) => void;
  readonly #target: Target;
  /** The sources for reports, errors and logs. */
  readonly #shown: string;
  readonly #stderr = new LineRing();
  readonly #startedAt: Micros;
  #via: 'native' | 'ffmpeg';
  #restarts = 0;
  /** Reconnects of earlier attempts. */
  #reconnects = 0;
  #fault: SrsxError | undefined;
  #last: RelayProgress | undefined;
  #expired = false;

  constructor(
    host: ToolHost,
    protocols: readonly Protocol[],
    options: IngestOptions,
    on: (progress: IngestProgress) => void,
  ) {
    this.#host = host;
    this.#protocols = protocols;
    this.#options = options;
    this.#on = on;
    this.#startedAt = host.clock.now();
    const { sources, to } = options;
    if (sources.length === 0) throw endpointErrors.config('EMPTY');
    if (sources.some(isDevice) && !sources.every(isDevice)) throw ingestErrors.config('MIXED');
    this.#target = resolveTarget(to, protocols);
    this.#shown = sources.map(hideKeys).join(', ');
    this.#via = this.#choose();
  }

  async run(): Promise<IngestResult> {
    const { signal, retries = Number.POSITIVE_INFINITY, maxTime } = this.#options;
    const { clock, rng } = this.#host;
    const { controller, release } = linkedAbort(signal);
    const expire = (): void => {
      this.#expired = true;
      controller.abort();
    };
    const cancel = maxTime === undefined ? undefined : clock.after(maxTime, expire);
    try {
      let failures = 0;
      for (;;) {
        this.#fault = await this.#attempt(controller.signal);
        if (controller.signal.aborted || this.#fault === undefined) return this.#result();
        if (this.#fallBack(this.#fault)) continue;
        if (this.#fault instanceof ConfigError || this.#fault instanceof BugError) throw this.#fault;
        const attempts = 1 + (this.#last?.reconnects ?? 0);
        failures = this.#flowed ? 1 : failures + attempts;
        if (failures > retries) throw this.#fault;
        this.#restarts++;
        this.#reconnects += this.#last?.reconnects ?? 0;
        if (this.#last !== undefined) this.#tell({ ...this.#last, state: 'waiting', reconnects: 0 });
        await sleep(clock, backOff(failures, {}, rng), controller.signal);
        if (controller.signal.aborted) return this.#result();
      }
    } finally {
      cancel?.();
      release();
    }
  }

  /** Undefined when the input has ended as it should. */
  async #attempt(signal: AbortSignal): Promise<SrsxError | undefined> {
    const { to, insecure, retries, sources } = this.#options;
    // Standard input cannot be read a second time.
    const loop = this.#options.loop && !sources.includes('-');
    const native = this.#via === 'native';
    this.#last = undefined;
    // FFmpeg's end is the end of the input, when that has one; the relay would begin again.
    const finite = !native && !loop && !sources.every((source) => isDevice(source));
    try {
      const protocols = native ? this.#protocols : [...this.#protocols, this.#ffmpeg()];
      const options = {
        from: native ? sources : FFMPEG_URL,
        to,
        signal,
        insecure,
        loop: loop ? Number.POSITIVE_INFINITY : 1,
        retry: finite ? undefined : { attempts: retries, except: (fault: SrsxError) => this.#canFallBack(fault) },
      };
      await relay(this.#host, protocols, options, (progress) => this.#tell(progress));
      return undefined;
    } catch (error) {
      return toSrsxError(error);
    }
  }

  /** Throws INGEST_PROGRAM, ENDPOINT_*. */
  #choose(): 'native' | 'ffmpeg' {
    const { sources, via = 'auto' } = this.#options;
    if (via === 'ffmpeg' || sources.every(isDevice)) {
      this.#program();
      return 'ffmpeg';
    }
    try {
      for (const source of sources) resolveSource(source, this.#protocols);
      return 'native';
    } catch (error) {
      if (via === 'native') throw error;
      this.#program();
      return 'ffmpeg';
    }
  }

  /** Whether FFmpeg shall read what the native reader does not understand. */
  #fallBack(fault: SrsxError): boolean {
    if (!this.#canFallBack(fault)) return false;
    this.#host.log.warn('ingest', `FFmpeg reads ${this.#shown}: ${fault.message}`, { code: fault.code });
    this.#via = 'ffmpeg';
    return true;
  }

  #canFallBack(fault: SrsxError): boolean {
    const { via = 'auto', ffmpeg = 'ffmpeg', sources } = this.#options;
    if (via !== 'auto' || this.#via === 'ffmpeg' || this.#flowed || sources.length > 1) return false;
    return fault instanceof ProtocolError && this.#host.children.find(ffmpeg) !== undefined;
  }

  #program(): string {
    const { ffmpeg = 'ffmpeg' } = this.#options;
    const program = this.#host.children.find(ffmpeg);
    if (program === undefined) throw ingestErrors.config('PROGRAM', { source: this.#shown, program: ffmpeg });
    return program;
  }

  #ffmpeg(): Protocol {
    const { sources, loop, encode = sources.every(isDevice) } = this.#options;
    return ffmpegProtocol(this.#host.children, { program: this.#program(), sources, loop, encode }, (line) => {
      this.#stderr.push(line);
      this.#host.log.debug('ffmpeg', () => line);
    });
  }

  get #flowed(): boolean {
    const { video = 0, audio = 0 } = this.#last?.frames ?? {};
    return video + audio > 0;
  }

  #tell(progress: RelayProgress): void {
    this.#last = progress;
    // The relay has ended; whether the ingest has, is said by its result.
    if (progress.state !== 'ended') this.#on(this.#progress(progress));
  }

  #progress(progress: RelayProgress): IngestProgress {
    return {
      ...progress,
      elapsedMs: toMs(this.#host.clock.now() - this.#startedAt),
      reconnects: progress.reconnects + this.#reconnects,
      via: this.#via,
      restarts: this.#restarts,
      lastError: this.#fault?.message ?? null,
      stderr: this.#stderr.lines,
    };
  }

  #result(): IngestResult {
    const { signal } = this.#options;
    const endedBy = this.#expired ? 'duration' : signal.aborted ? 'signal' : 'end';
    const progress: IngestProgress = this.#progress({ ...(this.#last ?? nothing), state: 'ended' });
    this.#on(progress);
    return { ...progress, from: this.#shown, to: this.#target.shown, endedBy };
  }
}

const nothing: RelayProgress = {
  state: 'ended',
  elapsedMs: 0,
  mediaMs: 0,
  frames: { video: 0, audio: 0, data: 0 },
  bytesIn: 0,
  bytesOut: 0,
  bitrateBps: 0,
  speed: 0,
  dropped: 0,
  pendingBytes: 0,
  reconnects: 0,
};
