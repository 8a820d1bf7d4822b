// Frames to MPEG-TS segments, cut as SRS cuts them.
import { concat } from '../../base/bytes.ts';
import { type Log, silentLog } from '../../base/log.ts';
import { fromMs, type Micros } from '../../base/time.ts';
import type { Frame } from '../../media/frame.ts';
import type { Packet } from '../../media/packet.ts';
import { sameMedia, type Track } from '../../media/track.ts';
import { type PromisedStream, TsMuxer } from '../ts/index.ts';
import { type CutSettings, cutsBefore, leadOf } from './cut-rule.ts';
import { DateAnchor } from './date-anchor.ts';
import type { Segment, SegmentEvent } from './segment.ts';

/** Where segments end, and what bounds them. */
export interface TsSegmenterOptions extends CutSettings {
  /** A segment ends before it has more bytes than this, wherever that is. */
  readonly segmentBytes: number;
  readonly log?: Log;
  /** Streams that the program map lists before they are there. */
  readonly promised?: readonly PromisedStream[];
}

interface Open {
  readonly start: Micros;
  readonly wall: Micros;
  readonly discontinuity: boolean;
  readonly independent: boolean;
  readonly chunks: Uint8Array[];
  size: number;
}

/** The last frame of all has no successor. Chosen: one frame of 25 for each second. */
const LONE_FRAME = fromMs(40);

/**
 * Each segment begins with PAT and PMT. Continuity counters go on from one to the next, until the publication ends.
 * Frames of tracks that nobody announced are ignored.
 */
export class TsSegmenter {
  readonly #options: TsSegmenterOptions;
  readonly #dates = new DateAnchor();
  #muxer: TsMuxer;
  #tracks: readonly Track[] = [];
  #lead: Track | undefined;
  #open: Open | undefined;
  /** SRS: the first segment of each publication is marked. */
  #broken = true;
  #last: Micros = 0;
  #step: Micros = LONE_FRAME;

  constructor(options: TsSegmenterOptions) {
    this.#options = options;
    this.#muxer = this.#make();
  }

  /** New parameters end the open segment. */
  retrack(tracks: readonly Track[]): SegmentEvent[] {
    if (sameMedia(tracks, this.#tracks)) return [];
    const events: SegmentEvent[] = [];
    if (this.#tracks.length === 0) {
      this.#muxer.header(tracks);
    } else {
      this.#close(this.#last + this.#step, this.#muxer.cut(), events);
      this.#muxer.retrack(tracks);
      this.#broken = true;
    }
    this.#tracks = tracks;
    this.#lead = leadOf(tracks);
    return events;
  }

  /** @param wall the time at which the frame came. */
  write(frame: Frame, wall: Micros): SegmentEvent[] {
    const lead = this.#lead;
    if (lead === undefined || !this.#tracks.includes(frame.track)) return [];
    const events: SegmentEvent[] = [];
    const open = this.#open;
    if (open !== undefined && this.#cuts(open, frame, lead)) this.#close(frame.dts, this.#muxer.cut(), events);
    if (frame.track.id === lead.id) {
      if (frame.dts > this.#last && this.#open !== undefined) this.#step = frame.dts - this.#last;
      this.#last = frame.dts;
    }
    this.#open ??= {
      start: frame.dts,
      wall: this.#dates.at(frame.dts, wall),
      discontinuity: this.#broken,
      independent: frame.key,
      chunks: [],
      size: 0,
    };
    this.#broken = false;
    this.#add(this.#open, this.#muxer.write(frame));
    return events;
  }

  /** The publication is over; what comes next is another timeline. */
  end(): SegmentEvent[] {
    const events: SegmentEvent[] = [];
    this.#close(this.#last + this.#step, this.#muxer.flush(), events);
    this.#muxer = this.#make();
    this.#tracks = [];
    this.#lead = undefined;
    this.#broken = true;
    this.#last = 0;
    this.#step = LONE_FRAME;
    this.#dates.reset();
    return events;
  }

  #make(): TsMuxer {
    const { log = silentLog, promised = [] } = this.#options;
    return new TsMuxer({ log, promised });
  }

  #cuts(open: Open, frame: Frame, lead: Track): boolean {
    if (open.size + frame.data.length > this.#options.segmentBytes) return true;
    return cutsBefore(frame, lead, frame.dts - open.start, this.#options);
  }

  #add(open: Open, packets: readonly Packet[]): void {
    for (const packet of packets) {
      open.chunks.push(...packet.chunks);
      open.size += packet.size;
    }
  }

  #close(end: Micros, held: readonly Packet[], events: SegmentEvent[]): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#open = undefined;
    this.#add(open, held);
    if (open.size === 0) return;
    const { start, wall, discontinuity, independent, chunks, size } = open;
    const segment: Segment = {
      wall,
      discontinuity,
      independent,
      init: undefined,
      bytes: concat(chunks, size),
      duration: Math.max(0, end - start),
    };
    events.push({ type: 'segment', segment });
  }
}
