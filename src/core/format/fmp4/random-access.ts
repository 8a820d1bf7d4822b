// Files that can be read anywhere, and the walk over their outermost boxes.
import type { RandomAccess } from '../../base/link.ts';
import { fmp4Errors } from './errors.ts';
import { BOX_HEAD_MAX, type BoxHead, BoxView, parseBoxHead } from './wire.ts';

export type { RandomAccess } from '../../base/link.ts';

/** A box of the outermost level. */
export interface TopBox extends BoxHead {
  readonly offset: number;
  /** Behind it; a box of size 0 ends with the file. */
  readonly end: number;
}

/** Chosen: a week of one fragment each 200 ms, with moof and mdat. */
const MAX_TOP_BOXES = 6_000_000;

/**
 * The outermost boxes, in order, each by reading its head alone. The last one may go beyond the end of a cut file.
 *
 * Errors: FMP4_BOX_SIZE, FMP4_BOX_COUNT.
 */
export async function* topBoxes(file: RandomAccess): AsyncGenerator<TopBox> {
  let offset = 0;
  for (let count = 0; offset < file.size; count++) {
    if (count >= MAX_TOP_BOXES) throw fmp4Errors.protocol('BOX_COUNT', { type: 'the file', limit: MAX_TOP_BOXES });
    const bytes = await file.read(offset, Math.min(BOX_HEAD_MAX, file.size - offset));
    const head = parseBoxHead(bytes, 0);
    if (head === undefined) return;
    const end = head.size === Number.POSITIVE_INFINITY ? file.size : offset + head.size;
    yield { ...head, offset, end };
    offset = end;
  }
}

/** Reads a whole box. Errors: FMP4_BOX_LARGE, FMP4_CUT. */
export async function readBox(file: RandomAccess, top: TopBox, limit: number): Promise<BoxView> {
  const { type, offset, headBytes, end } = top;
  const size = end - offset - headBytes;
  if (size > limit) throw fmp4Errors.protocol('BOX_LARGE', { type, size, limit });
  const bytes = await file.read(offset + headBytes, size);
  if (bytes.length < size) throw fmp4Errors.protocol('CUT');
  return new BoxView(bytes, { type, start: 0, end: size });
}
