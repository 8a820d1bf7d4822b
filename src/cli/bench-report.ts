// A bench on the screen: a row for each second, and the tables at the end.
import chalk from 'chalk';
import type { BenchInterval, BenchReport } from '../core/index.ts';
import { type Column, facts, note, printJsonLine, table } from './output.ts';
import type { Progress } from './progress.ts';
import { formatBitrate, formatMs, formatSize } from './units.ts';

type Percentiles = NonNullable<BenchReport['connectMs']>;

/** Rows under one head on a terminal, JSON lines elsewhere, nothing for `--json`. */
export function benchProgress({
  quiet,
  terminal = process.stderr.isTTY === true,
}: {
  readonly quiet: boolean;
  readonly terminal?: boolean;
}): Progress<BenchInterval> {
  const stop = (): void => undefined;
  if (quiet) return { terminal: false, update: stop, stop };
  if (!terminal) return { terminal, update: printJsonLine, stop };
  note(chalk.bold(row(rowTitles)));
  return { terminal, update: (interval) => note(row(cells(interval))), stop };
}

const rowTitles = ['time', 'started', 'connected', 'active', 'failed', 'ended', 'bitrate', 'frames', 'stalls'];

const cells = ({ elapsedMs, clients, bitrateBps, frames, stalls }: BenchInterval): string[] => [
  `${Math.round(elapsedMs / 1000)} s`,
  ...[clients.started, clients.connected, clients.active, clients.failed, clients.ended].map(String),
  formatBitrate(bitrateBps),
  String(frames),
  String(stalls),
];

const row = (texts: readonly string[]): string => texts.map((text) => text.padStart(12)).join('');

/** Everything that was measured, for people. */
export function benchText(report: BenchReport): string {
  const { clients } = report;
  const totals = facts([
    ['Bench', `${report.mode} ${report.url}`],
    [
      'Clients',
      `${clients.wanted} wanted, ${clients.connected} connected, ${clients.served} served, ${clients.failed} failed, ${clients.ended} left early`,
    ],
    [
      'Media',
      `${formatSize(report.bytes)} in ${formatMs(report.elapsedMs)}, ${formatBitrate(report.bitrateBps)}, ${report.frames} frames`,
    ],
    [
      'Stalls',
      `${report.stalls} of ${report.stalled} clients, ${report.gaps} gaps, ${report.reconnects} reconnects, ${report.dropped} dropped`,
    ],
  ]);
  const spreads = table(
    [
      ['connect', report.connectMs, formatMs],
      ['first frame', report.firstFrameMs, formatMs],
      ['late', report.lateMs, formatMs],
      ['bitrate', report.bitratePerClientBps, formatBitrate],
    ].filter((line): line is Spread => line[1] !== null),
    spreadColumns,
  );
  return [totals, spreads, ...reasons(report), ...thresholds(report)].join('\n\n');
}

type Spread = [string, Percentiles, (value: number) => string];

const spreadColumns: readonly Column<Spread>[] = [
  { title: 'per client', value: ([name]) => name },
  ...(['min', 'avg', 'p50', 'p95', 'p99', 'max'] as const).map((statistic) => ({
    title: statistic,
    value: ([, percentiles, format]: Spread) => format(percentiles[statistic]),
    right: true,
  })),
];

function reasons({ reasons }: BenchReport): string[] {
  if (reasons.length === 0) return [];
  return [
    table(reasons, [
      { title: 'Count', value: ({ count }) => String(count), right: true },
      { title: 'Reason', value: ({ code }) => code },
      { title: 'First', value: ({ text }) => text },
    ]),
  ];
}

function thresholds({ thresholds }: BenchReport): string[] {
  if (thresholds.length === 0) return [];
  return [
    thresholds
      .map(({ threshold, actual, pass }) => {
        const mark = pass ? chalk.green('✓') : chalk.red('✗');
        return `${mark} ${threshold}  measured ${actual === null ? 'nothing' : actual.toFixed(1)}`;
      })
      .join('\n'),
  ];
}
