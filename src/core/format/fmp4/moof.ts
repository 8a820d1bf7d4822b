// A movie fragment on the way in (ISO 14496-12 §8.8): the samples that it announces, and where their bytes are.
import type { Limits } from '../../base/limits.ts';
import { fmp4Errors } from './errors.ts';
import { FLAG_NON_SYNC, Tfhd, Trun } from './fragment.ts';
import { type MovieTrack, microsOf } from './moov.ts';
import type { Coming } from './weave.ts';
import { type BoxView, signed } from './wire.ts';

/** Chosen: 20 minutes of sound in one fragment; a trun of 16 bytes may claim 2^32 samples. */
export const MAX_SAMPLES = 65_536;

/** Where each track's next sample begins, for fragments without a tfdt. */
export type NextTimes = Map<number, number>;

/** What a moof is read against. */
export interface MoofOptions {
  /** Offset of the moof in the input. */
  readonly moofAt: number;
  readonly tracks: readonly MovieTrack[];
  /** Read and updated. */
  readonly nextTimes: NextTimes;
  readonly limits: Pick<Limits, 'messageBytes'>;
}

/** A sample on its track's own clock. */
export interface FragmentSample {
  /** Index of its track in the movie. */
  readonly index: number;
  /** Ticks, before the edit list. */
  readonly dts: number;
  readonly duration: number;
  readonly offset: number;
  readonly key: boolean;
  /** Where its bytes are in the input. */
  readonly at: number;
  readonly size: number;
}

/** What a moof announces. */
export interface Announced {
  /** In the order of the boxes: for each track in decode order. Samples without bytes are left out. */
  readonly samples: FragmentSample[];
  /** Indexes of the tracks that have a traf. */
  readonly tracks: ReadonlySet<number>;
}

/**
 * The samples of a moof. trafs of tracks that were left out (unknown codecs) are skipped.
 *
 * Errors: FMP4_TRUN_FIRST, FMP4_SAMPLES, FMP4_SAMPLE_SIZE and those of the boxes.
 */
export function parseMoof(moof: BoxView, options: MoofOptions): Announced {
  const samples: FragmentSample[] = [];
  const tracks = new Set<number>();
  // §8.8.7.1: without a base, a traf's data begins where that of the one before ended, the first one's at the moof.
  let dataEnd = options.moofAt;
  for (const traf of moof.children()) {
    if (traf.type === 'trun') throw fmp4Errors.protocol('TRUN_FIRST');
    if (traf.type !== 'traf') continue;
    const fragment = new TrackFragment(traf, options, dataEnd, samples);
    dataEnd = fragment.dataEnd;
    if (fragment.index >= 0) tracks.add(fragment.index);
  }
  return { samples, tracks };
}

interface Header {
  readonly trackId: number;
  readonly base: number;
  readonly duration: number | undefined;
  readonly size: number | undefined;
  readonly flags: number | undefined;
}

class TrackFragment {
  /** Index of the track; -1: one that was left out. */
  readonly index: number;
  dataEnd: number;
  #dts = 0;
  readonly #options: MoofOptions;
  readonly #samples: FragmentSample[];
  #header: Header | undefined;

  constructor(traf: BoxView, options: MoofOptions, dataEnd: number, samples: FragmentSample[]) {
    this.#options = options;
    this.#samples = samples;
    this.dataEnd = dataEnd;
    let index = -1;
    for (const child of traf.children()) {
      switch (child.type) {
        case 'tfhd':
          this.#header = parseTfhd(child, options.moofAt, dataEnd);
          this.dataEnd = this.#header.base;
          index = options.tracks.findIndex(({ id }) => id === this.#header?.trackId);
          this.#dts = options.nextTimes.get(this.#header.trackId) ?? 0;
          break;
        case 'tfdt':
          this.#dts = child.readFull((reader, version) => (version === 1 ? reader.u64() : reader.u32()));
          break;
        case 'trun':
          this.#addRun(child, index);
          break;
      }
    }
    if (this.#header !== undefined) options.nextTimes.set(this.#header.trackId, this.#dts);
    this.index = index;
  }

  #addRun(trun: BoxView, index: number): void {
    const header = this.#header;
    if (header === undefined) throw fmp4Errors.protocol('TRUN_FIRST');
    const { tracks, limits } = this.#options;
    const track = tracks[index];
    trun.readFull((reader, _, flags) => {
      const count = reader.u32();
      if (this.#samples.length + count > MAX_SAMPLES) {
        throw fmp4Errors.protocol('SAMPLES', { count: this.#samples.length + count, limit: MAX_SAMPLES });
      }
      let at = (flags & Trun.dataOffset) === 0 ? this.dataEnd : header.base + signed(reader.u32());
      const first = (flags & Trun.firstFlags) === 0 ? undefined : reader.u32();
      const defaults = track?.defaults;
      for (let i = 0; i < count; i++) {
        const duration = (flags & Trun.duration) === 0 ? (header.duration ?? defaults?.duration ?? 0) : reader.u32();
        const size = (flags & Trun.size) === 0 ? (header.size ?? defaults?.size ?? 0) : reader.u32();
        const own = (flags & Trun.flags) === 0 ? undefined : reader.u32();
        // Version 0 says unsigned, but writers store negative offsets in it; 2^31 ticks are no real offset.
        const offset = (flags & Trun.offset) === 0 ? 0 : signed(reader.u32());
        const sampleFlags = (i === 0 ? first : undefined) ?? own ?? header.flags ?? defaults?.flags ?? 0;
        if (size > limits.messageBytes) {
          throw fmp4Errors.protocol('SAMPLE_SIZE', { size, limit: limits.messageBytes });
        }
        const key = track?.track.kind !== 'video' || (sampleFlags & FLAG_NON_SYNC) === 0;
        if (track !== undefined && size > 0) {
          this.#samples.push({ index, dts: this.#dts, duration, offset, key, at, size });
        }
        at += size;
        this.#dts += duration;
      }
      this.dataEnd = at;
    });
  }
}

/** A sample in stream time: the edit list is applied. Errors: FMP4_TIME. */
export function coming(track: MovieTrack, sample: Omit<FragmentSample, 'duration'>): Coming {
  const { index, offset, key, at, size } = sample;
  const ticks = sample.dts - track.mediaTime;
  const dts = microsOf(ticks, track.timescale) + track.delay;
  const pts = microsOf(ticks + offset, track.timescale) + track.delay;
  return { index, dts, cts: pts - dts, key, at, size };
}

function parseTfhd(tfhd: BoxView, moofAt: number, dataEnd: number): Header {
  return tfhd.readFull((reader, _, flags) => {
    const trackId = reader.u32();
    const given = (flags & Tfhd.baseOffset) === 0 ? undefined : reader.u64();
    const base = given ?? ((flags & Tfhd.baseIsMoof) === 0 ? dataEnd : moofAt);
    if ((flags & Tfhd.description) !== 0) reader.skip(4);
    return {
      trackId,
      base,
      duration: (flags & Tfhd.duration) === 0 ? undefined : reader.u32(),
      size: (flags & Tfhd.size) === 0 ? undefined : reader.u32(),
      flags: (flags & Tfhd.flags) === 0 ? undefined : reader.u32(),
    };
  });
}
