// One stream: at most one publisher, any number of players and taps, and what is cached for those who come late.
import type { Clock } from '../base/clock.ts';
import type { SrsxError } from '../base/errors.ts';
import type { Limits } from '../base/limits.ts';
import type { Closer, Link } from '../base/link.ts';
import type { Micros } from '../base/time.ts';
import type { MediaEvent } from './demuxer.ts';
import { streamErrors } from './errors.ts';
import { type Cursor, Feed, noPacing, type Pacing } from './feed.ts';
import type { Frame } from './frame.ts';
import { GopCache } from './gop.ts';
import { Interleaver } from './interleave.ts';
import type { Format } from './muxer.ts';
import { Pulse } from './pulse.ts';
import { RecentSound } from './recent-sound.ts';
import { type StreamName, streamUrl } from './stream-name.ts';
import { Timeline, type TimelineMode } from './timeline.ts';
import { sameMedia, type Track } from './track.ts';

export interface StreamOptions {
  readonly clock: Clock;
  readonly limits: Limits;
  /** SRS: gop_cache. */
  readonly gopCache: boolean;
  /** Default merge window of its feeds (SRS: mw_latency). */
  readonly mergeWindow: Micros;
  /** Default: full. */
  readonly timeline?: TimelineMode;
  /** SRS: mix_correct; default: off. */
  readonly interleave?: boolean;
  /** Players of sound alone begin so far in the past (SRS: fast_cache); default: 0. */
  readonly soundCache?: Micros;
  /** Nobody publishes, plays or taps any more. */
  readonly onIdle: (stream: Stream) => void;
  readonly onPublished: (stream: Stream) => void;
  readonly onUnpublished: (stream: Stream) => void;
}

export interface PublishOptions {
  /** What happens when somebody publishes already: the newcomer is refused (SRS), or takes over. */
  readonly policy: 'refuse' | 'takeover';
  /** This publication was ended by somebody else: taken over or kicked. */
  readonly onEvicted: (reason: SrsxError) => void;
}

/** The right to write into a stream, held by one publisher. Calls after the end do nothing. */
export interface Publication {
  readonly stream: Stream;
  retrack(tracks: readonly Track[]): void;
  /** Frames in decode order for each track, with the publisher's own times. */
  write(frame: Frame): void;
  /** How long all who watch can wait for a frame: so seldom the publisher may be read. */
  patience(): Micros;
  /** What had come was written, and the publisher is not read again for `next`. */
  batch(next: Micros): void;
  end(): void;
}

export interface TapOptions {
  /** Start with the cached frames since the last key frame. */
  readonly fromGop: boolean;
  /** Wants no frames, and does not count as somebody who watches. */
  readonly tracksOnly?: true;
  /** How long it can wait for what comes next; by default not at all. Asked often. */
  readonly patience?: () => Micros;
}

interface Tap {
  readonly on: (event: MediaEvent) => void;
  readonly patience: () => Micros;
}

const impatient = (): Micros => 0;

export class Stream {
  readonly name: StreamName;
  readonly #options: StreamOptions;
  readonly #gop: GopCache;
  readonly #recent: RecentSound;
  readonly #timeline: Timeline;
  /** Undefined: frames go on as they come. */
  #interleaver: Interleaver | undefined;
  readonly #feeds = new Map<string, Feed>();
  readonly #taps = new Set<Tap>();
  readonly #trackTaps = new Set<Tap>();
  readonly #endings = new Set<() => void>();
  #tracks: readonly Track[] = [];
  #publication: (Publication & { evict(reason: SrsxError): void }) | undefined;
  /** One publisher goes because another one comes: whoever lets go meanwhile, the stream is not over. */
  #changing = false;
  readonly #samples = new Map<number, Uint8Array>();
  /** Frames written since the stream exists, by kind. */
  readonly frames = { video: 0, audio: 0, data: 0 };
  /** Frames of a picture that no decoder could use, because no key frame had come yet. */
  headless = 0;
  #headless = true;
  /** Media bytes written, and bytes given to players. */
  receivedBytes = 0;
  sentBytes = 0;
  /** Packets that players jumped over because they were too slow. */
  droppedPackets = 0;
  /** Players that got their first media, and how long all of them together waited for it. */
  readonly starts = { count: 0, time: 0 };
  readonly pulse = new Pulse();

  constructor(name: StreamName, options: StreamOptions) {
    this.name = name;
    this.#options = options;
    this.#timeline = new Timeline(options.timeline);
    this.#recent = new RecentSound(options.soundCache ?? 0);
    this.#gop = new GopCache(options.gopCache ? options.limits : { gopFrames: 0, gopBytes: 0 });
  }

  get tracks(): readonly Track[] {
    return this.#tracks;
  }

  get published(): boolean {
    return this.#publication !== undefined;
  }

  /** Cursors of all feeds. */
  get players(): number {
    let count = 0;
    for (const feed of this.#feeds.values()) count += feed.cursors;
    return count;
  }

  /** Whether somebody plays it, or takes its frames. */
  get watched(): boolean {
    return this.#feeds.size > 0 || this.#taps.size > 0;
  }

  /** The newest frame of a track whose codec has no configuration and describes itself in each frame. */
  sample(trackId: number): Uint8Array | undefined {
    return this.#samples.get(trackId);
  }

  /** How much media the slowest player has still to be given. */
  get lag(): Micros {
    let lag = 0;
    for (const feed of this.#feeds.values()) lag = Math.max(lag, feed.lag);
    return lag;
  }

  /** Repairs of time stamps so far. */
  get repairs(): { readonly jumps: number; readonly lifts: number } {
    return { jumps: this.#timeline.jumps, lifts: this.#timeline.lifts };
  }

  /** The newest decode time written. */
  get newest(): Micros | undefined {
    return this.#timeline.newest;
  }

  /** Begins to publish; throws STREAM_BUSY when the policy refuses. */
  publish(options: PublishOptions): Publication {
    if (this.#publication !== undefined) {
      if (options.policy === 'refuse') throw streamErrors.refused('BUSY', { stream: streamUrl(this.name) });
      this.#changing = true;
      try {
        this.#publication.evict(streamErrors.refused('TAKEN', { stream: streamUrl(this.name) }));
      } finally {
        this.#changing = false;
      }
    }
    this.#timeline.restart();
    this.#interleaver = this.#options.interleave === true ? new Interleaver() : undefined;
    this.#headless = true;
    this.pulse.restart(this.#options.clock.now());
    const publication = {
      stream: this,
      retrack: (tracks: readonly Track[]) => this.#publication === publication && this.#retrack(tracks),
      write: (frame: Frame) => this.#publication === publication && this.#write(frame),
      patience: () => this.#patience(),
      batch: (next: Micros) => {
        for (const feed of this.#feeds.values()) feed.batch(next);
      },
      end: () => {
        if (this.#publication !== publication) return;
        this.#end();
        this.#settle();
      },
      evict: (reason: SrsxError) => {
        this.#end();
        options.onEvicted(reason);
      },
    };
    this.#publication = publication;
    this.#options.onPublished(this);
    return publication;
  }

  /** Ends the publication from outside; its publisher is told. */
  evict(reason: SrsxError): void {
    this.#publication?.evict(reason);
    this.#settle();
  }

  /**
   * Adds a player: header, then everything from the newest join point, then live. A player may come before the
   * publisher and stays when the publisher leaves. The caller closes the cursor when the link ends.
   */
  play(format: Format, link: Link, mergeWindow: Micros = this.#options.mergeWindow, pacing: Pacing = noPacing): Cursor {
    const key = `${format.key}@${mergeWindow}/${pacing.messages}/${pacing.interval}`;
    let feed = this.#feeds.get(key);
    if (feed === undefined) {
      feed = this.#open(format, mergeWindow, pacing);
      this.#feeds.set(key, feed);
    }
    const cursor = feed.attach(link);
    const close = cursor.close.bind(cursor);
    cursor.close = () => {
      close();
      if (feed.cursors > 0 || this.#feeds.get(key) !== feed) return;
      this.#feeds.delete(key);
      this.#settle();
    };
    return cursor;
  }

  /** Gives frames, not packets: for recorders, segmenters and bridges. Starts with the current tracks. */
  tap(on: (event: MediaEvent) => void, options: TapOptions = { fromGop: false }): Closer {
    const { fromGop, tracksOnly, patience = impatient } = options;
    const tap: Tap = { on, patience };
    const taps = tracksOnly === true ? this.#trackTaps : this.#taps;
    taps.add(tap);
    if (this.#tracks.length > 0) on({ type: 'tracks', tracks: this.#tracks });
    if (fromGop && tracksOnly !== true) for (const frame of this.#gop.frames) on({ type: 'frame', frame });
    return {
      close: () => {
        if (taps.delete(tap)) this.#settle();
      },
    };
  }

  /** Who publishes says that its times are absolute: they are kept as they are (SRS: atc). Until another one publishes. */
  keepTimes(): void {
    this.#timeline.keep();
  }

  /** Calls `ended` each time a publication ends, until closed. */
  onEnd(ended: () => void): Closer {
    const entry = (): void => ended();
    this.#endings.add(entry);
    return { close: () => void this.#endings.delete(entry) };
  }

  /** Those who take frames want each at once unless they say otherwise; of those who come later nobody is known yet. */
  #patience(): Micros {
    let patience = this.#options.mergeWindow;
    for (const tap of this.#taps) patience = Math.min(patience, tap.patience());
    for (const { mergeWindow, paced } of this.#feeds.values()) patience = Math.min(patience, paced ? 0 : mergeWindow);
    return patience;
  }

  #open(format: Format, mergeWindow: Micros, pacing: Pacing): Feed {
    const { clock, limits } = this.#options;
    const { soundOnly = false } = format;
    const past = soundOnly ? this.#recent.span : 0;
    const feed = new Feed(format, {
      clock,
      limits,
      mergeWindow,
      pacing,
      past,
      onSent: (bytes) => {
        this.sentBytes += bytes;
      },
      onDropped: (packets) => {
        this.droppedPackets += packets;
      },
      onStart: (waited) => {
        this.starts.count++;
        this.starts.time += waited;
      },
    });
    if (this.#tracks.length > 0) feed.retrack(this.#tracks);
    for (const frame of past > 0 ? this.#recent.frames : this.#gop.frames) feed.write(frame);
    return feed;
  }

  #retrack(tracks: readonly Track[]): void {
    const limit = this.#options.limits.tracks;
    if (tracks.length > limit) throw streamErrors.limit('TRACKS', { count: tracks.length, limit });
    const changed = !sameMedia(tracks, this.#tracks);
    // New metadata alone is no reason to lose the cached frames.
    const breaks = this.#gop.frames.length === 0 || changed;
    // Frames that are held back still belong to the tracks of before.
    if (changed) for (const frame of this.#interleaver?.flush() ?? []) this.#put(frame);
    this.#tracks = tracks;
    if (breaks) this.#gop.retrack(tracks);
    if (changed) this.#recent.clear();
    for (const feed of this.#feeds.values()) feed.retrack(tracks, breaks);
    for (const tap of this.#taps) tap.on({ type: 'tracks', tracks });
    for (const tap of this.#trackTaps) tap.on({ type: 'tracks', tracks });
  }

  #write(raw: Frame): void {
    if (this.#interleaver === undefined) this.#put(raw);
    else for (const frame of this.#interleaver.push(raw)) this.#put(frame);
  }

  #put(raw: Frame): void {
    if (this.#headless && raw.track.kind === 'video') {
      if (!raw.key) {
        this.headless++;
        return;
      }
      this.#headless = false;
    }
    const dts = this.#timeline.repair(raw.track.id, raw.dts);
    const { track, cts, key, data } = raw;
    const frame: Frame = dts === raw.dts ? raw : { track, dts, cts, key, data };
    this.frames[track.kind]++;
    if (this.pulse.firstFrame === undefined) this.pulse.start(this.#options.clock.now());
    this.pulse.note(frame);
    this.receivedBytes += data.length;
    if (track.config.length === 0) this.#samples.set(track.id, data);
    this.#gop.push(frame);
    if (track.kind === 'audio') this.#recent.push(frame);
    for (const feed of this.#feeds.values()) feed.write(frame);
    if (this.#taps.size === 0) return;
    const event: MediaEvent = { type: 'frame', frame };
    for (const tap of this.#taps) tap.on(event);
  }

  #end(): void {
    for (const frame of this.#interleaver?.flush() ?? []) this.#put(frame);
    this.#interleaver = undefined;
    this.#publication = undefined;
    for (const feed of this.#feeds.values()) feed.end();
    // A player that comes between two publishers would see a picture that nobody sends any more.
    this.#gop.clear();
    this.#recent.clear();
    this.#samples.clear();
    this.#options.onUnpublished(this);
    for (const ended of this.#endings) ended();
  }

  #settle(): void {
    if (this.#changing || this.#publication !== undefined || this.watched || this.#trackTaps.size > 0) return;
    this.#options.onIdle(this);
  }
}
