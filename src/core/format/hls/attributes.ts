// Attribute lists and the values of tags (RFC 8216bis §4.2).
import { fromSeconds, type Micros } from '../../base/time.ts';
import { playlistErrors } from './errors.ts';
import type { Attributes, ByteRange } from './playlist.ts';

/** Chosen: four times what the longest tag of the specification has. */
const MAX_ATTRIBUTES = 100;

/** One line of a playlist, whose number goes into the errors. */
export interface Line {
  readonly number: number;
  /** Behind the colon. */
  readonly value: string;
}

/** The error PLAYLIST_LINE of a line. */
export const bad = (line: Pick<Line, 'number'>, why: string) =>
  playlistErrors.protocol('LINE', { line: line.number, why });

/** Names that come twice: the first one counts. Throws PLAYLIST_LINE. */
export function parseAttributes(line: Line): Attributes {
  const attributes = new Map<string, string>();
  const form = /\s*([A-Z0-9-]+)=(?:"([^"]*)"|([^",]*))(?:,|$)/y;
  while (form.lastIndex < line.value.length) {
    const at = form.lastIndex;
    const found = form.exec(line.value);
    if (found === null) {
      // SRS and others end a list with a comma and blanks.
      if (line.value.slice(at).trim() === '') break;
      throw bad(line, `not an attribute list at column ${at + 1}`);
    }
    const [, name = '', quoted, plain] = found;
    if (!attributes.has(name)) attributes.set(name, quoted ?? plain ?? '');
    if (attributes.size > MAX_ATTRIBUTES) {
      throw playlistErrors.protocol('SIZE', { size: attributes.size, unit: 'attributes', limit: MAX_ATTRIBUTES });
    }
  }
  return attributes;
}

/** The attribute, which must be there and not be empty. */
export function needed(attributes: Attributes, name: string, line: Line): string {
  const value = attributes.get(name);
  if (value === undefined || value === '') throw bad(line, `${name} is missing`);
  return value;
}

/** A decimal-integer below 2^53. */
export function whole(text: string, line: Line): number {
  const value = /^\d{1,16}$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw bad(line, 'not a whole number');
  return value;
}

/** Chosen: a year; what is longer is damage. */
const MAX_SECONDS = 366 * 24 * 3600;

/** A decimal-floating-point of seconds. */
export function duration(text: string, line: Line): Micros {
  const value = /^\d{1,12}(\.\d*)?$|^\.\d+$/.test(text.trim()) ? Number(text) : Number.NaN;
  if (!(value <= MAX_SECONDS)) throw bad(line, 'not a duration');
  return fromSeconds(value);
}

/** An attribute in seconds that may be missing. Throws PLAYLIST_LINE. */
export const maybeDuration = (attributes: Attributes, name: string, line: Line): Micros | undefined => {
  const text = attributes.get(name);
  return text === undefined ? undefined : duration(text, line);
};

/** `length[@offset]` (§4.4.4.2). */
export function byteRange(text: string | undefined, line: Line): ByteRange | undefined {
  if (text === undefined) return undefined;
  const [length = '', offset] = text.split('@', 2);
  return { length: whole(length, line), offset: offset === undefined ? undefined : whole(offset, line) };
}
