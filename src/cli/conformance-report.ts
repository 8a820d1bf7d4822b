// The report of a conformance run for people: each check with its verdict, advice where it failed.
import chalk from 'chalk';
import type { ConformanceCheck, ConformanceReport } from '../core/index.ts';
import { printable } from './log-sink.ts';

const paint = { pass: chalk.green, fail: chalk.red, skip: chalk.gray } as const;

/** One line for each check, and how many passed. */
export function conformanceText({ source, checks, passed, failed, skipped }: ConformanceReport): string {
  const lines = checks.map(checkText);
  const sum = `${passed} passed, ${failed} failed, ${skipped} left out.`;
  return [chalk.bold(printable(source)), ...lines, failed > 0 ? chalk.red(sum) : chalk.green(sum)].join('\n');
}

/** Something that the specification demands is not there. */
export const breaksRules = ({ checks }: ConformanceReport): boolean =>
  checks.some(({ verdict, level }) => verdict === 'fail' && level === 'must');

function checkText({ id, section, level, title, verdict, found, advice }: ConformanceCheck): string {
  const line = `${paint[verdict](verdict)}  ${section}  ${title} ${chalk.gray(`(${level}, ${id})`)}`;
  if (verdict === 'pass') return line;
  const reason = `\n      found: ${printable(found)}`;
  return verdict === 'skip' ? `${line}${reason}` : `${line}${reason}\n      ${printable(advice)}`;
}
