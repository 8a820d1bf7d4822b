// A probe's report for people: what it is, its tracks, and what is wrong with it.
import chalk from 'chalk';
import type { ProbeFinding, ProbeReport, ProbeTrack } from '../core/index.ts';
import { printable } from './log-sink.ts';
import { type Column, facts, table } from './output.ts';
import { formatBitrate, formatMs, formatSize } from './units.ts';

/** Facts, tracks, findings and the verdict. */
export function probeText(report: ProbeReport): string {
  // Metadata that came once is no track to look at.
  const tracks = report.tracks.filter(({ kind, frames }) => kind !== 'data' || frames > 0);
  const rows = tracks.length > 0 ? [table(tracks, columns)] : [];
  return [head(report), ...rows, findings(report.findings), verdict(report)].join('\n\n');
}

/** Something hurts viewers. */
export const mustBeFixed = ({ findings }: ProbeReport): boolean => findings.some(({ severity }) => severity === 'must');

const maybe = (ms: number | null): string => (ms === null ? '–' : formatMs(ms));

function head(report: ProbeReport): string {
  const { interleave } = report;
  const lines: [string, string][] = [
    ['Source', `${report.source} (${report.protocol}, ${report.live ? 'live' : 'file'})`],
    [
      'Watched',
      `${formatMs(report.mediaMs)} of media in ${formatMs(report.elapsedMs)}, ended by ${endings[report.endedBy]}`,
    ],
    ['Received', `${formatSize(report.bytes)}, ${report.frames} frames, ${formatBitrate(report.bitrateBps)}`],
  ];
  if (report.live) {
    const { connectMs, firstByteMs, firstFrameMs, firstKeyFrameMs } = report;
    const times = `connected ${maybe(connectMs)}, first byte ${maybe(firstByteMs)}, first frame ${maybe(firstFrameMs)}`;
    lines.push(['Start', `${times}, first key frame ${maybe(firstKeyFrameMs)}`]);
  }
  if (interleave !== null) {
    lines.push([
      'A/V',
      `audio starts ${interleave.startOffsetMs} ms after video, at most ${interleave.maxSkewMs} ms apart`,
    ]);
  }
  if (report.transport !== null) lines.push(['TS', transport(report.transport)]);
  return facts(lines);
}

function transport({ packets, worstPatMs, worstPcrMs, pcrJitterMs }: NonNullable<ProbeReport['transport']>): string {
  const jitter = pcrJitterMs === null ? '' : `, PCR jitter ${formatMs(pcrJitterMs)}`;
  return `${packets} packets, PAT every ${formatMs(worstPatMs)}, PCR every ${formatMs(worstPcrMs)} at most${jitter}`;
}

const endings = {
  end: 'the end of the source',
  duration: 'the duration asked for',
  frames: 'the number of frames asked for',
  timeout: 'silence',
  signal: 'the operator',
  error: 'an error',
} as const satisfies Record<ProbeReport['endedBy'], string>;

const columns: readonly Column<ProbeTrack>[] = [
  { title: 'Track', value: ({ kind, id }) => `${kind} ${id}` },
  { title: 'Codec', value: ({ codec, rfc6381 }) => (rfc6381 === null ? codec : `${codec} (${rfc6381})`) },
  { title: 'Parameters', value: parameters },
  { title: 'Frames', value: ({ frames }) => String(frames), right: true },
  { title: 'Bitrate', value: ({ bitrateBps }) => formatBitrate(bitrateBps), right: true },
  { title: 'GOP', value: groups, right: true },
  { title: 'Step ms min/avg/max', value: ({ times }) => steps(times), right: true },
];

function parameters(track: ProbeTrack): string {
  const { width, height, fpsMeasured, profile, level, sampleRateHz, channels, reordered } = track;
  const parts = [
    ...(width !== null && height !== null ? [`${width}x${height}`] : []),
    ...(track.kind === 'video' && fpsMeasured !== null ? [`${fpsMeasured.toFixed(2)} fps`] : []),
    ...(profile !== null ? [level === null ? profile : `${profile}@${level}`] : []),
    ...(sampleRateHz !== null ? [`${sampleRateHz} Hz`] : []),
    ...(channels !== null ? [`${channels} ch`] : []),
    ...(reordered ? ['B-frames'] : []),
  ];
  return parts.join(', ') || '–';
}

function groups({ gop }: ProbeTrack): string {
  return gop === null ? '–' : `${gop.frames.avg.toFixed(0)} frames, ${gop.seconds.avg.toFixed(2)} s`;
}

function steps({ minStepMs, avgStepMs, maxStepMs }: ProbeTrack['times']): string {
  return [minStepMs, avgStepMs, maxStepMs].map((step) => step.toFixed(1)).join(' / ');
}

const paint = { must: chalk.red, should: chalk.yellow, info: chalk.cyan } as const;

const findings = (found: readonly ProbeFinding[]): string =>
  found.length === 0
    ? 'Nothing to remark.'
    : found
        .map(({ severity, at, text, advice, id }) => {
          const line = `${paint[severity](severity.padEnd(6))} ${printable(at)}: ${printable(text)} ${chalk.gray(`(${id})`)}`;
          return `${line}\n       ${printable(advice)}`;
        })
        .join('\n');

function verdict({ findings }: ProbeReport): string {
  const count = (severity: ProbeFinding['severity']): number =>
    findings.filter((finding) => finding.severity === severity).length;
  const [must, should] = [count('must'), count('should')];
  if (must > 0) return chalk.red(`Verdict: ${must} must be fixed, ${should} should be.`);
  return should > 0 ? chalk.yellow(`Verdict: ${should} should be fixed.`) : chalk.green('Verdict: good.');
}
