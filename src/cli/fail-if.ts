// `--fail-if` says what must not be; the core's thresholds say what must be.
import { usage } from './units.ts';

const opposite: Readonly<Record<string, string>> = { '<': '>=', '<=': '>', '>': '<=', '>=': '<' };

/** `first-frame.p95>500ms` as the threshold `first-frame.p95<=500ms`; names and units are checked by the core. */
export function thresholdOf(failIf: string): string {
  const [, left = '', comparison = '', right = ''] = /^\s*([^<>=\s]+)\s*([<>]=?)\s*(\S.*)$/.exec(failIf) ?? [];
  const turned = opposite[comparison];
  if (turned === undefined) {
    throw usage(`"${failIf}" is not a condition: write first-frame.p95>500ms or failed>0.`);
  }
  return `${left}${turned}${right.trim()}`;
}
