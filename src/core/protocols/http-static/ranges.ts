// Byte ranges (RFC 9110 §14): which parts of a file a request asks for, and how they are put together.
import { utf8 } from '../../base/bytes.ts';
import type { Query } from '../../wire/http/query.ts';

/** Bytes from `start` to before `end`. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** Chosen: more than any player asks for; each costs a head of some hundred bytes. */
const MAX_RANGES = 32;

/**
 * The ranges of a header for a file of `size` bytes: `whole` when it is to be ignored (another unit, too many, together
 * more than the file), `none` when nothing of it is in the file or it is malformed (both 416, as nginx).
 */
export function parseRanges(header: string, size: number): readonly Span[] | 'whole' | 'none' {
  const [, list] = /^\s*bytes\s*=(.*)$/i.exec(header) ?? [];
  if (list === undefined) return 'whole';
  const specs = list.split(',', MAX_RANGES + 1).map((spec) => spec.trim());
  if (specs.length > MAX_RANGES) return 'whole';
  const spans: Span[] = [];
  for (const spec of specs) {
    const [whole, first = '', last = ''] = /^(\d{0,15})\s*-\s*(\d{0,15})$/.exec(spec) ?? [];
    if (whole === undefined || (first === '' && last === '')) return 'none';
    const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
    const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
    if (start < end) spans.push({ start, end });
  }
  if (spans.length === 0) return 'none';
  const total = spans.reduce((sum, span) => sum + span.end - span.start, 0);
  return total > size ? 'whole' : spans;
}

/** SRS: `?range=a-b` and `?bytes=a-b` ask as the header does. */
export const queryRange = (query: Query): string | undefined => {
  const value = query.get('range') ?? query.get('bytes');
  return value !== null && /^\d{1,15}-\d{0,15}$/.test(value) ? `bytes=${value}` : undefined;
};

/** `Content-Range` (§14.4). */
export const contentRange = ({ start, end }: Span, size: number): string => `bytes ${start}-${end - 1}/${size}`;

/** What is sent, in order: bytes, and parts of the file. */
export type Piece = Uint8Array | Span;

/** Bytes of all pieces together. */
export const sizeOf = (pieces: readonly Piece[]): number =>
  pieces.reduce((sum, piece) => sum + (piece instanceof Uint8Array ? piece.length : piece.end - piece.start), 0);

/** Several ranges as `multipart/byteranges` (§14.6). */
export function multipart(spans: readonly Span[], size: number, type: string, boundary: string): readonly Piece[] {
  const parts = spans.flatMap((span): Piece[] => {
    const head = `Content-Type: ${type}\r\nContent-Range: ${contentRange(span, size)}\r\n\r\n`;
    return [utf8(`\r\n--${boundary}\r\n${head}`), span];
  });
  return [...parts, utf8(`\r\n--${boundary}--\r\n`)];
}
