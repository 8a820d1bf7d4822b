// Cuts the frames of one or several tracks into chunks of moof and mdat: the parts and segments of HLS and DASH, the
// fragments of a live stream and of a recording.
//
//   frames of a track:   a  b  c  d  e            push(e): a..d are complete, e is held
//   part by cut():      [a  b  c  d]               its end is the decode time of e, known exactly
//
// A sample's duration is the distance to the next frame of its track, so the newest frame of each track is held until
// its successor comes. Times are absolute ticks and durations their differences: 24 h of parts add up exactly.
import { concat, totalSize } from '../../base/bytes.ts';
import { defaultLimits, type Limits } from '../../base/limits.ts';
import { fromMs, fromSeconds, fromTicks, type Micros, toSeconds, toTicks } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import { Cadence } from './cadence.ts';
import { fragment, prft, type Sample, type TrackRun } from './fragment.ts';
import type { Mp4Track } from './mp4-track.ts';

/** One chunk: moof and mdat, with the numbers that playlists and manifests need. */
export interface Part {
  /** Shared with the frames: nobody may write to them. */
  readonly chunks: readonly Uint8Array[];
  /** Bytes of all chunks. */
  readonly size: number;
  /** Decode time of the first sample of the leading track. */
  readonly dts: Micros;
  /** Distance to the next part, as a difference of absolute times: durations of parts add up to the stream's. */
  readonly duration: Micros;
  /** The same on the leading track's clock, exact. */
  readonly ticks: { readonly start: number; readonly duration: number; readonly timescale: number };
  /** False: sound that went on while the picture paused; its duration is in that of the pictures around it. */
  readonly leading: boolean;
  /** A decoder may start at its first sample. */
  readonly join: boolean;
  /** A decoder may start somewhere in it (RFC 8216bis §4.4.4.9 INDEPENDENT). */
  readonly independent: boolean;
  /** Samples of all tracks. */
  readonly samples: number;
}

/** Where parts end, and how fragments are numbered. */
export interface CmafOptions {
  /**
   * A part ends before it would become longer than this (RFC 8216bis PART-TARGET). Without it, parts end only by
   * `cut`, and by the limits.
   */
  readonly partTime?: Micros;
  readonly limits?: Pick<Limits, 'openBytes'>;
  /** Sequence number of the first fragment; 1 by default. */
  readonly sequence?: number;
}

/** What a part may carry besides its samples. */
export interface CutOptions {
  /** Wall time (since 1970) of the part's first sample: writes a prft box in front. */
  readonly wall?: Micros;
}

/** Chosen: above any segment that playlists have; a writer that nobody cuts must not grow for ever. */
const MAX_PART_TIME = fromSeconds(60);
/** Chosen: sound goes on when the picture has stopped for this long; encoders send it less than a second apart. */
const PAUSE = fromSeconds(2);
/** The last duration of a track with a single video frame. Chosen: one frame of 25 for each second. */
const LONE_FRAME = fromMs(40);

/** Frames in, parts out. Frames of tracks that it was not made with are ignored. */
export class CmafWriter {
  #lanes: readonly Lane[] = [];
  #partTime: Micros = MAX_PART_TIME;
  readonly #maxBytes: number;
  #sequence: number;

  /** @param tracks the one with the lowest id leads: it decides about `dts`, `join` and part ends. */
  constructor(tracks: readonly Mp4Track[], options: CmafOptions = {}) {
    for (const track of tracks) this.add(track);
    this.partTime = options.partTime ?? MAX_PART_TIME;
    this.#maxBytes = (options.limits ?? defaultLimits).openBytes;
    this.#sequence = options.sequence ?? 1;
  }

  /** The track that decides about times and part ends. */
  get lead(): Mp4Track | undefined {
    return this.#lanes[0]?.track;
  }

  /** From the next frame on. */
  set partTime(time: Micros) {
    this.#partTime = Math.min(time, MAX_PART_TIME);
  }

  /** Adds a track; nothing happens when it is there. Players need a new init segment. */
  add(track: Mp4Track): void {
    if (this.#lanes.some((lane) => lane.track.id === track.id)) return;
    this.#lanes = [...this.#lanes, new Lane(track)].sort((a, b) => a.track.id - b.track.id);
  }

  /** Sequence number of the next fragment. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Duration of the complete samples of the leading track: what `cut` would give now. */
  get ready(): Micros {
    return this.#lanes[0]?.span ?? 0;
  }

  /**
   * Takes a frame, in decode order for each track. Returns the part that is full, which ends before the sample that
   * this frame completed.
   */
  push(frame: Frame): Part | undefined {
    const lane = this.#lanes.find(({ track }) => track.source.id === frame.track.id);
    if (lane === undefined) return undefined;
    const sample = lane.push(frame);
    if (sample === undefined) return undefined;
    const part = this.#isFull(lane, sample) ? this.#take({}) : undefined;
    lane.add(sample);
    return part;
  }

  /**
   * The complete samples of all tracks as one part; undefined when the leading track has none. Samples of other tracks
   * that begin behind the end of the leading one stay for the next part, so that parts are in order. To begin a segment at
   * a key frame: `push` it, then `cut`: everything before it belongs to the segment that ends.
   */
  cut(options: CutOptions = {}): Part | undefined {
    return this.#lanes[0]?.ready.length === 0 ? undefined : this.#take(options);
  }

  /** Everything that is there, the held frames too: their duration is that of their predecessors. */
  end(): Part | undefined {
    for (const lane of this.#lanes) lane.finish();
    return this.#take({}, true);
  }

  #isFull(lane: Lane, sample: Sample): boolean {
    const { timescale } = lane.track;
    const span = lane.ready.length === 0 ? 0 : fromTicks(sample.dts + sample.duration - lane.start, timescale);
    if (span > (lane === this.#lanes[0] ? this.#partTime : this.#patience())) return true;
    let bytes = sample.data.length;
    for (const other of this.#lanes) bytes += other.bytes;
    return bytes > this.#maxBytes;
  }

  /** How long other tracks wait for the leading one. */
  #patience(): Micros {
    return this.#lanes[0]?.ready.length === 0 ? PAUSE : MAX_PART_TIME;
  }

  #take({ wall }: CutOptions, all = false): Part | undefined {
    const lead = this.#lanes.find((lane) => lane.ready.length > 0);
    if (lead === undefined) return undefined;
    const { id, timescale } = lead.track;
    const start = lead.start;
    const end = lead.end;
    const until = all ? Number.POSITIVE_INFINITY : fromTicks(end, timescale);
    const runs: TrackRun[] = [];
    for (const lane of this.#lanes) {
      const taken = lane === lead ? lane.take() : lane.takeUntil(until);
      if (taken.length > 0) runs.push({ id: lane.track.id, samples: taken });
    }
    const samples = runs[0]?.samples ?? [];
    const chunks = fragment(this.#sequence, runs);
    this.#sequence = (this.#sequence + 1) >>> 0;
    if (wall !== undefined) chunks.unshift(prft(id, toSeconds(wall), start));
    // Sound alone does not help a player that came for the picture.
    const leading = lead === this.#lanes[0];
    return {
      chunks,
      size: totalSize(chunks),
      dts: fromTicks(start, timescale),
      duration: fromTicks(end, timescale) - fromTicks(start, timescale),
      ticks: { start, duration: end - start, timescale },
      leading,
      join: leading && samples[0]?.key === true,
      independent: leading && samples.some((sample) => sample.key),
      samples: runs.reduce((sum, run) => sum + run.samples.length, 0),
    };
  }
}

/** The bytes of a part in one array. */
export const partBytes = (part: Part): Uint8Array => concat(part.chunks, part.size);

interface Held {
  readonly dts: number;
  readonly offset: number;
  readonly frame: Frame;
}

/** The samples of one track that wait to be cut. */
class Lane {
  readonly track: Mp4Track;
  readonly #cadence: Cadence;
  #held: Held | undefined;
  #lastDuration: number | undefined;
  ready: Sample[] = [];
  bytes = 0;

  constructor(track: Mp4Track) {
    this.track = track;
    this.#cadence = new Cadence(track.timescale);
  }

  /** First tick of the complete samples. */
  get start(): number {
    return this.ready[0]?.dts ?? 0;
  }

  /** The tick behind the complete samples. */
  get end(): number {
    const last = this.ready[this.ready.length - 1];
    return last === undefined ? 0 : last.dts + last.duration;
  }

  get span(): Micros {
    return fromTicks(this.end - this.start, this.track.timescale);
  }

  /** Holds the frame; returns the sample that it completes. */
  push(frame: Frame): Sample | undefined {
    const { timescale } = this.track;
    const dts = this.#cadence.place(frame.dts, this.track.frameTicks(frame.data));
    const held = this.#held;
    // The composition time is rounded itself, not the distance, so that it does not wander with the decode time.
    const offset = frame.cts === 0 ? 0 : toTicks(frame.dts + frame.cts, timescale) - dts;
    this.#held = { dts, offset, frame };
    return held === undefined ? undefined : this.#complete(held, dts - held.dts);
  }

  add(sample: Sample): void {
    this.ready.push(sample);
    this.bytes += sample.data.length;
  }

  take(): readonly Sample[] {
    const samples = this.ready;
    this.ready = [];
    this.bytes = 0;
    return samples;
  }

  /** The samples that begin before a time. */
  takeUntil(time: Micros): readonly Sample[] {
    const { ready } = this;
    let count = 0;
    while (count < ready.length && fromTicks((ready[count] as Sample).dts, this.track.timescale) < time) count++;
    if (count === ready.length) return this.take();
    this.ready = ready.slice(count);
    const taken = ready.slice(0, count);
    for (const sample of taken) this.bytes -= sample.data.length;
    return taken;
  }

  /** No frame follows: the held one is as long as its codec says, or as the one before. */
  finish(): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    const duration =
      this.track.frameTicks(held.frame.data) ?? this.#lastDuration ?? toTicks(LONE_FRAME, this.track.timescale);
    this.add(this.#complete(held, duration));
  }

  #complete(held: Held, duration: number): Sample {
    this.#lastDuration = duration;
    const { key, data } = held.frame;
    return { dts: held.dts, duration: Math.min(duration, MAX_TICKS), offset: held.offset, key, data };
  }
}

/** A duration has 32 bits; a pause of more than 13 hours at 90 kHz is told by the next tfdt alone. */
const MAX_TICKS = 0xffffffff;
