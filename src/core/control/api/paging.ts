// Lists in pages: `start` and `count`.
import type { HttpRequest } from '../../wire/http/exchange.ts';

/** SRS 7.0.128 and later: 10 when nothing is said, at least 1. */
const DEFAULT_PAGE = 10;
/** Chosen: a page of this size is some megabytes of JSON; whoever wants more asks again. */
const MOST_PAGE = 10_000;

/** The part of a list that a request asks for; garbage counts as not said. */
export function page<Item>({ query }: Pick<HttpRequest, 'query'>, items: Iterable<Item>): Item[] {
  const start = whole(query.get('start'), 0, 0, Number.MAX_SAFE_INTEGER);
  const count = whole(query.get('count'), DEFAULT_PAGE, 1, MOST_PAGE);
  const part: Item[] = [];
  let index = 0;
  for (const item of items) {
    if (index++ < start) continue;
    if (part.length === count) break;
    part.push(item);
  }
  return part;
}

function whole(words: string | null, otherwise: number, least: number, most: number): number {
  const value = words === null || words === '' ? otherwise : Number(words);
  return Number.isFinite(value) ? Math.min(most, Math.max(least, Math.floor(value))) : otherwise;
}
