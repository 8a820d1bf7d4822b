// One stream as DASH has it: from its first publication until what it left is thrown away.
import type { SrsxError } from '../../base/errors.ts';
import type { Closer } from '../../base/link.ts';
import { guard, type Session } from '../../base/session.ts';
import type { Micros } from '../../base/time.ts';
import type { Host } from '../../control/host.ts';
import type { Shelf } from '../../control/storage/shelf.ts';
import { checkedPath, fillTemplate, folderOf } from '../../control/storage/template.ts';
import { type DashManifest, DashStore, writeMpd } from '../../format/dash/index.ts';
import { type SegmentEvent, TrackSegmenter } from '../../format/hls/index.ts';
import type { MediaEvent } from '../../media/demuxer.ts';
import type { Stream } from '../../media/stream.ts';
import { type StreamName, streamUrl } from '../../media/stream-name.ts';
import { Waiters } from '../../wire/http/waiters.ts';
import type { DashConfig } from './config.ts';
import { DashDisk } from './disk.ts';
import { dashErrors } from './errors.ts';

/** A file of a stream. */
export interface DashEntry {
  readonly owner: Channel;
  readonly kind: 'manifest' | 'media';
  /** Empty for a manifest, which is written when it is asked for. */
  readonly bytes: Uint8Array;
}

/** What a channel is made of. */
export interface ChannelOptions {
  readonly host: Host;
  readonly config: DashConfig;
  readonly name: StreamName;
  readonly shelf: Shelf<DashEntry>;
  /** What still works on the files of this stream. */
  readonly after: Promise<void>;
}

/**
 * published --> live -- unpublished --> ended -- dispose --> gone
 *                 '------ published <-----'
 */
export class Channel implements Session {
  readonly name: StreamName;
  readonly config: DashConfig;
  readonly waiters = new Waiters();
  readonly #options: ChannelOptions;
  readonly #segmenter: TrackSegmenter;
  readonly #store: DashStore;
  readonly #disk: DashDisk | undefined;
  /** Where its manifest is, and, with a slash at its end, the folder of its segments. */
  readonly place: string;
  readonly #folder: string;
  #publishTime: Micros = 0;
  #stream: Stream | undefined;
  #tap: Closer | undefined;
  #endedAt: Micros | undefined;

  /** Throws STORAGE_PATH when the template gives a path that is not allowed. */
  constructor(options: ChannelOptions) {
    const { host, config, name, shelf, after } = options;
    const { fragment, segmentBytes, segments, window, storeBytes: bytes, disk, queueBytes } = config;
    this.#options = options;
    this.name = name;
    this.config = config;
    this.place = checkedPath(fillTemplate(config.manifest, { name, utc: config.utc, wall: host.clock.wall() }));
    const beside = folderOf(this.place);
    this.#folder = `${checkedPath(`${beside === '' ? '' : `${beside}/`}${name.stream}`)}/`;
    const cut = { fragment, ratio: 1, overflowRatio: OVERFLOW, waitKey: true, sound: 'fragment' as const };
    this.#segmenter = new TrackSegmenter({ ...cut, segmentBytes, limits: host.limits });
    this.#store = new DashStore({ segments, window, bytes });
    const files = { manifest: this.place, folder: this.#folder, queueBytes };
    this.#disk = disk === undefined ? undefined : new DashDisk({ ...files, host, name, config: disk }, after);
    shelf.put(this.place, { owner: this, kind: 'manifest', bytes: NOTHING });
  }

  /** When what is left of the stream may go. */
  get deadline(): Micros {
    const { dispose } = this.config;
    return this.#endedAt === undefined || dispose === 0 ? Number.POSITIVE_INFINITY : this.#endedAt + dispose;
  }

  get live(): boolean {
    return this.#tap !== undefined;
  }

  /** There is something to play. */
  get ready(): boolean {
    return this.#store.availabilityStart !== undefined;
  }

  /** The manifest as it is now. */
  text(): string {
    return writeMpd(this.#describe(this.#options.host.clock.wall()));
  }

  /** A publisher has come. */
  begin(stream: Stream): void {
    this.#stop();
    this.#stream = stream;
    this.#endedAt = undefined;
    this.#tap = stream.tap((event) => this.#on(event));
  }

  /** The publisher has left. */
  end(): void {
    this.#stop();
    this.#endedAt = this.#options.host.clock.now();
  }

  /** Bytes that players got. */
  sent(bytes: number): void {
    if (this.#stream !== undefined) this.#stream.sentBytes += bytes;
  }

  /** Refuses the requests that have waited too long. */
  tick(now: Micros): void {
    this.waiters.expire(now);
  }

  /** Nothing comes by itself. */
  receive(): void {
    // Frames come by the tap.
  }

  /** Segmenting failed, or the stream is forgotten. The publisher is not touched. */
  close(reason: SrsxError | undefined): void {
    if (reason !== undefined) {
      const { code, message: error } = reason;
      this.#options.host.log.error('dash', 'segmenting ended', { stream: streamUrl(this.name), code, error });
    }
    this.#tap?.close();
    this.#tap = undefined;
    this.waiters.refuseAll(dashErrors.refused('NO_STREAM', { stream: streamUrl(this.name) }));
  }

  /** Takes everything off the shelf and, with `files`, off the disk; resolves when the disk is left alone. */
  async forget({ files }: { readonly files: boolean }): Promise<void> {
    this.close(undefined);
    const { shelf } = this.#options;
    shelf.drop(this.place, this);
    for (const { name } of this.#store.files()) shelf.drop(this.#folder + name, this);
    await (files ? this.#disk?.dispose() : this.#disk?.idle());
  }

  #stop(): void {
    if (this.#tap === undefined) return;
    this.#tap.close();
    this.#tap = undefined;
    guard(this, this.#options.host.clock.now(), () => this.#add(this.#segmenter.end()));
  }

  #on(event: MediaEvent): void {
    const { clock } = this.#options.host;
    guard(this, clock.now(), () => {
      const made =
        event.type === 'tracks'
          ? this.#segmenter.retrack(event.tracks)
          : this.#segmenter.write(event.frame, clock.wall());
      this.#add(made);
    });
  }

  #add(events: readonly SegmentEvent[]): void {
    const { shelf, host } = this.#options;
    for (const event of events) {
      if (event.type !== 'segment') continue;
      const change = this.#store.add(event.segment);
      this.#publishTime = host.clock.wall();
      for (const { name, bytes } of change.came) {
        shelf.put(this.#folder + name, { owner: this, kind: 'media', bytes });
      }
      for (const { name } of change.gone) shelf.drop(this.#folder + name, this);
      // Who reads a file reads it later: it says no time.
      this.#disk?.write(change, this.#describe(undefined));
    }
    if (events.length > 0) this.waiters.wake();
  }

  #describe(now: Micros | undefined): DashManifest {
    const { availabilityStart = 0, longest, span, periods } = this.#store;
    const { updatePeriod, window } = this.config;
    return {
      ...{ availabilityStart, publishTime: this.#publishTime, periods, now },
      baseUrl: `${encodeURIComponent(this.name.stream)}/`,
      segmentDuration: longest,
      updatePeriod: Math.min(updatePeriod, longest),
      timeShift: Math.max(window, span),
    };
  }
}

const NOTHING = new Uint8Array();
/** SRS: hls_aof_ratio; a GOP without end must not become a segment without end. */
const OVERFLOW = 2.1;
