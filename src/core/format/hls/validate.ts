// The rules of RFC 8216bis that a live playlist must keep, alone and from one load to the next.
import { fromMs, fromSeconds, type Micros, toSeconds } from '../../base/time.ts';
import { applyDelta } from './delta.ts';
import { type MediaPlaylist, nextSequenceOf, type PlaylistPart, type PlaylistSegment } from './playlist.ts';

/** What is wrong, and where that is written. */
export interface PlaylistFinding {
  /** A name that does not change, such as `part-too-long`. */
  readonly rule: string;
  readonly level: 'must' | 'should';
  /** Of RFC 8216bis. */
  readonly section: string;
  /** 0: the playlist as a whole. */
  readonly line: number;
  readonly text: string;
}

/** Durations are written with three digits. */
const ROUNDING: Micros = fromMs(1);
/** §4.4.3.7: parts are at least this much of the target. */
const SHORTEST_PART = 0.85;

type Add = (rule: string, level: PlaylistFinding['level'], section: string, line: number, text: string) => void;

function collect(check: (add: Add) => void): PlaylistFinding[] {
  const findings: PlaylistFinding[] = [];
  check((rule, level, section, line, text) => findings.push({ rule, level, section, line, text }));
  return findings;
}

/** What one playlist shows. */
export function validatePlaylist(playlist: MediaPlaylist): PlaylistFinding[] {
  return collect((add) => {
    checkHead(playlist, add);
    checkControl(playlist, add);
    checkSegments(playlist, add);
    const { partTarget, segments, parts } = playlist;
    for (const segment of segments) checkParts(segment.parts, partTarget, add, segment);
    checkParts(parts, partTarget, add);
    checkHints(playlist, add);
  });
}

function checkHead({ targetDuration, version, skipped, segments, parts, partTarget }: MediaPlaylist, add: Add): void {
  if (targetDuration === undefined) add('target-missing', 'must', '4.4.3.1', 0, 'EXT-X-TARGETDURATION is missing');
  const needs = skipped > 0 ? 9 : segments.some(({ map }) => map !== undefined) ? 6 : 3;
  if (version < needs) add('version', 'must', '8', 0, `version ${version}, but ${needs} is needed`);
  const hasParts = parts.length > 0 || segments.some((segment) => segment.parts.length > 0);
  if (hasParts && partTarget === undefined)
    add('part-inf-missing', 'must', '4.4.3.7', 0, 'parts without EXT-X-PART-INF');
}

function checkControl({ control, partTarget, targetDuration = 0 }: MediaPlaylist, add: Add): void {
  const target = fromSeconds(targetDuration);
  const line = control?.line ?? 0;
  const say = (rule: string, level: 'must' | 'should', text: string): void => add(rule, level, '4.4.3.8', line, text);
  if (partTarget !== undefined) {
    const hold = control?.partHoldBack;
    if (hold === undefined) say('part-hold-back-missing', 'must', 'EXT-X-PART-INF without PART-HOLD-BACK');
    else if (hold + ROUNDING < partTarget * 2)
      say('part-hold-back', 'must', 'PART-HOLD-BACK is below two part targets');
    else if (hold + ROUNDING < partTarget * 3)
      say('part-hold-back', 'should', 'PART-HOLD-BACK is below three part targets');
  }
  if (control?.holdBack !== undefined && control.holdBack + ROUNDING < target * 3) {
    say('hold-back', 'must', 'HOLD-BACK is below three target durations');
  }
  if (control?.canSkipUntil !== undefined && control.canSkipUntil + ROUNDING < target * 6) {
    say('can-skip-until', 'must', 'CAN-SKIP-UNTIL is below six target durations');
  }
}

function checkSegments(playlist: MediaPlaylist, add: Add): void {
  const { segments, targetDuration, independentSegments } = playlist;
  let before: PlaylistSegment | undefined;
  for (const segment of segments) {
    const { line, duration, parts, date } = segment;
    if (targetDuration !== undefined && Math.round(toSeconds(duration)) > targetDuration) {
      add(
        'segment-too-long',
        'must',
        '4.4.3.1',
        line,
        `${toSeconds(duration)} s is above the target of ${targetDuration} s`,
      );
    }
    if (independentSegments && parts[0]?.independent === false) {
      add('not-independent', 'must', '4.4.2.1', parts[0].line, 'the first part of an independent segment is not');
    }
    if (date !== undefined && before?.date !== undefined && !segment.discontinuity) {
      const off = Math.abs(date - before.date - before.duration);
      if (off > DATE_TOLERANCE) add('date', 'should', '4.4.4.6', line, `the date is ${toSeconds(off)} s off`);
    }
    if (before !== undefined && before.map?.uri !== segment.map?.uri && !segment.discontinuity) {
      add('map-without-discontinuity', 'should', '4.4.4.3', line, 'another init segment without EXT-X-DISCONTINUITY');
    }
    before = segment;
  }
}

/** Chosen: a second of drift that a server may put right at once, and rounding. */
const DATE_TOLERANCE = fromSeconds(1.2);

/** @param segment the one that they are the whole of; undefined: the one that is being made. */
function checkParts(
  parts: readonly PlaylistPart[],
  target: Micros | undefined,
  add: Add,
  segment?: PlaylistSegment,
): void {
  let sum = 0;
  for (const [index, { duration, line, gap }] of parts.entries()) {
    sum += duration;
    if (target === undefined) continue;
    if (duration > target + ROUNDING) {
      add('part-too-long', 'must', '4.4.3.7', line, `${toSeconds(duration)} s is above ${toSeconds(target)} s`);
    }
    // The newest of the open segment may be its last.
    const last = index === parts.length - 1;
    if (!last && !gap && duration + ROUNDING < target * SHORTEST_PART) {
      add(
        'part-too-short',
        'must',
        '4.4.3.7',
        line,
        `${toSeconds(duration)} s is below 85 % of ${toSeconds(target)} s`,
      );
    }
  }
  if (segment === undefined || parts.length === 0) return;
  if (Math.abs(sum - segment.duration) > ROUNDING * (parts.length + 1)) {
    add(
      'parts-sum',
      'must',
      '4.4.4.9',
      segment.line,
      `parts of ${toSeconds(sum)} s in ${toSeconds(segment.duration)} s`,
    );
  }
}

function checkHints({ hints, parts, segments, endList }: MediaPlaylist, add: Add): void {
  for (const { line, uri, type } of hints) {
    if (endList) add('hint-after-end', 'must', '4.4.5.3', line, 'a hint behind EXT-X-ENDLIST');
    const listed = parts.some((part) => part.uri === uri) || segments.some((s) => s.parts.some((p) => p.uri === uri));
    if (type === 'PART' && listed) add('hint-listed', 'must', '4.4.5.3', line, 'the hinted part is listed');
  }
}

/** What two loads of one playlist show, the older one first; delta updates are put together. */
export function validateUpdate(before: MediaPlaylist, after: MediaPlaylist): PlaylistFinding[] {
  const whole = applyDelta(before, after);
  return collect((add) => {
    if (whole === undefined) {
      const text = `${after.skipped} segments are skipped that were not there`;
      add('skip', 'must', '6.2.5.1', 0, text);
      return;
    }
    if (before.targetDuration !== after.targetDuration) {
      const text = `the target duration went from ${before.targetDuration} to ${after.targetDuration}`;
      add('target-changed', 'must', '6.2.1', 0, text);
    }
    checkNumbers(before, after, add);
    checkKept(before, whole, add);
    checkRemoved(before, whole, add);
    checkSkip(after, whole, add);
  });
}

function checkNumbers(before: MediaPlaylist, after: MediaPlaylist, add: Add): void {
  if (after.mediaSequence < before.mediaSequence) {
    add('sequence-back', 'must', '4.4.3.2', 0, `from ${before.mediaSequence} to ${after.mediaSequence}`);
  } else if (nextSequenceOf(after) < nextSequenceOf(before)) {
    add('segments-lost', 'must', '6.2.1', 0, 'the end of the playlist went back');
  }
  const removed = after.mediaSequence - before.mediaSequence;
  if (removed < 0 || removed > before.segments.length || before.skipped > 0) return;
  let expected = before.discontinuitySequence;
  for (const segment of before.segments.slice(0, removed)) if (segment.discontinuity) expected++;
  if (after.discontinuitySequence !== expected) {
    const text = `${after.discontinuitySequence}, but ${expected} discontinuities have left`;
    add('discontinuity-sequence', 'must', '6.2.2', 0, text);
  }
}

function checkKept(before: MediaPlaylist, after: MediaPlaylist, add: Add): void {
  const old = new Map(before.segments.map((segment) => [segment.sequence, segment]));
  for (const segment of after.segments) {
    const was = old.get(segment.sequence);
    if (was === undefined) continue;
    const same = was.uri === segment.uri && was.duration === segment.duration;
    if (!same || was.discontinuity !== segment.discontinuity) {
      add('segment-changed', 'must', '6.2.1', segment.line, `segment ${segment.sequence} is another one now`);
    }
  }
  const made = nextSequenceOf(before);
  const now =
    nextSequenceOf(after) === made ? after.parts : after.segments.find(({ sequence }) => sequence === made)?.parts;
  // Parts may leave the playlist when their segment is complete.
  if (now === undefined || now.length === 0) return;
  for (const [index, part] of before.parts.entries()) {
    if (now[index]?.uri !== part.uri || now[index]?.duration !== part.duration) {
      add('part-changed', 'must', '6.2.1', now[index]?.line ?? 0, `part ${index} of ${made} is another one now`);
    }
  }
}

function checkRemoved(before: MediaPlaylist, after: MediaPlaylist, add: Add): void {
  if (after.mediaSequence <= before.mediaSequence || after.endList || after.targetDuration === undefined) return;
  const length = after.segments.reduce((sum, segment) => sum + segment.duration, 0);
  if (length + ROUNDING * after.segments.length < fromSeconds(after.targetDuration * 3)) {
    add('too-few', 'must', '6.2.2', 0, `${toSeconds(length)} s are left, below three target durations`);
  }
}

function checkSkip({ skipped, control }: MediaPlaylist, whole: MediaPlaylist, add: Add): void {
  if (skipped === 0) return;
  const until = control?.canSkipUntil;
  if (until === undefined) {
    add('skip', 'must', '4.4.5.2', 0, 'a delta update without CAN-SKIP-UNTIL');
    return;
  }
  const rest = whole.segments.slice(skipped).reduce((sum, segment) => sum + segment.duration, 0);
  if (rest + ROUNDING * whole.segments.length < until) {
    add('skip', 'must', '4.4.3.8', 0, `only ${toSeconds(rest)} s are not skipped`);
  }
}

/** Whether the answer to a blocking request has what was asked for (§6.2.5.2). */
export function validateReload(asked: { msn: number; part?: number }, got: MediaPlaylist): PlaylistFinding[] {
  const next = nextSequenceOf(got);
  const { msn, part } = asked;
  const there = msn < next || (part !== undefined && msn === next && part < got.parts.length);
  if (there || got.endList) return [];
  const text = `segment ${msn}${part === undefined ? '' : ` part ${part}`} is not in the answer`;
  return [{ rule: 'blocking-reload', level: 'must', section: '6.2.5.2', line: 0, text }];
}
