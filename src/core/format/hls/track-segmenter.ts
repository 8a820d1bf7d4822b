// Frames to fMP4 segments in which each track has a fragment of its own: one cut serves HLS, whose segments are the
// fragments of all tracks one behind the other, and DASH, whose representations are one track each.
//
//   video  | v v v v v v | v v v v v v |
//   audio  | a a a a a  a| a a a a a a |     a segment's sound ends with the last whole frame before the next picture

import type { Limits } from '../../base/limits.ts';
import { fromTicks, type Micros } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import { sameMedia, type Track } from '../../media/track.ts';
import { CmafWriter, initSegment, type Mp4Track, type Part, Roster } from '../fmp4/index.ts';
import { type CutSettings, cutsBefore, leadOf } from './cut-rule.ts';
import { DateAnchor } from './date-anchor.ts';
import type { Segment, SegmentEvent, TrackFragment } from './segment.ts';

/** Where segments end, and what bounds them. */
export interface TrackSegmenterOptions extends CutSettings {
  /** A segment ends before it has more bytes than this. */
  readonly segmentBytes: number;
  readonly limits: Pick<Limits, 'openBytes'>;
}

/** One track of an epoch, and what the open segment has of it. */
interface Lane {
  readonly track: Mp4Track;
  readonly init: Uint8Array;
  readonly writer: CmafWriter;
  parts: Part[];
}

/** Frames of tracks that fMP4 does not carry are left out. */
export class TrackSegmenter {
  readonly #options: TrackSegmenterOptions;
  readonly #dates = new DateAnchor();
  #tracks: readonly Track[] = [];
  #roster: Roster | undefined;
  #lanes: readonly Lane[] = [];
  #init = new Uint8Array();
  #lead: Track | undefined;
  /** Numbers the fragments of all tracks (mfhd), through all epochs. */
  #sequence = 1;
  #start: Micros | undefined;
  #startWall: Micros = 0;
  #independent = false;
  #size = 0;
  /** SRS: the first segment of each publication is marked. */
  #broken = true;
  #wall: Micros = 0;

  constructor(options: TrackSegmenterOptions) {
    this.#options = options;
  }

  /** New parameters end the open segment. */
  retrack(tracks: readonly Track[]): SegmentEvent[] {
    if (sameMedia(tracks, this.#tracks)) return [];
    const events = this.#finish();
    this.#tracks = tracks;
    this.#roster = new Roster(tracks);
    return events;
  }

  /** @param wall the time at which the frame came. */
  write(frame: Frame, wall: Micros): SegmentEvent[] {
    const events: SegmentEvent[] = [];
    this.#wall = wall;
    for (const ready of this.#roster?.push(frame) ?? []) this.#take(ready, events);
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
    if (this.#roster?.ready === false) for (const frame of this.#roster.settle()) this.#take(frame, events);
    for (const lane of this.#lanes) keep(lane, lane.writer.end());
    this.#close(undefined, events);
    this.#lanes = [];
    this.#start = undefined;
    this.#broken = true;
    return events;
  }

  #take(frame: Frame, events: SegmentEvent[]): void {
    if (this.#lanes.length === 0) this.#begin();
    const lead = this.#lead;
    const lane = this.#lanes.find(({ track }) => track.source.id === frame.track.id);
    if (lead === undefined || lane === undefined) return;
    const leads = frame.track.id === lead.id;
    if (this.#start === undefined && leads) this.#open(frame);
    const cuts = this.#start !== undefined && this.#cuts(frame, lead, frame.dts - this.#start);
    keep(lane, lane.writer.push(frame));
    if (cuts) {
      for (const each of this.#lanes) keep(each, each.writer.cut());
      this.#close(frame.dts, events);
      this.#open(frame);
    }
    this.#size += frame.data.length;
  }

  #begin(): void {
    const tracks = this.#roster?.tracks ?? [];
    const { limits } = this.#options;
    this.#init = initSegment(tracks) as Uint8Array<ArrayBuffer>;
    this.#lead = leadOf(tracks.map(({ source }) => source));
    this.#lanes = tracks.map((track) => ({
      track,
      init: initSegment([track]),
      writer: new CmafWriter([track], { limits }),
      parts: [],
    }));
  }

  #open(frame: Frame): void {
    this.#start = frame.dts;
    this.#independent = frame.key && frame.track.id === this.#lead?.id;
    this.#startWall = this.#dates.at(frame.dts, this.#wall);
  }

  #cuts(frame: Frame, lead: Track, elapsed: Micros): boolean {
    if (this.#size + frame.data.length > this.#options.segmentBytes) return true;
    return cutsBefore(frame, lead, elapsed, this.#options);
  }

  /** @param end where the next segment begins; undefined: nothing follows. */
  #close(end: Micros | undefined, events: SegmentEvent[]): void {
    const start = this.#start;
    const lanes = this.#lanes.filter(({ parts }) => parts.length > 0);
    this.#size = 0;
    if (lanes.length === 0) return;
    const { bytes, fragments } = this.#join(lanes);
    const begin = start ?? startOf(fragments[0] as TrackFragment);
    const segment: Segment = {
      wall: start === undefined ? this.#wall : this.#startWall,
      discontinuity: this.#broken,
      init: this.#init,
      independent: this.#independent,
      bytes,
      duration: Math.max(0, (end ?? endOf(fragments[0] as TrackFragment)) - begin),
      fragments,
    };
    this.#broken = false;
    events.push({ type: 'segment', segment });
  }

  /** All parts in one array, numbered in its order; fragments are views of it. */
  #join(lanes: readonly Lane[]): { bytes: Uint8Array; fragments: TrackFragment[] } {
    const size = lanes.reduce((sum, { parts }) => sum + parts.reduce((all, part) => all + part.size, 0), 0);
    const bytes = new Uint8Array(size);
    const view = new DataView(bytes.buffer);
    let at = 0;
    const fragments = lanes.map((lane): TrackFragment => {
      const from = at;
      for (const part of lane.parts) {
        fill(bytes, at, part);
        view.setUint32(at + NUMBER_AT, this.#sequence);
        this.#sequence = (this.#sequence + 1) >>> 0;
        at += part.size;
      }
      const [first] = lane.parts as [Part];
      const { start, duration } = (lane.parts[lane.parts.length - 1] as Part).ticks;
      lane.parts = [];
      return {
        track: lane.track,
        init: lane.init,
        bytes: bytes.subarray(from, at),
        startTicks: first.ticks.start,
        durationTicks: start + duration - first.ticks.start,
      };
    });
    return { bytes, fragments };
  }
}

function keep(lane: Lane, part: Part | undefined): void {
  if (part !== undefined) lane.parts.push(part);
}

/** A fragment begins with moof (8 bytes of head) and mfhd, whose number stands behind 12 bytes (ISO 14496-12 §8.8.5). */
const NUMBER_AT = 8 + 12;

function fill(bytes: Uint8Array, at: number, { chunks }: Part): void {
  let offset = at;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
}

const startOf = ({ track, startTicks }: TrackFragment): Micros => fromTicks(startTicks, track.timescale);

const endOf = ({ track, startTicks, durationTicks }: TrackFragment): Micros =>
  fromTicks(startTicks + durationTicks, track.timescale);
