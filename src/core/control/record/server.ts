// DVR: a recorder for each published stream that its vhost's block dvr names.
import { isDeepStrictEqual } from 'node:util';
import type { SrsxError } from '../../base/errors.ts';
import type { Closer } from '../../base/link.ts';
import { toSrsxError } from '../../base/session.ts';
import type { Stream } from '../../media/stream.ts';
import { type StreamName, streamKey, streamUrl } from '../../media/stream-name.ts';
import type { Host } from '../host.ts';
import { checkedPath, fillTemplate } from '../storage/template.ts';
import { recordErrors } from './errors.ts';
import { applies, type RecordConfig, recordConfig } from './record-config.ts';
import type { RecordedFile, RecordWatcher } from './recorded-file.ts';
import { type RecordCounts, Recorder } from './recorder.ts';
import { RecordShare } from './share.ts';

/** The parts of a host that DVR needs. */
export type RecordHost = Pick<Host, 'clock' | 'log' | 'hub' | 'settings' | 'net' | 'limits'>;

/** What is no directive. */
export interface RecordServerOptions {
  /** The working directory, for watchers. */
  readonly cwd: string;
  /** Bytes that may wait for the disk of one stream. */
  readonly queueBytes?: number;
}

/** What a recording is doing; a plain object. */
export interface RecordState extends Readonly<RecordCounts> {
  readonly stream: string;
  /** Being written now. */
  readonly file: string | undefined;
  readonly pendingBytes: number;
  readonly fault: SrsxError | undefined;
}

interface Recording {
  readonly name: StreamName;
  readonly config: RecordConfig;
  readonly recorder: Recorder;
  /** Undefined while nobody publishes (plan append). */
  tap: Closer | undefined;
}

/** Open files that wait for another publisher (plan append). Chosen: names that come once must not use up all handles. */
const MAX_WAITING = 100;

/** Begins with the streams that are published already. `close` ends all files; `idle` says when they are complete. */
export class RecordServer implements Closer {
  readonly #host: RecordHost;
  readonly #options: RecordServerOptions;
  readonly #share = new RecordShare();
  readonly #watchers = new Set<RecordWatcher>();
  readonly #closers: readonly Closer[];
  /** By stream. Bounded by limits.streams. */
  readonly #recordings = new Map<string, Recording>();
  /** Files that are being completed after their stream has ended. */
  readonly #ending = new Set<Promise<void>>();

  constructor(host: RecordHost, options: RecordServerOptions) {
    this.#host = host;
    this.#options = options;
    this.#closers = [
      host.hub.watch({
        published: (stream) => this.#published(stream),
        unpublished: ({ name }) => this.#unpublished(name),
      }),
      host.settings.onChange(() => this.#reload()),
    ];
    this.#begin();
  }

  watch(on: RecordWatcher): Closer {
    const watcher: RecordWatcher = (file) => on(file);
    this.#watchers.add(watcher);
    return { close: () => void this.#watchers.delete(watcher) };
  }

  list(): RecordState[] {
    return [...this.#recordings.values()].map(({ name, config, recorder }) => ({
      ...recorder.counts,
      stream: streamUrl(name),
      file: recorder.path === undefined ? undefined : `${config.root}/${recorder.path}`,
      pendingBytes: recorder.pendingBytes,
      fault: recorder.fault,
    }));
  }

  close(): void {
    this.#share.stopping = true;
    for (const closer of this.#closers) closer.close();
    for (const key of [...this.#recordings.keys()]) this.#end(key);
  }

  /** Every file whose stream has ended is complete. */
  async idle(): Promise<void> {
    await Promise.all(this.#ending);
    await this.#share.finisher.idle();
  }

  #begin(): void {
    for (const stream of this.#host.hub.streams()) if (stream.published) this.#published(stream);
  }

  #published(stream: Stream): void {
    const key = streamKey(stream.name);
    const config = this.#configOf(stream.name);
    const known = this.#recordings.get(key);
    if (known !== undefined && isDeepStrictEqual(known.config, config)) {
      known.recorder.resume();
      known.tap = stream.tap((event) => known.recorder.on(event));
      return;
    }
    this.#end(key);
    if (config === undefined) return;
    this.#makeRoom();
    const recorder = this.#recorder(stream.name, config);
    const recording: Recording = { name: stream.name, config, recorder, tap: undefined };
    this.#recordings.set(key, recording);
    recording.tap = stream.tap((event) => recorder.on(event));
  }

  #configOf(name: StreamName): RecordConfig | undefined {
    const { settings, log } = this.#host;
    try {
      const config = recordConfig(settings, name.vhost);
      if (config === undefined || !applies(config.apply, name)) return undefined;
      if (config.plan === config.planWord) return config;
      const { code, message } = recordErrors.config('PLAN', { plan: config.planWord });
      log.error('record', message, { stream: streamUrl(name), code });
      return config;
    } catch (error) {
      const { code, message } = toSrsxError(error);
      log.error('record', 'the stream is not recorded', { stream: streamUrl(name), code, error: message });
      return undefined;
    }
  }

  #recorder(name: StreamName, config: RecordConfig): Recorder {
    const { clock, log, net } = this.#host;
    const { plan, segment, waitKey, times, remux, utc, template, root } = config;
    return new Recorder({
      clock,
      log: log.with({ stream: streamUrl(name) }),
      folder: net.folder(root),
      share: this.#share,
      ...(this.#options.queueBytes !== undefined && { queueBytes: this.#options.queueBytes }),
      rules: {
        ...{ waitKey, times, keep: plan === 'append' },
        segment: plan === 'segment' ? segment : undefined,
        // What is appended to later must stay fragmented until then; nobody knows when that is.
        remux,
      },
      pathOf: () => checkedPath(fillTemplate(template, { name, wall: clock.wall(), utc })),
      onFile: ({ path, sizeBytes, duration }) =>
        this.#tell({ name, cwd: this.#options.cwd, file: `${root}/${path}`, sizeBytes, duration }),
    });
  }

  #tell(file: RecordedFile): void {
    for (const watcher of this.#watchers) watcher(file);
  }

  #unpublished(name: StreamName): void {
    const key = streamKey(name);
    const recording = this.#recordings.get(key);
    if (recording?.config.plan !== 'append') {
      this.#end(key);
      return;
    }
    recording.tap?.close();
    recording.tap = undefined;
    // Behind the others: the one that has waited longest is complete first.
    this.#recordings.delete(key);
    this.#recordings.set(key, recording);
    const waiting = [...this.#recordings].filter(([, { tap }]) => tap === undefined);
    const [oldest] = waiting;
    if (oldest !== undefined && waiting.length > MAX_WAITING) this.#end(oldest[0]);
  }

  #end(key: string): void {
    const recording = this.#recordings.get(key);
    if (recording === undefined) return;
    this.#recordings.delete(key);
    recording.tap?.close();
    recording.recorder.end();
    const ending = recording.recorder.idle().then(() => void this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** Files that wait for another publisher go first, the oldest first. */
  #makeRoom(): void {
    if (this.#recordings.size < this.#host.limits.streams) return;
    for (const [key, { tap }] of this.#recordings) {
      if (tap !== undefined) continue;
      this.#end(key);
      return;
    }
  }

  /** Recordings whose settings are others now end; streams that are to be recorded begin. */
  #reload(): void {
    for (const [key, { name, config }] of [...this.#recordings]) {
      if (!isDeepStrictEqual(config, this.#configOf(name))) this.#end(key);
    }
    for (const stream of this.#host.hub.streams()) {
      if (stream.published && !this.#recordings.has(streamKey(stream.name))) this.#published(stream);
    }
  }
}
