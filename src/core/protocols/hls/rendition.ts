// One form of a stream: its segmenter, its store, who waits for it, and its playlist text.
import type { Micros } from '../../base/time.ts';
import {
  type ResumePoint,
  type SegmentEvent,
  SegmentStore,
  type StoredSegment,
  targetDuration,
} from '../../format/hls/index.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';
import { Waiters } from '../../wire/http/waiters.ts';
import type { HlsConfig } from './config.ts';
import type { Form } from './form.ts';
import { SharedText } from './shared-text.ts';

/** The form of a rendition, and who hears of its segments. */
export interface RenditionOptions<Kind extends Form> {
  readonly form: Kind;
  readonly config: HlsConfig;
  /** A segment is complete and in the store. */
  readonly onSegment?: (segment: StoredSegment) => void;
  /** A segment is out of the store. */
  readonly onForget?: (segment: StoredSegment) => void;
}

/** Chosen: segments that wait to know their number; a slow disk answers within one. */
const MAX_HELD = 8;

/** One form of one stream. */
export class Rendition<Kind extends Form = Form> {
  readonly form: Kind;
  readonly store: SegmentStore;
  readonly waiters = new Waiters();
  readonly #options: RenditionOptions<Kind>;
  /** Events that came before it was known where the playlist goes on; undefined: it is known. */
  #held: SegmentEvent[] | undefined;
  /** A publisher is there. */
  #live = false;
  /** Texts of this version, whole and as a delta update. */
  #texts: { version: number; live: boolean; whole: SharedText | undefined; delta: SharedText | undefined };

  constructor(options: RenditionOptions<Kind>) {
    const { window, storeBytes, storeSegments } = options.config;
    this.#options = options;
    this.form = options.form;
    this.store = new SegmentStore({ window, bytes: storeBytes, segments: storeSegments }, options.onForget);
    this.#texts = { version: -1, live: false, whole: undefined, delta: undefined };
  }

  get lowLatency(): boolean {
    return this.form.lowLatency;
  }

  /** Whole seconds that the playlist promises. */
  get target(): number {
    return targetDuration(this.store, this.form.target);
  }

  /** Seconds. */
  get partTarget(): number {
    return this.form.partTarget(this.store);
  }

  /** There is something to play. */
  get ready(): boolean {
    return this.store.listed.length > 0;
  }

  /** The next part is being made. */
  get live(): boolean {
    return this.#live;
  }

  /** Segments wait until `resume`, for a few segments at most. */
  hold(): void {
    this.#held ??= [];
  }

  /** It is known where the playlist goes on: undefined at its beginning. */
  resume(point: ResumePoint | undefined): void {
    const held = this.#held;
    if (held === undefined) return;
    this.#held = undefined;
    if (point !== undefined) this.store.resume(point);
    this.#add(held);
  }

  retrack(tracks: readonly Track[]): void {
    this.#live = true;
    this.#add(this.form.segmenter.retrack(tracks));
  }

  write(frame: Frame, wall: Micros): void {
    this.#add(this.form.segmenter.write(frame, wall));
  }

  /** The publisher has left. */
  end(): void {
    this.#live = false;
    this.#add(this.form.segmenter.end());
  }

  /** Nothing is made any more, whatever the publisher does: nothing is hinted. */
  halt(): void {
    this.#live = false;
  }

  /** The playlist as it is now, whole or as a delta update. */
  text(skip: boolean): SharedText {
    const { version } = this.store;
    if (this.#texts.version !== version || this.#texts.live !== this.#live) {
      this.#texts = { version, live: this.#live, whole: undefined, delta: undefined };
    }
    const form = skip ? 'delta' : 'whole';
    return (this.#texts[form] ??= new SharedText(this.form.write(this.store, { live: this.#live, skip })));
  }

  #add(events: readonly SegmentEvent[]): void {
    if (events.length === 0) return;
    if (this.#held !== undefined) {
      this.#held.push(...events);
      if (this.#held.length >= MAX_HELD) this.resume(undefined);
      return;
    }
    for (const event of events) this.#take(event);
    this.waiters.wake();
  }

  #take(event: SegmentEvent): void {
    const { form, store } = this;
    form.note(event, store);
    if (event.type === 'part') {
      store.add(event);
      return;
    }
    store.add({ type: 'segment', segment: form.place(event.segment, store.nextSequence) });
    const stored = store.listed.at(-1);
    if (stored !== undefined) this.#options.onSegment?.(stored);
  }
}
