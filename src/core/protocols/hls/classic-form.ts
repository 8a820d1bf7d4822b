// The classic form: whole segments of MPEG-TS or fMP4, named by templates, encrypted when keys are on.
import { toHex } from '../../base/bytes.ts';
import type { Micros } from '../../base/time.ts';
import type { Host } from '../../control/host.ts';
import {
  type ClassicSegment,
  encryptAes128,
  SampleClock,
  type Segment,
  type Segmenter,
  type SegmentStore,
  TrackSegmenter,
  TsSegmenter,
  targetDuration,
  writeClassic,
} from '../../format/hls/index.ts';
import { promisedStreams } from '../../format/ts/index.ts';
import type { HlsConfig } from './config.ts';
import { type Form, MARK } from './form.ts';
import { Keys } from './keys.ts';
import type { Paths } from './paths.ts';

/** Makes segments, gives them names and keys, and writes the playlist. */
export class ClassicForm implements Form {
  readonly lowLatency = false;
  readonly segmenter: Segmenter;
  readonly target: Micros;
  readonly keys: Keys | undefined;
  readonly #paths: Paths;
  readonly #dates: boolean;
  readonly #initPaths = new WeakMap<Uint8Array, string>();

  constructor({ limits, log, rng }: Pick<Host, 'limits' | 'log' | 'rng'>, config: HlsConfig, paths: Paths) {
    const { targetRatio: ratio, overflowRatio, waitKey, segmentBytes, fragment, fmp4, keys, dates } = config;
    const { promised, sampleTimes } = config;
    const cut = { ratio, overflowRatio, waitKey, segmentBytes, fragment, correction: paths.correction };
    this.#paths = paths;
    this.#dates = dates;
    this.target = fragment * ratio;
    this.keys = keys === undefined ? undefined : new Keys(rng, keys, paths);
    const segmenter = fmp4
      ? new TrackSegmenter({ ...cut, sound: 'overflow', limits })
      : new TsSegmenter({ ...cut, sound: 'overflow', log, promised: promised.map((codec) => promisedStreams[codec]) });
    this.segmenter = sampleTimes ? new SampleClock(segmenter) : segmenter;
  }

  partTarget(): number {
    return 0;
  }

  place(segment: Segment, sequence: number): Segment {
    const { wall, init } = segment;
    const path = this.#paths.segment(sequence, segment);
    if (init !== undefined && !this.#initPaths.has(init)) this.#initPaths.set(init, this.#paths.init(sequence, wall));
    const key = this.keys?.at(sequence, wall);
    if (key === undefined) return { ...segment, path };
    const bytes = encryptAes128(segment.bytes, { key: key.bytes, iv: key.iv });
    // The tracks apart are of no use any more, and hold the plain bytes.
    const { fragments: _, ...rest } = segment;
    return { ...rest, bytes, path, key };
  }

  note(): void {
    // Everything is known when a segment is placed.
  }

  write(store: SegmentStore): string {
    return writeClassic({
      targetDuration: targetDuration(store, this.target),
      mediaSequence: store.mediaSequence,
      discontinuitySequence: store.discontinuitySequence,
      segments: store.listed.map((segment) => {
        const said = this.describe(segment);
        return { ...said, uri: said.uri + MARK };
      }),
    });
  }

  initPath(init: Uint8Array): string | undefined {
    return this.#initPaths.get(init);
  }

  /** A segment as a playlist says it. */
  describe({ path = '', duration, discontinuity, wall, key, init }: Segment): ClassicSegment {
    const map = init === undefined ? undefined : this.#initPaths.get(init);
    return {
      uri: this.#paths.segmentUri(path),
      ...{ duration, discontinuity },
      ...(this.#dates && { wall }),
      ...(key && this.keys && { key: { uri: this.keys.uri(key), iv: toHex(key.iv) } }),
      ...(map !== undefined && { map: this.#paths.segmentUri(map) }),
    };
  }
}
