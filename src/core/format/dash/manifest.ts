// What a live MPD says (ISO 23009-1 §5.3): periods of representations, whose segments are numbered fragments.
import type { Micros } from '../../base/time.ts';

/** One segment of a representation, on the clock of its track. */
export interface DashSegment {
  readonly number: number;
  readonly startTicks: number;
  readonly durationTicks: number;
  readonly bytes: Uint8Array;
}

/** One track of a period (§5.3.5). */
export interface DashRepresentation {
  /** Also the first part of its file names: `video`, `audio`, `audio1`. */
  readonly id: string;
  readonly kind: 'video' | 'audio';
  /** RFC 6381. */
  readonly codecs: string;
  /** Ticks for each second. */
  readonly timescale: number;
  /** The tick that is shown at the beginning of the period. */
  readonly offsetTicks: number;
  /** Bits a second of its largest segment so far: what a player must be able to fetch. */
  readonly bandwidthBps: number;
  readonly width?: number;
  readonly height?: number;
  readonly sampleRate?: number;
  readonly channels?: number;
  readonly init: Uint8Array;
  /** In the MPD, oldest first, their numbers one behind the other. */
  readonly segments: readonly DashSegment[];
}

/** A stretch with the same tracks on one timeline (§5.3.2). */
export interface DashPeriod {
  readonly id: number;
  /** Since the availability start. */
  readonly start: Micros;
  readonly representations: readonly DashRepresentation[];
}

/** A whole MPD (§5.3.1) of a live stream. */
export interface DashManifest {
  /** Wall time at which the first period begins. */
  readonly availabilityStart: Micros;
  readonly publishTime: Micros;
  readonly updatePeriod: Micros;
  readonly timeShift: Micros;
  /** The longest segment. */
  readonly segmentDuration: Micros;
  /** Where segments are, relative to the MPD, with a slash at its end. */
  readonly baseUrl: string;
  readonly periods: readonly DashPeriod[];
  /** The wall time now, for players whose clock is wrong (UTCTiming); undefined: it is not said. */
  readonly now: Micros | undefined;
}

/** `video-init.mp4`; periods behind the first have init segments of their own. */
export const initName = (representation: string, period: number): string =>
  `${representation}-init${period === 0 ? '' : `-${period}`}.mp4`;

/** `video-7.m4s`. */
export const segmentName = (representation: string, number: number | string): string =>
  `${representation}-${number}.m4s`;

/** The manifest without what is not there: each representation begins behind its newest segment that is missing. */
export function withoutMissing(manifest: DashManifest, missing: ReadonlySet<string>): DashManifest {
  if (missing.size === 0) return manifest;
  const periods = manifest.periods.map((period) => ({
    ...period,
    representations: period.representations.flatMap((it) => {
      if (missing.has(initName(it.id, period.id))) return [];
      const last = it.segments.findLastIndex(({ number }) => missing.has(segmentName(it.id, number)));
      const segments = it.segments.slice(last + 1);
      return segments.length === 0 ? [] : [{ ...it, segments }];
    }),
  }));
  return { ...manifest, periods: periods.filter(({ representations }) => representations.length > 0) };
}
