// What a probe found: a plain object for JSON, every quantity with its unit.
import type { TsIndicators } from '../format/ts/index.ts';
import type { Codec, TrackKind } from '../media/track.ts';

export interface ProbeReport {
  readonly source: string;
  readonly protocol: string;
  /** Not a file: times of arrival mean something. */
  readonly live: boolean;
  /** Why it ended: the source did, enough media or frames, no media in time, the caller, or an error after media. */
  readonly endedBy: 'end' | 'duration' | 'frames' | 'timeout' | 'signal' | 'error';
  /** Milliseconds since the start; null when it did not come to that. */
  readonly connectMs: number | null;
  readonly firstByteMs: number | null;
  readonly firstFrameMs: number | null;
  /** Of video. */
  readonly firstKeyFrameMs: number | null;
  readonly elapsedMs: number;
  /** From the first frame to the newest, in media time. */
  readonly mediaMs: number;
  /** Received, with everything the protocol adds. */
  readonly bytes: number;
  readonly frames: number;
  /** Of the media of all tracks, over the media time. */
  readonly bitrateBps: number;
  readonly tracks: readonly ProbeTrack[];
  /** Sound against picture; null unless there are both. */
  readonly interleave: ProbeInterleave | null;
  /** The values of onMetaData; null when none came. */
  readonly metadata: unknown;
  /** The transport stream itself; null when it is none. */
  readonly transport: ProbeTransport | null;
  /** Of the connection, with the keys of its protocol's own tools: of SRT those of srt-live-transmit. Null when it has none. */
  readonly statistics: Readonly<Record<string, unknown>> | null;
  readonly findings: readonly Finding[];
}

type TicksOfTs = 'worstPatTicks' | 'worstPmtTicks' | 'worstPcrTicks' | 'worstPtsTicks' | 'pcrJitterTicks';

/** The indicators of ETSI TR 101 290, with the longest distances seen. */
export interface ProbeTransport extends Readonly<Omit<TsIndicators, TicksOfTs>> {
  readonly worstPatMs: number;
  readonly worstPmtMs: number;
  readonly worstPcrMs: number;
  readonly worstPtsMs: number;
  /** Null for files. */
  readonly pcrJitterMs: number | null;
}

export interface ProbeTrack {
  readonly id: number;
  readonly kind: TrackKind;
  readonly codec: Codec;
  /** RFC 6381, such as `avc1.64001e`; null when the parameters are missing or unreadable. */
  readonly rfc6381: string | null;
  readonly profile: string | null;
  readonly level: string | null;
  /** Pixels, after cropping. */
  readonly width: number | null;
  readonly height: number | null;
  /** Frames per second, as the parameters or else the metadata say. */
  readonly fpsDeclared: number | null;
  /** Frames per second of media time. */
  readonly fpsMeasured: number | null;
  readonly sampleRateHz: number | null;
  readonly channels: number | null;
  readonly frames: number;
  /** Media bytes, without containers. */
  readonly bytes: number;
  /** Over the media time of this track. */
  readonly bitrateBps: number;
  readonly largestFrameBytes: number;
  readonly keyFrames: number;
  /** Whole groups of pictures only; null when there was none. Video. */
  readonly gop: { readonly frames: Range; readonly seconds: Range } | null;
  /** Presentation after decoding: 0 without B-frames. */
  readonly maxReorderMs: number;
  /** Some frames are shown in another order than they are decoded: B-frames. */
  readonly reordered: boolean;
  readonly firstDtsMs: number;
  readonly lastDtsMs: number;
  readonly times: ProbeTimes;
  /** New parameters in mid-stream. */
  readonly parameterChanges: number;
  /** Why the parameters cannot be read; null when they can, or when there are none. */
  readonly configFault: string | null;
  /** The frames came, what a decoder needs first did not. */
  readonly configMissing: boolean;
}

/** The distance of decode times, frame to frame. */
export interface ProbeTimes {
  readonly minStepMs: number;
  readonly avgStepMs: number;
  readonly maxStepMs: number;
  /** Standard deviation of the step: 0 for a steady clock, about 0.5 where times are whole milliseconds. */
  readonly jitterMs: number;
  /** Steps of more than a second. */
  readonly gaps: number;
  /** Steps back. */
  readonly backwards: number;
  /** Equal decode times. */
  readonly repeated: number;
  /** Longest wait for a frame in real time; null for files. */
  readonly maxArrivalMs: number | null;
}

export interface ProbeInterleave {
  /** First presentation of sound after that of picture; negative when sound begins first. */
  readonly startOffsetMs: number;
  /** Largest distance between the newest sound and the newest picture, in order of arrival. */
  readonly maxSkewMs: number;
}

export interface Range {
  readonly min: number;
  readonly avg: number;
  readonly max: number;
}

export interface Finding {
  /** Stable, such as `gop-long`. */
  readonly id: string;
  /** must: viewers are hurt; should: some are, or soon; info: worth to know. */
  readonly severity: 'must' | 'should' | 'info';
  /** `source`, or the track, such as `video 0`; with the media time where there is one. */
  readonly at: string;
  readonly text: string;
  readonly advice: string;
}
