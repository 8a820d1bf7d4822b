// A track's numbers and parameters in the words of a probe report.

import { ProtocolError } from '../base/errors.ts';
import { MICROS_PER_SECOND, type Micros, toMs, toSeconds } from '../base/time.ts';
import { type CodecInfo, describe } from '../codec/index.ts';
import type { Codec } from '../media/track.ts';
import { type Json, metadataNumber } from './metadata.ts';
import type { ProbeTimes, ProbeTrack } from './probe-report.ts';
import { round, type Spread } from './spread.ts';
import type { TrackMeter } from './track-meter.ts';

/** @param live times of arrival mean something. */
export function reportTrack(meter: TrackMeter, { live, metadata }: { live: boolean; metadata: Json }): ProbeTrack {
  const { track } = meter;
  const { info, fault } = describeTrack(meter);
  const gopFrames = meter.gopFrames.range();
  const gopSeconds = meter.gopSpans.range();
  const measured = meter.span > 0 ? round(meter.frames / toSeconds(meter.span)) : null;
  return {
    id: track.id,
    kind: track.kind,
    codec: track.codec,
    rfc6381: info?.codecString ?? null,
    profile: info?.profile ?? null,
    level: info?.level ?? null,
    width: info?.width ?? null,
    height: info?.height ?? null,
    fpsDeclared: track.kind === 'video' ? (info?.fps ?? metadataNumber(metadata, 'framerate') ?? null) : null,
    fpsMeasured: track.kind === 'video' ? measured : null,
    sampleRateHz: info?.sampleRate ?? null,
    channels: info?.channels ?? null,
    frames: meter.frames,
    bytes: meter.bytes,
    bitrateBps: meter.bitrateBps,
    largestFrameBytes: meter.largest,
    keyFrames: meter.keyFrames,
    gop:
      track.kind === 'video' && gopFrames !== undefined && gopSeconds !== undefined
        ? { frames: gopFrames, seconds: gopSeconds }
        : null,
    maxReorderMs: toMs(meter.maxCts),
    reordered: meter.reordered,
    firstDtsMs: toMs(meter.first),
    lastDtsMs: toMs(meter.last),
    times: reportTimes(meter, live),
    parameterChanges: meter.changes,
    configFault: fault,
    configMissing: meter.frames > 0 && needsConfig.has(track.codec) && track.config.length === 0,
  };
}

/** Damaged parameters are a finding, not the end of a probe. */
function describeTrack({ track, sample }: TrackMeter): { info: CodecInfo | undefined; fault: string | null } {
  try {
    return { info: describe(track.codec, track.config, sample), fault: null };
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { info: undefined, fault: `${error.message} (${error.code})` };
  }
}

function reportTimes({ steps, gaps, backwards, repeated, arrivals }: TrackMeter, live: boolean): ProbeTimes {
  return {
    minStepMs: inMs(steps, steps.min),
    avgStepMs: inMs(steps, steps.avg),
    maxStepMs: inMs(steps, steps.max),
    jitterMs: inMs(steps, steps.deviation),
    gaps: gaps.count,
    backwards: backwards.count,
    repeated,
    maxArrivalMs: live && arrivals.count > 0 ? inMs(arrivals, arrivals.max) : null,
  };
}

/** Milliseconds with three digits; 0 when nothing passed by. */
const inMs = ({ count }: Spread, time: Micros): number =>
  count === 0 ? 0 : round(toSeconds(time) * (MICROS_PER_SECOND / MS_PER_SECOND));

const MS_PER_SECOND = 1000;

/** Codecs whose frames say nothing without their configuration. */
const needsConfig: ReadonlySet<Codec> = new Set<Codec>(['h264', 'h265', 'aac']);
