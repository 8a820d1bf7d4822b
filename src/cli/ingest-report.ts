// How an ingest shows where it is, and what it did.
import chalk from 'chalk';
import type { IngestProgress, IngestResult } from '../core/index.ts';
import { printable } from './log-sink.ts';
import { facts } from './output.ts';
import { clock, endings } from './relay-report.ts';
import { formatBitrate, formatMs, formatSize } from './units.ts';

const paint = {
  connecting: chalk.yellow,
  running: chalk.green,
  waiting: chalk.red,
  flushing: chalk.yellow,
  ended: chalk.dim,
} as const satisfies Record<IngestProgress['state'], (text: string) => string>;

/** One line for a terminal; the last error stands behind it while it waits. */
export function ingestLine(progress: IngestProgress): string {
  const { state, mediaMs, bitrateBps, speed, via, restarts, reconnects, dropped, lastError } = progress;
  const again = restarts + reconnects;
  return [
    `${paint[state](state.padEnd(10))} ${clock(mediaMs)}`,
    formatBitrate(bitrateBps),
    `x${speed.toFixed(2)}`,
    via,
    ...(dropped > 0 ? [`${dropped} dropped`] : []),
    ...(again > 0 ? [`${again} restarts`] : []),
    ...(state === 'waiting' && lastError !== null ? [chalk.red(printable(lastError))] : []),
  ].join('  ');
}

/** What was done, for people. */
export function ingestSummary(result: IngestResult): string {
  const { video, audio } = result.frames;
  return facts([
    ['From', result.from],
    ['To', result.to],
    ['Read', result.via === 'native' ? 'natively' : 'by FFmpeg'],
    ['Ended by', endings[result.endedBy]],
    ['Time', formatMs(result.elapsedMs)],
    ['Media', `${formatMs(result.mediaMs)}, ${video} video and ${audio} audio frames`],
    ['Bytes', `${formatSize(result.bytesIn)} in, ${formatSize(result.bytesOut)} out`],
    ['Restarts', String(result.restarts + result.reconnects)],
  ]);
}
