// Any source into files on the disk, by the recorder that DVR has.
//
//   source.pull -> Splice (one timeline) -> Settler -> Recorder -> files
//        ^--- ready(): room in what waits for the disk ---'
import { every } from '../base/clock.ts';
import type { SrsxError } from '../base/errors.ts';
import type { Closer } from '../base/link.ts';
import { toSrsxError } from '../base/session.ts';
import { fromMs, type Micros, toMs } from '../base/time.ts';
import type { ClientHost, Protocol } from '../control/host.ts';
import { fileKind, knownEndings, placeOf, Recorder, RecordShare, recordErrors } from '../control/record/index.ts';
import { checkedPath, fillTemplate } from '../control/storage/template.ts';
import { Settler } from '../media/settle.ts';
import type { StreamName } from '../media/stream-name.ts';
import { resolveSource, type Source } from './endpoint.ts';
import { relayErrors } from './errors.ts';
import { Splice, type TrackTotals } from './splice.ts';
import { linkedAbort } from './wait.ts';

/** What to record, where to, and for how long. */
export interface RecordOptions {
  /** URL, path or `-`. */
  readonly from: string;
  /**
   * A path whose ending says the container, with SRS's words: `[app]`, `[stream]`, `[timestamp]`, `[2006]-[01]-[02]`, and `[seq]`
   * for the number of the file. What is in front of the first word is the directory that nothing leaves.
   */
  readonly to: string;
  /** Ends it cleanly: what came is written, and files are completed. */
  readonly signal: AbortSignal;
  /** Begins another file at the first key frame behind so much media. */
  readonly segment?: Micros | undefined;
  /** Media time after which it ends; a live source at the latest when that much time has passed since its first frame. */
  readonly duration?: Micros | undefined;
  /** MP4 stays fragmented. */
  readonly fragmented?: boolean | undefined;
  /** Certificates are not checked. */
  readonly insecure?: boolean | undefined;
}

/** Where a recording is in its life. */
export type RecordPhase = 'connecting' | 'running' | 'finishing' | 'ended';

/** Where a recording is; a plain object for JSON. */
export interface RecordProgress {
  /** `finishing`: the input is over, files are completed. */
  readonly state: RecordPhase;
  readonly elapsedMs: number;
  /** From the first frame to the newest. */
  readonly mediaMs: number;
  readonly frames: { readonly video: number; readonly audio: number; readonly data: number };
  readonly bytesIn: number;
  /** Frames that the disk was too slow for, and pictures before the first key frame. */
  readonly dropped: number;
  /** How often the disk was too slow. */
  readonly gaps: number;
  /** Bytes that wait for the disk. */
  readonly pendingBytes: number;
  /** That is being written. */
  readonly file: string | null;
  /** Begun so far. */
  readonly files: number;
}

/** A file that is complete. */
export interface RecordingResult {
  readonly file: string;
  readonly bytes: number;
  readonly durationMs: number;
}

/** What was made. */
export interface RecordResult extends RecordProgress {
  readonly from: string;
  readonly to: string;
  readonly endedBy: 'end' | 'duration' | 'signal';
  readonly tracks: readonly TrackTotals[];
  readonly recordings: readonly RecordingResult[];
}

/**
 * Resolves when the input has ended and all files are complete. Rejects with the error of the source or the disk, after
 * what came was written; with RELAY_EMPTY, RECORD_KIND, RECORD_STDOUT, STORAGE_PATH, ENDPOINT_*.
 */
export async function record(
  host: ClientHost,
  protocols: readonly Protocol[],
  options: RecordOptions,
  on: (progress: RecordProgress) => void = () => undefined,
): Promise<RecordResult> {
  return new Recording(host, protocols, options, on).run();
}

class Recording {
  readonly #host: ClientHost;
  readonly #options: RecordOptions;
  readonly #on: (progress: RecordProgress) => void;
  readonly #source: Source;
  readonly #root: string;
  readonly #share = new RecordShare();
  readonly #recorder: Recorder;
  readonly #splice: Splice;
  readonly #settler: Settler;
  readonly #input: AbortController;
  readonly #closers: Closer[] = [];
  readonly #done: RecordingResult[] = [];
  readonly #startedAt: Micros;
  #state: RecordPhase = 'connecting';
  #endedBy: RecordResult['endedBy'] = 'end';
  #fault: SrsxError | undefined;
  #bytesIn = 0;

  constructor(
    host: ClientHost,
    protocols: readonly Protocol[],
    options: RecordOptions,
    on: (progress: RecordProgress) => void,
  ) {
    this.#host = host;
    this.#options = options;
    this.#on = on;
    this.#source = resolveSource(options.from, protocols);
    this.#startedAt = host.clock.now();
    if (options.to === '-') throw recordErrors.config('STDOUT');
    if (fileKind(options.to) === undefined) {
      throw recordErrors.config('KIND', { path: options.to, known: knownEndings });
    }
    const { root, template } = placeOf(options.segment === undefined ? options.to : withNumber(options.to));
    this.#root = root;
    this.#recorder = this.#makeRecorder(template, nameOf(this.#source));
    this.#settler = new Settler({
      retrack: (tracks) => this.#recorder.on({ type: 'tracks', tracks }),
      write: (frame) => this.#recorder.on({ type: 'frame', frame }),
    });
    this.#splice = new Splice({
      on: (event) => {
        this.#settler.on(event);
        if (event.type === 'frame') this.#flowed();
      },
      promise: (kinds) => this.#settler.promise(kinds),
    });
    const { controller, release } = linkedAbort(options.signal);
    this.#input = controller;
    this.#closers.push({ close: release });
  }

  async run(): Promise<RecordResult> {
    const { to, signal } = this.#options;
    const { shown: from } = this.#source;
    this.#report();
    await this.#pull();
    if (signal.aborted) this.#endedBy = 'signal';
    this.#state = 'finishing';
    this.#settler.settle();
    this.#recorder.end();
    await this.#recorder.idle();
    await this.#share.finisher.idle();
    for (const closer of this.#closers) closer.close();
    this.#state = 'ended';
    const progress = this.#progress();
    this.#on(progress);
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#splice.count === 0 && this.#endedBy === 'end') throw relayErrors.protocol('EMPTY', { from });
    return { ...progress, from, to, endedBy: this.#endedBy, tracks: this.#splice.totals, recordings: this.#done };
  }

  #makeRecorder(template: string, name: StreamName): Recorder {
    const { clock, log, net } = this.#host;
    const { segment, fragmented = false } = this.#options;
    const pathOf = (index: number): string =>
      checkedPath(fillTemplate(template, { name, wall: clock.wall(), utc: false, sequence: index }));
    // A template that makes no path is told before anything is dialled.
    pathOf(0);
    return new Recorder({
      ...{ clock, log, pathOf, folder: net.folder(this.#root), share: this.#share },
      // Jumps are repaired by the splice.
      rules: { segment, waitKey: true, times: 'zero', keep: false, remux: !fragmented },
      onFile: ({ path, sizeBytes, duration }) =>
        void this.#done.push({ file: this.#fileOf(path), bytes: sizeBytes, durationMs: toMs(duration) }),
      onFault: (error) => {
        // A slow disk is a gap, which the counts tell; everything else is the end.
        if (error.code === 'STORAGE_SLOW') return;
        this.#fault ??= error;
        this.#input.abort();
      },
    });
  }

  async #pull(): Promise<void> {
    try {
      await this.#source.pull(this.#host, this.#source.url, this.#splice, {
        signal: this.#input.signal,
        ready: () => (this.#recorder.room ? READY : this.#recorder.idle()),
        onBytes: (bytes) => {
          this.#bytesIn += bytes;
        },
        insecure: this.#options.insecure ?? false,
      });
    } catch (error) {
      this.#fault ??= toSrsxError(error);
    }
  }

  #flowed(): void {
    const { duration } = this.#options;
    if (this.#state === 'connecting') {
      this.#state = 'running';
      // A live source that falls silent ends in time as well.
      if (duration !== undefined && !this.#source.file) {
        this.#closers.push({ close: this.#host.clock.after(duration, this.#expire) });
      }
    }
    if (duration !== undefined && this.#splice.span >= duration) this.#expire();
  }

  readonly #expire = (): void => {
    if (this.#input.signal.aborted) return;
    this.#endedBy = 'duration';
    this.#input.abort();
  };

  #report(): void {
    this.#on(this.#progress());
    this.#closers.push({ close: every(this.#host.clock, REPORT, () => this.#on(this.#progress())) });
  }

  #fileOf(path: string): string {
    return this.#root === '.' ? path : `${this.#root.replace(/\/$/, '')}/${path}`;
  }

  #progress(): RecordProgress {
    const { counts, path, pendingBytes } = this.#recorder;
    return {
      state: this.#state,
      elapsedMs: toMs(this.#host.clock.now() - this.#startedAt),
      mediaMs: toMs(this.#splice.span),
      frames: { ...this.#splice.frames },
      bytesIn: this.#bytesIn,
      dropped: counts.dropped,
      gaps: counts.gaps,
      pendingBytes,
      file: path === undefined ? null : this.#fileOf(path),
      files: counts.files,
    };
  }
}

/** Several files need several names: the number of the file, where no word of the template says another. */
function withNumber(template: string): string {
  if (/\[(?:seq|timestamp|05|999)\]/.test(template)) return template;
  const dot = template.lastIndexOf('.');
  return `${template.slice(0, dot)}-[seq]${template.slice(dot)}`;
}

/** The words of a template for a source: `rtmp://host/app/stream`, `http://host/app/stream.flv`, a file's name. */
function nameOf({ url, file }: Source): StreamName {
  const path = url.searchParams.get('path') ?? url.pathname;
  const levels = path.split('/').map(decoded).filter(Boolean);
  const stream = (levels.pop() ?? 'stream').replace(/\.\w+$/, '') || 'stream';
  return { vhost: url.hostname, app: file ? 'file' : levels.join('/') || 'live', stream };
}

function decoded(level: string): string {
  try {
    return decodeURIComponent(level);
  } catch (error) {
    if (error instanceof URIError) return level;
    throw error;
  }
}

const READY = Promise.resolve();
/** Chosen: what a human can read. */
const REPORT = fromMs(500);
