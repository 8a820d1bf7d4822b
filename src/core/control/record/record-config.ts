// The settings of a vhost's recordings: its block dvr.
import { fromSeconds, type Micros } from '../../base/time.ts';
import type { StreamName } from '../../media/stream-name.ts';
import type { TimelineMode } from '../../media/timeline.ts';
import type { Settings } from '../config/settings.ts';
import { fileKind } from './file-kind.ts';
import { checkNoSteps, type Place, placeOf } from './place.ts';

/** How the times of a recording are made (SRS: dvr_plan). */
export type RecordPlan = 'session' | 'segment' | 'append';

/** The block dvr of a vhost, each value checked. */
export interface RecordConfig extends Place {
  readonly plan: RecordPlan;
  /** What was written as the plan. */
  readonly planWord: string;
  /** Dates in names are in UTC (SRS: utc_time). */
  readonly utc: boolean;
  /** Of a file, for the plan segment (SRS: dvr_duration). */
  readonly segment: Micros;
  /** A file of the plan segment begins with a key frame (SRS: dvr_wait_keyframe). */
  readonly waitKey: boolean;
  /** SRS: time_jitter. */
  readonly times: TimelineMode;
  /** MP4 is made a plain file at the end. */
  readonly remux: boolean;
  /** SRS: dvr_apply. */
  readonly apply: readonly string[];
}

/** Undefined: the vhost records nothing. Throws STORAGE_PATH. */
export function recordConfig(settings: Settings, vhost: string): RecordConfig | undefined {
  const section = settings.vhost(vhost);
  if (!section.get('vhost.dvr.enabled')) return undefined;
  const written = section.get('vhost.dvr.dvr_path');
  checkNoSteps(written);
  // SRS: without an ending it is a directory.
  const path = fileKind(written) === undefined ? `${written.replace(/\/+$/, '')}/[stream].[timestamp].flv` : written;
  const planWord = section.get('vhost.dvr.dvr_plan');
  return {
    ...placeOf(path),
    plan: planWord === 'segment' || planWord === 'append' ? planWord : 'session',
    planWord,
    utc: settings.root.get('utc_time'),
    // SRS reads garbage as 0, which would make a file of each key frame.
    segment: fromSeconds(Math.max(1, section.get('vhost.dvr.dvr_duration'))),
    waitKey: section.get('vhost.dvr.dvr_wait_keyframe'),
    times: modes[section.get('vhost.dvr.time_jitter')] ?? 'full',
    remux: section.get('vhost.dvr.dvr_remux'),
    apply: section.get('vhost.dvr.dvr_apply'),
  };
}

const modes: Readonly<Record<string, TimelineMode>> = { full: 'full', zero: 'zero', off: 'raw' };

/** Whether one of the patterns is the stream: `all`, `app/stream`, with `*` for any part of a level. */
export function applies(patterns: readonly string[], { app, stream }: StreamName): boolean {
  const name = `${app}/${stream}`;
  return patterns.some((pattern) => pattern === 'all' || pattern === name || matches(pattern, name));
}

function matches(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return false;
  const levels = pattern.split('/');
  const names = name.split('/');
  return levels.length === names.length && levels.every((level, index) => matchesLevel(level, names[index] ?? ''));
}

/** Each part between stars is found behind the one before it; without going back, so that no pattern is slow. */
function matchesLevel(pattern: string, name: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  const last = rest.pop();
  if (last === undefined) return pattern === name;
  if (!name.startsWith(first) || !name.endsWith(last) || name.length < first.length + last.length) return false;
  let at = first.length;
  for (const part of rest) {
    const found = name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return at <= name.length - last.length;
}
