// One form of a stream: its segmenter, its store, who waits for it, and its playlist text.
import type { Micros } from '../../base/time.ts';
import type { Host } from '../../control/host.ts';
import {
  CmafSegmenter,
  partTargetSeconds,
  type SegmentEvent,
  SegmentStore,
  TsSegmenter,
  targetDuration,
  writeClassic,
  writeLowLatency,
} from '../../format/hls/index.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';
import type { HlsConfig } from './config.ts';
import type { Names } from './names.ts';
import { Waiters } from './waiters.ts';

/** Where the session goes into the text of a playlist; no URI has it. */
const MARK = '\0';

interface Segmenter {
  retrack(tracks: readonly Track[]): SegmentEvent[];
  write(frame: Frame, wall: Micros): SegmentEvent[];
  end(): SegmentEvent[];
}

interface Init {
  readonly index: number;
  readonly bytes: Uint8Array;
}

export class Rendition {
  readonly store: SegmentStore;
  readonly waiters = new Waiters();
  readonly lowLatency: boolean;
  readonly #config: HlsConfig;
  readonly #names: Names;
  readonly #segmenter: Segmenter;
  readonly #cmaf: CmafSegmenter | undefined;
  #inits: Init[] = [];
  #initCount = 0;
  #partTarget: Micros;
  /** A publisher is there. */
  #live = false;
  /** Texts of this version, whole and as a delta update. */
  #texts: { version: number; live: boolean; whole: string | undefined; delta: string | undefined };

  constructor({ limits, log }: Pick<Host, 'limits' | 'log'>, config: HlsConfig, names: Names, lowLatency: boolean) {
    const { window, storeBytes, storeSegments, targetRatio, overflowRatio, waitKey, segmentBytes, partTime } = config;
    this.#config = config;
    this.#names = names;
    this.lowLatency = lowLatency;
    this.store = new SegmentStore({ window, bytes: storeBytes, segments: storeSegments });
    this.#partTarget = partTime;
    this.#texts = { version: -1, live: false, whole: undefined, delta: undefined };
    const cut = { ratio: targetRatio, overflowRatio, waitKey, segmentBytes };
    if (lowLatency) {
      const fragment = config.lowLatencyFragment;
      this.#cmaf = new CmafSegmenter({ ...cut, fragment, sound: 'fragment', partTime, limits });
      this.#segmenter = this.#cmaf;
    } else {
      this.#segmenter = new TsSegmenter({ ...cut, fragment: config.fragment, sound: 'overflow', log });
    }
  }

  /** Whole seconds that the playlist promises. */
  get target(): number {
    return targetDuration(this.store, this.#target);
  }

  /** Seconds. */
  get partTarget(): number {
    return partTargetSeconds(this.store, this.#partTarget);
  }

  /** There is something to play. */
  get ready(): boolean {
    return this.store.listed.length > 0;
  }

  /** The next part is being made. */
  get live(): boolean {
    return this.#live;
  }

  retrack(tracks: readonly Track[]): void {
    this.#live = true;
    this.#add(this.#segmenter.retrack(tracks));
  }

  write(frame: Frame, wall: Micros): void {
    this.#add(this.#segmenter.write(frame, wall));
  }

  /** The publisher has left. */
  end(): void {
    this.#live = false;
    this.#add(this.#segmenter.end());
  }

  /** Nothing is made any more, whatever the publisher does: nothing is hinted. */
  halt(): void {
    this.#live = false;
  }

  init(index: number): Uint8Array | undefined {
    return this.#inits.find((init) => init.index === index)?.bytes;
  }

  /**
   * The playlist.
   *
   * @param suffix goes behind each URI.
   */
  text(skip: boolean, suffix: string): string {
    const { version } = this.store;
    if (this.#texts.version !== version || this.#texts.live !== this.#live) {
      this.#texts = { version, live: this.#live, whole: undefined, delta: undefined };
    }
    const form = skip ? 'delta' : 'whole';
    const text = (this.#texts[form] ??= this.#write(skip));
    return text.replaceAll(MARK, suffix);
  }

  get #target(): Micros {
    const { fragment, lowLatencyFragment, targetRatio } = this.#config;
    return (this.lowLatency ? lowLatencyFragment : fragment) * targetRatio;
  }

  #write(skip: boolean): string {
    const names = this.#names;
    const target = this.#target;
    if (!this.lowLatency) {
      return writeClassic(this.store, {
        target,
        segmentUri: (sequence) => names.ts(sequence) + MARK,
        dates: this.#config.dates,
      });
    }
    return writeLowLatency(this.store, {
      target,
      partTarget: this.#partTarget,
      segmentUri: (sequence) => names.cmaf(sequence) + MARK,
      partUri: (sequence, index) => names.part(sequence, index) + MARK,
      initUri: (bytes) => names.init(this.#inits.find((init) => init.bytes === bytes)?.index ?? 0) + MARK,
      live: this.#live,
      skip,
    });
  }

  #add(events: readonly SegmentEvent[]): void {
    if (events.length === 0) return;
    for (const event of events) {
      const { init } = event.type === 'part' ? event.head : event.segment;
      if (init !== undefined && this.#inits.at(-1)?.bytes !== init) this.#learn(init);
      this.store.add(event);
    }
    // What was promised must not shrink when the next publisher has shorter frames.
    this.#partTarget =
      Math.max(this.#cmaf?.partTarget ?? 0, this.#initCount > 1 ? this.#partTarget : 0) || this.#partTarget;
    this.waiters.wake();
  }

  #learn(bytes: Uint8Array): void {
    const { listed, open } = this.store;
    const used = new Set([...listed.map(({ init }) => init), open?.init]);
    // Players that are behind still fetch the one before.
    this.#inits = this.#inits.filter((init, index) => used.has(init.bytes) || index === this.#inits.length - 1);
    this.#inits.push({ index: this.#initCount++, bytes });
  }
}
