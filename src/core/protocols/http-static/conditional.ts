// Conditional requests (RFC 9110 §13): the validators of a file, and what a request makes of them.
import { fromSeconds, type Micros, toMs } from '../../base/time.ts';
import type { HttpRequest } from '../../wire/http/exchange.ts';

/** What tells one version of a file from another. */
export interface Validators {
  /** Strong, with its quotes (§8.8.3). */
  readonly etag: string;
  readonly modified: Micros;
}

/** As nginx: time and size; a file that is written again within a millisecond to the same size is not told apart. */
export const validatorsOf = ({ modified, size }: { modified: Micros; size: number }): Validators => ({
  etag: `"${toMs(modified).toString(16)}-${size.toString(16)}"`,
  modified,
});

/** IMF-fixdate (§5.6.7). */
export const httpDate = (time: Micros): string => new Date(toMs(time)).toUTCString();

/** In the order of §13.2.2; undefined: go on. */
export function conditionStatus({ header }: Pick<HttpRequest, 'header'>, file: Validators): 304 | 412 | undefined {
  const match = header('if-match');
  if (match !== undefined ? !listed(match, file.etag, 'strong') : laterThan(file, header('if-unmodified-since'))) {
    return 412;
  }
  const none = header('if-none-match');
  if (none !== undefined) return listed(none, file.etag, 'weak') ? 304 : undefined;
  const since = header('if-modified-since');
  return parseDate(since) !== undefined && !laterThan(file, since) ? 304 : undefined;
}

/** Whether a Range is to be looked at: without `If-Range`, or when it names this very file (§13.1.5). */
export function rangeHolds({ header }: Pick<HttpRequest, 'header'>, file: Validators): boolean {
  const condition = header('if-range');
  if (condition === undefined) return true;
  if (/^\s*(W\/)?"/.test(condition)) return condition.trim() === file.etag;
  return parseDate(condition) === wholeSeconds(file.modified);
}

/** The tags of a list (§8.8.3.2); bounded by the size of a request's head. */
function listed(list: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (list.trim() === '*') return true;
  const tags = list.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => tag === etag || (comparison === 'weak' && tag === `W/${etag}`));
}

function laterThan({ modified }: Validators, date: string | undefined): boolean {
  const then = parseDate(date);
  return then !== undefined && wholeSeconds(modified) > then;
}

/** HTTP dates have no fractions. */
const wholeSeconds = (time: Micros): Micros => fromSeconds(Math.floor(time / fromSeconds(1)));

function parseDate(text: string | undefined): Micros | undefined {
  if (text === undefined || !/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : fromSeconds(Math.floor(ms / 1000));
}
