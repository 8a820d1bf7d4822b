// Frames to CMAF segments that come in parts: what low-latency HLS serves.
//
//   frame -> roster (all tracks described?) -> pace (length of a frame known?) -> CmafWriter -> parts -> segment
//
// A part is given out as soon as the frame behind its last one has come; a segment ends with the part before a key frame.
import { concat } from '../../base/bytes.ts';
import type { Limits } from '../../base/limits.ts';
import { fromTicks, type Micros } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import { sameMedia, type Track } from '../../media/track.ts';
import { CmafWriter, initSegment, type Part, partBytes, Roster } from '../fmp4/index.ts';
import { type CutSettings, cutsBefore, leadOf } from './cut-rule.ts';
import { DateAnchor } from './date-anchor.ts';
import { PartPace } from './part-pace.ts';
import type { SegmentEvent, SegmentHead } from './segment.ts';

/** Where segments and parts end, and what bounds them. */
export interface CmafSegmenterOptions extends CutSettings {
  /** Wanted length of a part; the real one is a whole number of frames. */
  readonly partTime: Micros;
  /** A segment ends before it has more bytes than this. */
  readonly segmentBytes: number;
  readonly limits: Pick<Limits, 'openBytes'>;
}

interface Waiting {
  readonly frame: Frame;
  readonly wall: Micros;
}

interface Open {
  readonly head: SegmentHead;
  readonly parts: Uint8Array[];
  duration: Micros;
  size: number;
}

/** Chosen: frames that wait for the pace to be known; a second of any stream. */
const MAX_WAITING = 500;

/** Frames of tracks that fMP4 does not carry are left out. */
export class CmafSegmenter {
  readonly #options: CmafSegmenterOptions;
  readonly #dates = new DateAnchor();
  #tracks: readonly Track[] = [];
  #roster: Roster | undefined;
  #pace: PartPace;
  #writer: CmafWriter | undefined;
  #sequence = 1;
  #init = new Uint8Array();
  #lead: Track | undefined;
  #waiting: Waiting[] = [];
  #open: Open | undefined;
  /** Where the open segment began, by the leading track. */
  #start: Micros | undefined;
  #broken = false;
  #begun = false;
  #wall: Micros = 0;

  constructor(options: CmafSegmenterOptions) {
    this.#options = options;
    this.#pace = new PartPace(options.partTime);
  }

  /** The length that no part is longer than; undefined until the first frames have come. */
  get partTarget(): Micros | undefined {
    return this.#pace.known ? this.#pace.target : undefined;
  }

  /** The usual distance from one part to the next; undefined until the first frames have come. */
  get partStep(): Micros | undefined {
    return this.#pace.known ? this.#pace.nominal : undefined;
  }

  retrack(tracks: readonly Track[]): SegmentEvent[] {
    if (sameMedia(tracks, this.#tracks)) return [];
    const events = this.#finish();
    this.#tracks = tracks;
    this.#roster = new Roster(tracks);
    return events;
  }

  write(frame: Frame, wall: Micros): SegmentEvent[] {
    const events: SegmentEvent[] = [];
    this.#wall = wall;
    for (const ready of this.#roster?.push(frame) ?? []) this.#take(ready, wall, events);
    return events;
  }

  /** The publication is over; what comes next is another timeline. */
  end(): SegmentEvent[] {
    const events = this.#finish();
    this.#tracks = [];
    this.#roster = undefined;
    this.#dates.reset();
    return events;
  }

  #finish(): SegmentEvent[] {
    const events: SegmentEvent[] = [];
    if (this.#roster?.ready === false) for (const frame of this.#roster.settle()) this.#take(frame, this.#wall, events);
    if (this.#waiting.length > 0) this.#pace.settle();
    this.#release(events);
    const part = this.#writer?.end();
    if (part !== undefined) this.#addPart(part, events);
    this.#close(events);
    this.#sequence = this.#writer?.sequence ?? this.#sequence;
    this.#writer = undefined;
    this.#start = undefined;
    this.#broken = this.#begun;
    this.#pace = new PartPace(this.#options.partTime);
    return events;
  }

  #take(frame: Frame, wall: Micros, events: SegmentEvent[]): void {
    const writer = (this.#writer ??= this.#begin());
    const lead = writer.lead;
    if (lead?.source.id === frame.track.id && !this.#pace.known) {
      const ticks = lead.frameTicks(frame.data);
      this.#pace.learn(frame.dts, ticks === undefined ? undefined : fromTicks(ticks, lead.timescale));
    }
    this.#waiting.push({ frame, wall });
    if (this.#waiting.length >= MAX_WAITING) this.#pace.settle();
    if (this.#pace.known) this.#release(events);
  }

  #release(events: SegmentEvent[]): void {
    const writer = this.#writer;
    const waiting = this.#waiting;
    if (writer === undefined || waiting.length === 0) return;
    this.#waiting = [];
    writer.partTime = this.#pace.target;
    for (const { frame, wall } of waiting) this.#push(writer, frame, wall, events);
  }

  #begin(): CmafWriter {
    const tracks = this.#roster?.tracks ?? [];
    this.#init = Uint8Array.from(initSegment(tracks));
    const { limits, partTime } = this.#options;
    const writer = new CmafWriter(tracks, { partTime, limits, sequence: this.#sequence });
    this.#lead = leadOf(tracks.map(({ source }) => source));
    return writer;
  }

  #push(writer: CmafWriter, frame: Frame, wall: Micros, events: SegmentEvent[]): void {
    const lead = this.#lead;
    if (lead === undefined) return;
    const leads = frame.track.id === lead.id;
    if (this.#start === undefined && leads) {
      this.#start = frame.dts;
      this.#dates.at(frame.dts, wall);
    }
    const cuts = this.#start !== undefined && this.#cuts(frame, lead, frame.dts - this.#start);
    const full = writer.push(frame);
    if (full !== undefined) this.#addPart(full, events);
    if (cuts) {
      const last = writer.cut();
      if (last !== undefined) this.#addPart(last, events);
      this.#close(events);
      this.#start = frame.dts;
    } else if (leads && writer.ready >= this.#pace.enough) {
      const part = writer.cut();
      if (part !== undefined) this.#addPart(part, events);
    }
  }

  #cuts(frame: Frame, lead: Track, elapsed: Micros): boolean {
    if ((this.#open?.size ?? 0) + frame.data.length > this.#options.segmentBytes) return true;
    return cutsBefore(frame, lead, elapsed, this.#options);
  }

  #addPart(made: Part, events: SegmentEvent[]): void {
    this.#open ??= {
      head: {
        wall: this.#dates.at(made.dts, this.#wall),
        discontinuity: this.#broken,
        init: this.#init,
        independent: made.join,
      },
      parts: [],
      duration: 0,
      size: 0,
    };
    this.#broken = false;
    this.#begun = true;
    const open = this.#open;
    const bytes = partBytes(made);
    open.parts.push(bytes);
    open.duration += made.duration;
    open.size += bytes.length;
    const { duration, independent } = made;
    events.push({ type: 'part', head: open.head, part: { bytes, duration, independent } });
  }

  #close(events: SegmentEvent[]): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    const { head, parts, duration, size } = open;
    events.push({ type: 'segment', segment: { ...head, bytes: concat(parts, size), duration } });
  }
}
