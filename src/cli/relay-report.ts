// How a relay shows where it is, and what it did.
import type { RelayProgress, RelayResult } from '../core/index.ts';
import { facts } from './output.ts';
import { formatBitrate, formatMs, formatSize } from './units.ts';

/** One line for a terminal. */
export function relayLine(progress: RelayProgress): string {
  const { state, mediaMs, bitrateBps, speed, frames, dropped, reconnects } = progress;
  return [
    `${state.padEnd(10)} ${clock(mediaMs)}`,
    formatBitrate(bitrateBps),
    `x${speed.toFixed(2)}`,
    `${frames.video} video, ${frames.audio} audio`,
    ...(dropped > 0 ? [`${dropped} dropped`] : []),
    ...(reconnects > 0 ? [`${reconnects} reconnects`] : []),
  ].join('  ');
}

/** What was done, for people. */
export function relaySummary(result: RelayResult): string {
  const tracks = result.tracks.map(({ kind, codec, frames }) => `${kind} ${codec} (${frames} frames)`);
  return facts([
    ['From', result.from],
    ['To', result.to],
    ['Ended by', endings[result.endedBy]],
    ['Media', `${formatMs(result.mediaMs)} in ${formatMs(result.elapsedMs)}, x${result.speed.toFixed(2)}`],
    ['Tracks', tracks.length > 0 ? tracks.join(', ') : 'none'],
    ['Bytes', `${formatSize(result.bytesIn)} in, ${formatSize(result.bytesOut)} out`],
    ['Dropped', String(result.dropped)],
    ['Reconnects', String(result.reconnects)],
  ]);
}

/** What ended a command, in words. */
export const endings = {
  end: 'the end of the input',
  duration: 'the duration asked for',
  signal: 'the operator',
} as const satisfies Record<RelayResult['endedBy'], string>;

/** `1:02:03` or `2:03`. */
export function clock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = `${String(m).padStart(h > 0 ? 2 : 1, '0')}:${String(s).padStart(2, '0')}`;
  return h > 0 ? `${h}:${tail}` : tail;
}
