// File names out of templates, in the words that SRS has: `[app]/[stream]-[seq].ts`.
import { type Micros, toMs } from '../../base/time.ts';
import type { StreamName } from '../../media/stream-name.ts';
import { storageErrors } from './errors.ts';

/** What the words of a template stand for. */
export interface TemplateValues {
  readonly name: StreamName;
  /** Since 1970: what the words of date and time say. */
  readonly wall: Micros;
  /** Dates are in UTC, not in the time of the machine's place (SRS: utc_time). */
  readonly utc: boolean;
  /** Of a segment. */
  readonly sequence?: number;
  /** Length of a segment, for `[duration]` in whole milliseconds. */
  readonly duration?: Micros;
  /** For `[timestamp]`; without it the milliseconds of `wall`. */
  readonly timestamp?: number;
}

/**
 * Fills the words of a template; those that have no value, and unknown ones, stay as they are (SRS). Go's reference time
 * gives the words of dates: [2006] year, [01] month, [02] day, [15] hour, [04] minute, [05] second, [999] millisecond.
 */
export function fillTemplate(template: string, values: TemplateValues): string {
  const { name, sequence, duration, timestamp } = values;
  const date = dateWords(values);
  return template.replace(/\[(\w+)\]/g, (whole, word: string) => {
    switch (word) {
      case 'vhost':
        return name.vhost;
      case 'app':
        return name.app;
      case 'stream':
        return name.stream;
      case 'seq':
        return sequence === undefined ? whole : String(sequence);
      case 'duration':
        return duration === undefined ? whole : String(toMs(duration));
      case 'timestamp':
        return String(timestamp ?? toMs(values.wall));
      default:
        return Object.hasOwn(date, word) ? (date[word] ?? whole) : whole;
    }
  });
}

function dateWords({ wall, utc }: TemplateValues): Readonly<Record<string, string>> {
  const date = new Date(toMs(wall));
  // A date whose UTC fields are those of the place.
  if (!utc) date.setMinutes(date.getMinutes() - date.getTimezoneOffset());
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '', ms = ''] =
    /^(\d+)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)\.(\d{3})/.exec(date.toISOString()) ?? [];
  return { '2006': year, '01': month, '02': day, '15': hour, '04': minute, '05': second, '999': ms };
}

/** Linux: NAME_MAX and PATH_MAX, with room for what is put behind a name while it is written. */
const MAX_NAME_BYTES = 255 - '.temp'.length;
const MAX_PATH_BYTES = 4095 - '.temp'.length;

/**
 * A filled template as a path below a base directory, without `./` and double slashes. Throws STORAGE_PATH when it is
 * absolute, steps up, or is too long for a file system.
 */
export function checkedPath(path: string): string {
  const refuse = (why: string): Error => storageErrors.config('PATH', { path: path.slice(0, 200), why });
  if (path.startsWith('/') || /^[a-z]:[\\/]/i.test(path)) throw refuse('it is absolute');
  if (/\p{Cc}|\\/u.test(path)) throw refuse('a control character or backslash');
  const levels = path.split('/').filter((level) => level !== '' && level !== '.');
  if (levels.includes('..')) throw refuse('it steps up by ..');
  const last = levels.at(-1);
  if (last === undefined || path.endsWith('/')) throw refuse('it names no file');
  if (levels.some((level) => Buffer.byteLength(level) > MAX_NAME_BYTES)) throw refuse('a name is too long');
  const clean = levels.join('/');
  if (Buffer.byteLength(clean) > MAX_PATH_BYTES) throw refuse('it is too long');
  return clean;
}

/** The directory of a path, without a slash at its end; empty for a file of the base directory itself. */
export const folderOf = (path: string): string => path.slice(0, Math.max(0, path.lastIndexOf('/')));

/** How a file is named from another file's directory, both below one base: `../b/x.ts`. */
export function relativePath(from: string, to: string): string {
  const here = folderOf(from).split('/').filter(Boolean);
  const there = to.split('/');
  let common = 0;
  while (common < here.length && common < there.length - 1 && here[common] === there[common]) common++;
  return [...here.slice(common).map(() => '..'), ...there.slice(common)].join('/');
}
