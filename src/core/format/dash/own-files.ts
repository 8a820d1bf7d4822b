// Which files an MPD of ours names: what an earlier run of the program left on the disk.
import { initName, segmentName } from './manifest.ts';

/** Chosen: more than any window has; a number that somebody wrote into a file must not make a list without end. */
const MAX_FILES = 10_000;
const MAX_CHARACTERS = 1024 * 1024;

/** Names below the MPD's base URL. Text that is not an MPD of `writeMpd` gives none. */
export function ownFiles(text: string): string[] {
  if (text.length > MAX_CHARACTERS) return [];
  const files: string[] = [];
  let period = 0;
  let first = 0;
  let count = 0;
  for (const [, tag = '', attributes = ''] of text.matchAll(/<(\w+)((?: [\w:]+="[^"<>]*")*)\/?>/g)) {
    const value = (name: string): number => Number(new RegExp(` ${name}="(\\d{1,15})"`).exec(attributes)?.[1] ?? 0);
    if (tag === 'Period') period = value('id');
    else if (tag === 'SegmentTemplate') [first, count] = [value('startNumber'), 0];
    else if (tag === 'S') count = Math.min(MAX_FILES, count + 1 + value('r'));
    else if (tag === 'Representation') {
      const id = / id="([a-z]+\d{0,3})"/.exec(attributes)?.[1];
      if (id === undefined || files.length + count >= MAX_FILES) continue;
      files.push(initName(id, period));
      for (let number = first; number < first + count; number++) files.push(segmentName(id, number));
    }
  }
  return files;
}
