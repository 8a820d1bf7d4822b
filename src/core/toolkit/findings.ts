// Verdicts over a probe's numbers: what hurts viewers, and what to do about it.
import type { SrsxError } from '../base/errors.ts';
import type { Codec } from '../media/track.ts';
import type { Finding, ProbeReport, ProbeTrack } from './probe-report.ts';
import type { Oddity, TrackMeter } from './track-meter.ts';

export interface Evidence {
  readonly report: Omit<ProbeReport, 'findings'>;
  readonly meters: readonly TrackMeter[];
  /** What the protocol warned of while it read. */
  readonly warnings: readonly string[];
  /** What was found beside the frames, in the container itself. */
  readonly others: readonly Finding[];
  /** Why the source ended, when it was an error. */
  readonly fault: SrsxError | undefined;
  /** Time-out for the first media, and the media time asked for. */
  readonly timeoutMs: number;
}

/** Worst first, in a stable order. */
export function judge(evidence: Evidence): Finding[] {
  const findings = [
    ...judgeSource(evidence),
    ...evidence.report.tracks.flatMap((track) => judgeTrack(track, evidence)),
    ...judgeTogether(evidence.report),
    ...evidence.others,
  ];
  return findings.sort((a, b) => rank[a.severity] - rank[b.severity]);
}

const rank = { must: 0, should: 1, info: 2 } as const;

function judgeSource({ report, warnings, fault, timeoutMs }: Evidence): Finding[] {
  const found = warnings.map(judgeWarning);
  if (fault !== undefined) {
    found.push(must('source-error', 'source', `the source ended: ${fault.message} (${fault.code})`, fault.advice));
  }
  if (report.frames === 0) {
    const why = report.endedBy === 'timeout' ? `no media within ${seconds(timeoutMs)}` : 'no media at all';
    found.push(must('no-media', 'source', why, 'Does somebody publish this stream, under exactly this name?'));
  } else if (report.live && report.firstFrameMs !== null && report.firstFrameMs > 3000) {
    const text = `the first frame came after ${seconds(report.firstFrameMs)}`;
    found.push(should('slow-start', 'source', text, 'Look at the network, the GOP length and the GOP cache.'));
  }
  return found;
}

/** Frames before a sequence header never become a track: only the warning tells of them. */
const judgeWarning = (warning: string): Finding =>
  warning.includes('NO_CONFIG')
    ? must('config-missing', 'source', warning, CONFIG_ADVICE)
    : should('source-warning', 'source', warning, 'The protocol left this out: look at the encoder.');

const CONFIG_ADVICE =
  'No decoder can start: the publisher must send the sequence header first, and again after a reconnect.';

function judgeTrack(track: ProbeTrack, { report, meters }: Evidence): Finding[] {
  const meter = meters.find((candidate) => candidate.track.id === track.id);
  if (meter === undefined || track.kind === 'data') return [];
  const at = `${track.kind} ${track.id}`;
  return [
    ...judgeConfig(track, at),
    ...(track.kind === 'video' ? judgeVideo(track, report, at) : judgeAudio(track, at)),
    ...judgeTimes(track, meter, report.live, at),
  ];
}

function judgeConfig(track: ProbeTrack, at: string): Finding[] {
  const found: Finding[] = [];
  if (track.configMissing) {
    found.push(must('config-missing', at, `${track.codec} frames without a sequence header`, CONFIG_ADVICE));
  }
  if (track.configFault !== null) {
    const advice = 'Decoders will refuse it, or show garbage: look at the encoder.';
    found.push(must('config-damaged', at, `damaged parameters: ${track.configFault}`, advice));
  }
  if (track.codec === 'unknown') {
    found.push(must('codec-unknown', at, 'the codec is unknown', 'Use H.264 with AAC, which everything plays.'));
  }
  if (track.parameterChanges > 0) {
    const text = `the parameters changed ${times(track.parameterChanges)}`;
    found.push(info('config-changes', at, text, 'Some players stop or show garbage; keep size and profile fixed.'));
  }
  return found;
}

function judgeVideo(track: ProbeTrack, report: Omit<ProbeReport, 'findings'>, at: string): Finding[] {
  const found: Finding[] = [];
  if (track.keyFrames === 0 && track.frames > 0) {
    const text = `no key frame in ${track.frames} frames`;
    found.push(must('no-key-frame', at, text, 'Nobody can start to watch: set a GOP of 2 s in the encoder.'));
  }
  const longest = Math.max(track.gop?.seconds.max ?? 0, track.gop === null ? openGop(track, report) : 0);
  if (longest > LONG_GOP_S) {
    const text = `${track.gop === null ? 'at least ' : ''}${longest.toFixed(1)} s between key frames`;
    const advice = 'Viewers wait that long for the first picture, and HLS segments get as long: set a GOP of 2 s.';
    found.push(should('gop-long', at, text, advice));
  }
  if (track.reordered) {
    const text = `B-frames, shown up to ${track.maxReorderMs} ms after decoding`;
    const advice = 'WebRTC players do not show them in order, and they cost delay: -bf 0, or tune zerolatency.';
    found.push(info('b-frames', at, text, advice));
  }
  const { fpsDeclared, fpsMeasured } = track;
  if (fpsDeclared !== null && fpsMeasured !== null && report.mediaMs > 2000) {
    if (Math.abs(fpsDeclared - fpsMeasured) > fpsDeclared * 0.1) {
      const text = `${fpsDeclared} frames per second declared, ${fpsMeasured.toFixed(1)} measured`;
      found.push(info('fps-differs', at, text, 'The encoder drops frames, or the camera has a variable rate.'));
    }
  }
  const hint = videoHint[track.codec];
  if (hint !== undefined) found.push(info('codec-video', at, `${track.codec}: ${hint}`, 'H.264 plays everywhere.'));
  return found;
}

/** A stream whose second key frame did not come: as long as it was watched after the first one. */
function openGop(track: ProbeTrack, report: Omit<ProbeReport, 'findings'>): number {
  return track.keyFrames === 1 && report.endedBy !== 'end' ? (track.lastDtsMs - track.firstDtsMs) / 1000 : 0;
}

const videoHint: Partial<Record<Codec, string>> = {
  h265: 'not every browser decodes it, and few in WebRTC',
  av1: 'older devices do not decode it',
  vp8: 'not usual in FLV and RTMP; WebRTC plays it',
  vp9: 'needs Enhanced RTMP; Safari plays it in WebRTC only',
};

const audioHint: Partial<Record<Codec, string>> = {
  mp3: 'browsers do not play it in fragmented MP4 everywhere',
  opus: 'needs Enhanced RTMP; Safari does not play it in HLS',
  flac: 'few players take it in a live stream',
  ac3: 'few browsers decode it',
  eac3: 'few browsers decode it',
  pcma: 'browsers play it in WebRTC only',
  pcmu: 'browsers play it in WebRTC only',
};

function judgeAudio(track: ProbeTrack, at: string): Finding[] {
  const hint = audioHint[track.codec];
  return hint === undefined ? [] : [info('codec-audio', at, `${track.codec}: ${hint}`, 'AAC plays everywhere.')];
}

function judgeTimes(track: ProbeTrack, meter: TrackMeter, live: boolean, at: string): Finding[] {
  const found: Finding[] = [];
  if (meter.backwards.count > 0) {
    const text = `decode times step back ${times(meter.backwards.count)}, up to ${worst(meter.backwards)}`;
    const advice = 'Players stall or drop: the encoder was restarted, or mixes two clocks.';
    found.push(must('dts-backwards', where(at, meter.backwards), text, advice));
  }
  if (meter.gaps.count > 0) {
    const text = `decode times jump ${times(meter.gaps.count)}, up to ${worst(meter.gaps)}`;
    const advice = 'The picture freezes for that long: look at the encoder and its uplink.';
    found.push(should('gap', where(at, meter.gaps), text, advice));
  }
  const slowest = track.times.maxArrivalMs ?? 0;
  if (live && slowest > 1000 && meter.gaps.count === 0) {
    const text = `nothing came for ${seconds(slowest)}`;
    found.push(should('arrival-stall', at, text, 'The network or the server held it back: players need a buffer.'));
  }
  return found;
}

function judgeTogether({ tracks, interleave, mediaMs, frames }: Omit<ProbeReport, 'findings'>): Finding[] {
  if (frames === 0) return [];
  const found: Finding[] = [];
  const has = (kind: string): boolean => tracks.some((track) => track.kind === kind && track.frames > 0);
  if (!has('audio')) {
    found.push(info('no-audio', 'source', 'no audio', 'Some platforms and players want a silent track.'));
  }
  if (!has('video')) found.push(info('no-video', 'source', 'no video', 'Fine for radio.'));
  if (interleave === null) return found;
  const { startOffsetMs, maxSkewMs } = interleave;
  if (Math.abs(startOffsetMs) > 500) {
    const later = startOffsetMs > 0 ? 'audio begins' : 'video begins';
    const text = `${later} ${seconds(Math.abs(startOffsetMs))} later than the other`;
    found.push(should('av-offset', 'source', text, 'Sound and picture may be out of step: look at the encoder.'));
  }
  if (maxSkewMs > 1000 && mediaMs > 1000) {
    const text = `audio and video lie up to ${seconds(maxSkewMs)} apart on the wire`;
    found.push(should('av-skew', 'source', text, 'Players must buffer that much before they can play both.'));
  }
  return found;
}

type Maker = (id: string, at: string, text: string, advice: string) => Finding;
const must: Maker = (id, at, text, advice) => ({ id, severity: 'must', at, text, advice });
const should: Maker = (id, at, text, advice) => ({ id, severity: 'should', at, text, advice });
const info: Maker = (id, at, text, advice) => ({ id, severity: 'info', at, text, advice });

const times = (count: number): string => (count === 1 ? 'once' : `${count} times`);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const worst = (oddity: Oddity): string => `${(oddity.worst / 1_000_000).toFixed(3)} s`;
const where = (at: string, oddity: Oddity): string => `${at} at ${(oddity.firstAt / 1_000_000).toFixed(3)} s`;

/** SRS and the CDNs advise 2 s; above 4 s every segmenting protocol suffers. */
const LONG_GOP_S = 4;
