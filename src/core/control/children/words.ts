// Words in brackets of command lines and outputs: `[app]`, `[stream]`, `[port]`, dates.
import type { Micros } from '../../base/time.ts';
import type { StreamName } from '../../media/stream-name.ts';
import { fillTemplate } from '../storage/template.ts';

/** What the words stand for. */
export interface WordValues {
  readonly name: StreamName;
  /** Since 1970, for dates. */
  readonly wall: Micros;
  readonly utc: boolean;
  /** Words beside names and dates: port, engine, param, url, tcUrl ... */
  readonly more: Readonly<Record<string, string>>;
}

/**
 * Fills each word once: a value that has brackets itself is not read again, since names and URLs come from peers.
 * Unknown words stay.
 */
export function fillWords(template: string, { name, wall, utc, more }: WordValues): string {
  return template.replace(/\[(\w+)\]/g, (whole, word: string) =>
    Object.hasOwn(more, word) ? (more[word] ?? whole) : fillTemplate(whole, { name, wall, utc }),
  );
}
