// The low-latency form: CMAF in parts (RFC 8216bis), names with the run of the program in them.
import type { Micros } from '../../base/time.ts';
import type { Host } from '../../control/host.ts';
import {
  CmafSegmenter,
  partTargetSeconds,
  type Segment,
  type SegmentEvent,
  type SegmentStore,
  writeLowLatency,
} from '../../format/hls/index.ts';
import type { HlsConfig } from './config.ts';
import { type Form, MARK } from './form.ts';
import type { Names } from './names.ts';

interface Init {
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** Makes parts and segments, knows their init segments, and writes the playlist. */
export class LowForm implements Form {
  readonly lowLatency = true;
  readonly segmenter: CmafSegmenter;
  readonly target: Micros;
  readonly #names: Names;
  #partTarget: Micros;
  #inits: Init[] = [];
  #initCount = 0;

  constructor({ limits }: Pick<Host, 'limits'>, config: HlsConfig, names: Names) {
    const { targetRatio: ratio, overflowRatio, waitKey, segmentBytes, partTime, lowLatencyFragment: fragment } = config;
    this.#names = names;
    this.#partTarget = partTime;
    this.target = fragment * ratio;
    this.segmenter = new CmafSegmenter({
      ...{ fragment, ratio, overflowRatio, waitKey, segmentBytes, partTime, limits },
      sound: 'fragment',
    });
  }

  partTarget(store: SegmentStore): number {
    return partTargetSeconds(store, this.#partTarget);
  }

  init(index: number): Uint8Array | undefined {
    return this.#inits.find((init) => init.index === index)?.bytes;
  }

  /** Names follow from numbers. */
  place(segment: Segment): Segment {
    return segment;
  }

  note(event: SegmentEvent, store: SegmentStore): void {
    const { init } = event.type === 'part' ? event.head : event.segment;
    if (init !== undefined && this.#inits.at(-1)?.bytes !== init) this.#learn(init, store);
    // What was promised must not shrink when the next publisher has shorter frames.
    this.#partTarget =
      Math.max(this.segmenter.partTarget ?? 0, this.#initCount > 1 ? this.#partTarget : 0) || this.#partTarget;
  }

  write(store: SegmentStore, { live, skip }: { live: boolean; skip: boolean }): string {
    const names = this.#names;
    return writeLowLatency(store, {
      target: this.target,
      partTarget: this.#partTarget,
      segmentUri: (sequence) => names.cmaf(sequence) + MARK,
      partUri: (sequence, index) => names.part(sequence, index) + MARK,
      initUri: (bytes) => names.init(this.#inits.find((init) => init.bytes === bytes)?.index ?? 0) + MARK,
      live,
      skip,
    });
  }

  #learn(bytes: Uint8Array, { listed, open }: SegmentStore): void {
    const used = new Set([...listed.map(({ init }) => init), open?.init]);
    // Players that are behind still fetch the one before.
    this.#inits = this.#inits.filter((init, index) => used.has(init.bytes) || index === this.#inits.length - 1);
    this.#inits.push({ index: this.#initCount++, bytes });
  }
}
