// The segments of one rendition: what its playlist names, what lingers behind it, and the parts of the open segment.
import { assert } from '../../base/errors.ts';
import type { Micros } from '../../base/time.ts';
import type { Segment, SegmentEvent, SegmentHead, SegmentPart } from './segment.ts';

/** What a store holds at most. */
export interface StoreLimits {
  /** Segments stay in the playlist until those behind them are this long together (SRS: hls_window). */
  readonly window: Micros;
  /** Bytes of all segments; above it the oldest go, whatever the window says. */
  readonly bytes: number;
  /** Segments with their parts kept, the same way. */
  readonly segments: number;
}

/** A segment with its place in the playlist. */
export interface StoredSegment extends Segment {
  /** Media sequence number. */
  readonly sequence: number;
  readonly parts: readonly SegmentPart[];
}

/** Where a playlist goes on. */
export interface ResumePoint {
  /** Number of the next segment. */
  readonly sequence: number;
  /** Discontinuities of the segments before it. */
  readonly discontinuities: number;
  /** The longest segment before it. */
  readonly longest: Micros;
}

/** The segment that is still being made. */
export interface OpenSegment extends SegmentHead {
  readonly sequence: number;
  readonly parts: readonly SegmentPart[];
}

/**
 * Numbers go on for ever, also over the ends of publications. A segment that has left the playlist lingers for as long
 * as the playlist was when it left, because players may still fetch it (RFC 8216 §6.2.2).
 */
export class SegmentStore {
  readonly #limits: StoreLimits;
  readonly #onForget: (segment: StoredSegment) => void;
  #listed: StoredSegment[] = [];
  #lingering: StoredSegment[] = [];
  #openHead: SegmentHead | undefined;
  #openParts: SegmentPart[] = [];
  #next = 0;
  #bytes = 0;
  #discontinuities = 0;
  #longest: Micros = 0;
  #longestPart: Micros = 0;
  /** Counts up with every change of what a playlist would say. */
  version = 0;

  /** @param onForget a segment is out, and no player may fetch it any more. */
  constructor(limits: StoreLimits, onForget: (segment: StoredSegment) => void = () => undefined) {
    this.#limits = limits;
    this.#onForget = onForget;
  }

  /** What the playlist names, oldest first. */
  get listed(): readonly StoredSegment[] {
    return this.#listed;
  }

  get open(): OpenSegment | undefined {
    if (this.#openHead === undefined) return undefined;
    return { ...this.#openHead, sequence: this.#next, parts: this.#openParts };
  }

  /** Number of the segment that is made now, or would come next. */
  get nextSequence(): number {
    return this.#next;
  }

  /** Parts of the open segment. */
  get openParts(): number {
    return this.#openParts.length;
  }

  /** Of the first segment listed (RFC 8216 §4.3.3.2). */
  get mediaSequence(): number {
    return this.#listed[0]?.sequence ?? this.#next;
  }

  /** Discontinuities of segments that have left the playlist (§4.3.3.3). */
  get discontinuitySequence(): number {
    return this.#discontinuities;
  }

  /** The longest segment and part that ever were: what a playlist promises must not shrink (§4.3.3.1). */
  get longest(): Micros {
    return this.#longest;
  }

  get longestPart(): Micros {
    return this.#longestPart;
  }

  /** Bytes held: listed, lingering and open. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Goes on behind what an earlier run of the program left; only while nothing was added. */
  resume({ sequence, discontinuities, longest }: ResumePoint): void {
    assert(this.#listed.length === 0 && this.#openHead === undefined, 'a store resumes before its first segment');
    this.#next = sequence;
    this.#discontinuities = discontinuities;
    this.#longest = longest;
    this.version++;
  }

  add(event: SegmentEvent): void {
    this.version++;
    if (event.type === 'part') this.#addPart(event.head, event.part);
    else this.#addSegment(event.segment);
  }

  /** All segments that players may fetch, oldest first. */
  get all(): readonly StoredSegment[] {
    return [...this.#lingering, ...this.#listed];
  }

  /** A segment that is listed or lingers. */
  find(sequence: number): StoredSegment | undefined {
    return pick(this.#listed, sequence) ?? pick(this.#lingering, sequence);
  }

  findPart(sequence: number, index: number): SegmentPart | undefined {
    return sequence === this.#next ? this.#openParts[index] : this.find(sequence)?.parts[index];
  }

  #addPart(head: SegmentHead, part: SegmentPart): void {
    this.#openHead ??= head;
    this.#openParts.push(part);
    this.#bytes += part.bytes.length;
    this.#longestPart = Math.max(this.#longestPart, part.duration);
  }

  #addSegment(segment: Segment): void {
    const parts = sharing(segment.bytes, this.#openParts);
    for (const part of this.#openParts) this.#bytes -= part.bytes.length;
    this.#openHead = undefined;
    this.#openParts = [];
    this.#listed.push({ ...segment, sequence: this.#next++, parts });
    this.#bytes += segment.bytes.length;
    this.#longest = Math.max(this.#longest, segment.duration);
    this.#trim();
  }

  #trim(): void {
    let span = 0;
    for (const segment of this.#listed) span += segment.duration;
    // The window is what is behind a segment, so at least one stays.
    for (;;) {
      const first = this.#listed[0];
      if (first === undefined || this.#listed.length === 1) break;
      const tooMany = this.#listed.length > this.#limits.segments || this.#bytesListed() > this.#limits.bytes;
      if (span - first.duration < this.#limits.window && !tooMany) break;
      span -= first.duration;
      this.#listed.shift();
      this.#lingering.push(first);
      if (first.discontinuity) this.#discontinuities++;
    }
    this.#forget(span);
  }

  /** Lets go of what lingers, when it is older than the playlist is long, or too much. */
  #forget(span: Micros): void {
    let behind = 0;
    for (const segment of this.#lingering) behind += segment.duration;
    for (;;) {
      const first = this.#lingering[0];
      if (first === undefined) return;
      const tooMuch = this.#bytes > this.#limits.bytes || this.#lingering.length > this.#limits.segments;
      if (behind - first.duration <= span && !tooMuch) return;
      behind -= first.duration;
      this.#lingering.shift();
      this.#bytes -= first.bytes.length;
      this.#onForget(first);
    }
  }

  #bytesListed(): number {
    let size = 0;
    for (const { bytes } of this.#listed) size += bytes.length;
    return size;
  }
}

function pick(segments: readonly StoredSegment[], sequence: number): StoredSegment | undefined {
  const first = segments[0];
  return first === undefined ? undefined : segments[sequence - first.sequence];
}

/** The parts as views of their segment, so that its bytes are held once. */
function sharing(bytes: Uint8Array, parts: readonly SegmentPart[]): SegmentPart[] {
  let at = 0;
  return parts.map(({ bytes: { length }, duration, independent }) => {
    const view = bytes.subarray(at, at + length);
    at += length;
    return { bytes: view, duration, independent };
  });
}
