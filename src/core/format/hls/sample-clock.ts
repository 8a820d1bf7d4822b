// Times of AAC by its samples, for publishers whose own times jitter: FLV's are whole milliseconds, and some encoders write
// worse (SRS: hls_dts_directly off).
import { SrsxError } from '../../base/errors.ts';
import { fromMs, fromSeconds, type Micros } from '../../base/time.ts';
import * as aac from '../../codec/aac/index.ts';
import type { Frame } from '../../media/frame.ts';
import type { Track } from '../../media/track.ts';
import type { SegmentEvent, Segmenter } from './segment.ts';

/** Farther from the publisher's time than this, something is missing, or its clock runs otherwise: the count begins anew. */
const MOST_DRIFT = fromMs(100);

/** One track: a frame is as far behind the one before as that one is long. */
class Counted {
  readonly track: Track;
  /** Samples of a frame, and of a second; undefined for a configuration that nobody can read. */
  readonly #config: { readonly frameLength: number; readonly sampleRate: number } | undefined;
  #base: Micros = 0;
  #frames = 0;

  constructor(track: Track) {
    this.track = track;
    this.#config = configOf(track);
  }

  at(dts: Micros): Micros {
    if (this.#config === undefined) return dts;
    const { frameLength, sampleRate } = this.#config;
    const counted = Math.round(this.#base + fromSeconds((this.#frames * frameLength) / sampleRate));
    if (this.#frames === 0 || Math.abs(counted - dts) > MOST_DRIFT) {
      this.#base = dts;
      this.#frames = 1;
      return dts;
    }
    this.#frames++;
    return counted;
  }
}

function configOf({ config }: Track): { frameLength: number; sampleRate: number } | undefined {
  try {
    const { frameLength, sampleRate } = aac.parseConfig(config);
    return frameLength === undefined || !(sampleRate > 0) ? undefined : { frameLength, sampleRate };
  } catch (error) {
    if (error instanceof SrsxError) return undefined;
    throw error;
  }
}

/** The same segmenter, for frames of AAC with times of their own. */
export class SampleClock implements Segmenter {
  readonly #to: Segmenter;
  readonly #tracks = new Map<number, Counted>();

  constructor(to: Segmenter) {
    this.#to = to;
  }

  retrack(tracks: readonly Track[]): SegmentEvent[] {
    for (const id of this.#tracks.keys()) if (!tracks.some((track) => track.id === id)) this.#tracks.delete(id);
    return this.#to.retrack(tracks);
  }

  write(frame: Frame, wall: Micros): SegmentEvent[] {
    const { track, dts } = frame;
    if (track.codec !== 'aac') return this.#to.write(frame, wall);
    const known = this.#tracks.get(track.id);
    const counted = known?.track === track ? known : new Counted(track);
    this.#tracks.set(track.id, counted);
    return this.#to.write({ ...frame, dts: counted.at(dts) }, wall);
  }

  end(): SegmentEvent[] {
    this.#tracks.clear();
    return this.#to.end();
  }
}
