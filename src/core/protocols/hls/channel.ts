// One stream as HLS has it: from its first publication until what it left is thrown away.
import type { SrsxError } from '../../base/errors.ts';
import type { Closer } from '../../base/link.ts';
import { randomId } from '../../base/rng.ts';
import { guard, type Session } from '../../base/session.ts';
import type { Micros } from '../../base/time.ts';
import type { Host } from '../../control/host.ts';
import type { SegmentFile } from '../../control/storage/segment-file.ts';
import type { Shelf } from '../../control/storage/shelf.ts';
import type { StoredSegment } from '../../format/hls/index.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import type { Stream } from '../../media/stream.ts';
import { type StreamName, streamUrl } from '../../media/stream-name.ts';
import type { Track } from '../../media/track.ts';
import { ClassicForm } from './classic-form.ts';
import type { HlsConfig } from './config.ts';
import { HlsDisk } from './disk.ts';
import { hlsErrors } from './errors.ts';
import { LowForm } from './low-form.ts';
import { Names } from './names.ts';
import { PartForecast } from './part-forecast.ts';
import { Paths } from './paths.ts';
import { Rendition } from './rendition.ts';

/** Characters of a run's id: 36^6 runs of one name before a cache may mix two. */
const RUN_LETTERS = 6;

/** Chosen: classic players are three segments behind, and one may be complete so much of its length later. */
const PATIENT_PART = 0.1;

/** A file of a stream that a template named. */
export interface HlsFile {
  readonly owner: Channel;
  readonly kind: 'playlist' | 'ts' | 'fmp4' | 'key';
  /** Empty for a playlist, which is written when it is asked for. */
  readonly bytes: Uint8Array;
}

/** What a channel is made of. */
export interface ChannelOptions {
  readonly host: Host;
  readonly config: HlsConfig;
  readonly name: StreamName;
  readonly shelf: Shelf<HlsFile>;
  /** What still works on the files of this stream. */
  readonly after: Promise<void>;
}

/**
 * published --> live -- unpublished --> ended -- dispose --> gone
 *                 '------ published <-----'
 */
export class Channel implements Session {
  readonly name: StreamName;
  readonly names: Names;
  readonly config: HlsConfig;
  /** Of the classic form. */
  readonly paths: Paths;
  readonly classic: Rendition<ClassicForm> | undefined;
  readonly low: Rendition<LowForm> | undefined;
  /** Both, as far as they are served. */
  readonly renditions: readonly Rendition[];
  readonly #options: ChannelOptions;
  readonly #disk: HlsDisk | undefined;
  readonly #forecast = new PartForecast();
  #stream: Stream | undefined;
  #tap: Closer | undefined;
  #endedAt: Micros | undefined;

  /** Throws STORAGE_PATH when a template gives a path that is not allowed. */
  constructor(options: ChannelOptions) {
    const { host, config, name, shelf } = options;
    this.#options = options;
    this.name = name;
    this.config = config;
    this.names = new Names(name.stream, randomId(host.rng, RUN_LETTERS));
    this.paths = new Paths(name, config.names, config.fragment);
    this.classic = config.classic ? this.#makeClassic() : undefined;
    this.low = config.lowLatency ? new Rendition({ config, form: new LowForm(host, config, this.names) }) : undefined;
    this.renditions = [this.classic, this.low].filter((rendition) => rendition !== undefined);
    this.#disk = this.#makeDisk();
    if (this.classic !== undefined) {
      shelf.put(this.paths.playlist, { owner: this, kind: 'playlist', bytes: NOTHING });
    }
  }

  /** When what is left of the stream may go. */
  get deadline(): Micros {
    const { dispose } = this.config;
    return this.#endedAt === undefined || dispose === 0 ? Number.POSITIVE_INFINITY : this.#endedAt + dispose;
  }

  get live(): boolean {
    return this.#tap !== undefined;
  }

  /** A publisher has come. */
  begin(stream: Stream): void {
    this.#stop();
    this.#stream = stream;
    this.#endedAt = undefined;
    this.#disk?.begin();
    const patience = (): Micros => this.#patience();
    this.#tap = stream.tap((event) => this.#on(event), { fromGop: false, patience });
  }

  /** The publisher has left. */
  end(): void {
    this.#stop();
    this.#endedAt = this.#options.host.clock.now();
  }

  /** Of sound and picture, as the publisher has them or had them last. */
  get tracks(): readonly Track[] {
    return (this.#stream?.tracks ?? []).filter(({ kind }) => kind !== 'data');
  }

  /** Bytes that players got. */
  sent(bytes: number): void {
    if (this.#stream !== undefined) this.#stream.sentBytes += bytes;
  }

  /** Refuses the requests that have waited too long. */
  tick(now: Micros): void {
    for (const rendition of this.renditions) rendition.waiters.expire(now);
  }

  /** Nothing comes by itself. */
  receive(): void {
    // Frames come by the tap.
  }

  /** Segmenting failed, or the stream is forgotten. The publisher is not touched. */
  close(reason: SrsxError | undefined): void {
    if (reason !== undefined) {
      this.#options.host.log.error('hls', 'segmenting ended', {
        stream: streamUrl(this.name),
        code: reason.code,
        error: reason.message,
      });
    }
    this.#tap?.close();
    this.#tap = undefined;
    const gone = hlsErrors.refused('NO_STREAM', { stream: streamUrl(this.name) });
    for (const rendition of this.renditions) {
      rendition.halt();
      rendition.waiters.refuseAll(gone);
    }
  }

  /** Takes everything off the shelf and, with `files`, off the disk; resolves when the disk is left alone. */
  async forget({ files }: { readonly files: boolean }): Promise<void> {
    this.close(undefined);
    this.#options.shelf.drop(this.paths.playlist, this);
    for (const segment of this.classic?.store.all ?? []) this.#drop(segment, []);
    await (files ? this.#disk?.dispose() : this.#disk?.idle());
  }

  #makeClassic(): Rendition<ClassicForm> {
    const { host, config } = this.#options;
    return new Rendition({
      config,
      form: new ClassicForm(host, config, this.paths),
      onSegment: (segment) => {
        this.#shelve(segment);
        if (this.#disk !== undefined) this.#disk.add(segment);
        // Without a file there is nothing that on_hls could name, but the segment can be fetched.
        else this.#options.host.hooks.hlsNotify(this.#fileOf(segment));
      },
      onForget: (segment) => this.#drop(segment, this.classic?.store.all ?? []),
    });
  }

  #makeDisk(): HlsDisk | undefined {
    const { host, config, name, after } = this.#options;
    const { disk } = config;
    const { classic, paths } = this;
    if (disk === undefined || classic === undefined) return undefined;
    const made = new HlsDisk({
      ...{ host, name, paths, form: classic.form, config: { ...config, disk } },
      onWritten: (segment) => {
        const file = this.#fileOf(segment);
        host.hooks.hls(file);
        host.hooks.hlsNotify(file);
      },
      onDisconnect: (error) => this.#stream?.evict(error),
    });
    classic.hold();
    void made.recover(after).then((point) => guard(this, host.clock.now(), () => classic.resume(point)));
    return made;
  }

  /** The fields of on_hls. */
  #fileOf({ path = '', sequence, duration }: StoredSegment): SegmentFile {
    const { name, paths, config } = this;
    const root = config.disk?.root ?? '.';
    const uri = paths.segmentUri(path);
    return {
      ...{ name, sequence, duration },
      file: `${root}/${path}`,
      url: /^[a-z][a-z0-9+.-]*:/i.test(uri) ? uri : path,
      m3u8: `${root}/${paths.playlist}`,
      m3u8Url: paths.playlist,
    };
  }

  #shelve({ path = '', bytes, key, init }: StoredSegment): void {
    const { shelf } = this.#options;
    shelf.put(path, { owner: this, kind: init === undefined ? 'ts' : 'fmp4', bytes });
    if (key !== undefined) shelf.put(key.path, { owner: this, kind: 'key', bytes: key.bytes });
    const initPath = init && this.classic?.form.initPath(init);
    if (init !== undefined && initPath !== undefined) {
      shelf.put(initPath, { owner: this, kind: 'fmp4', bytes: init });
    }
  }

  /** Keys and init segments go with the last segment that needs them. */
  #drop({ path = '', key, init }: StoredSegment, left: readonly StoredSegment[]): void {
    const { shelf } = this.#options;
    shelf.drop(path, this);
    if (key !== undefined && !left.some((other) => other.key === key)) shelf.drop(key.path, this);
    const initPath = init && this.classic?.form.initPath(init);
    if (initPath !== undefined && !left.some((other) => other.init === init)) shelf.drop(initPath, this);
  }

  #stop(): void {
    if (this.#tap === undefined) return;
    this.#tap.close();
    this.#tap = undefined;
    this.#forecast.reset();
    guard(this, this.#options.host.clock.now(), () => {
      for (const rendition of this.renditions) rendition.end();
    });
  }

  #on(event: MediaEvent): void {
    const { clock } = this.#options.host;
    const now = clock.now();
    const { low } = this;
    const before = low?.store.version;
    guard(this, now, () => {
      for (const rendition of this.renditions) {
        if (event.type === 'tracks') rendition.retrack(event.tracks);
        else rendition.write(event.frame, clock.wall());
      }
    });
    if (event.type !== 'frame' || low === undefined || low.store.version === before) return;
    const { nextSequence: sequence, listed } = low.store;
    this.#forecast.made({ dts: event.frame.dts, now, sequence, segment: listed.at(-1)?.duration ?? low.form.target });
  }

  /** How long all players can wait for what the publisher sends: nobody sees a frame before its part or segment. */
  #patience(): Micros {
    const { classic, low, config } = this;
    const segments = classic === undefined ? Number.POSITIVE_INFINITY : config.fragment * PATIENT_PART;
    if (low === undefined) return segments;
    return Math.min(segments, this.#forecast.patience(this.#options.host.clock.now(), low.form.segmenter.partStep));
  }
}

const NOTHING = new Uint8Array();
