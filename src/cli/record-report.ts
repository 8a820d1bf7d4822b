// How a recording shows where it is, and what it made.
import type { RecordProgress, RecordResult } from '../core/index.ts';
import { facts, table } from './output.ts';
import { clock, endings } from './relay-report.ts';
import { formatMs, formatSize } from './units.ts';

/** One line for a terminal. */
export function recordLine(progress: RecordProgress): string {
  const { state, mediaMs, bytesIn, frames, dropped, file, files } = progress;
  return [
    `${state.padEnd(10)} ${clock(mediaMs)}`,
    formatSize(bytesIn),
    `${frames.video} video, ${frames.audio} audio`,
    ...(dropped > 0 ? [`${dropped} dropped`] : []),
    ...(file === null ? [] : [files > 1 ? `${file} (${files})` : file]),
  ].join('  ');
}

/** What was made, for people. */
export function recordSummary(result: RecordResult): string {
  const tracks = result.tracks.map(({ kind, codec, frames }) => `${kind} ${codec} (${frames} frames)`);
  const words = facts([
    ['From', result.from],
    ['Ended by', endings[result.endedBy]],
    ['Media', `${formatMs(result.mediaMs)} in ${formatMs(result.elapsedMs)}`],
    ['Tracks', tracks.length > 0 ? tracks.join(', ') : 'none'],
    ['Dropped', `${result.dropped} frames in ${result.gaps} gaps`],
  ]);
  const files = table(result.recordings, [
    { title: 'File', value: ({ file }) => file },
    { title: 'Length', value: ({ durationMs }) => formatMs(durationMs), right: true },
    { title: 'Size', value: ({ bytes }) => formatSize(bytes), right: true },
  ]);
  return result.recordings.length > 0 ? `${words}\n\n${files}` : words;
}
