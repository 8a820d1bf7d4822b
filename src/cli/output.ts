// What commands print: tables, blocks of facts and JSON lines on stdout, notes on stderr.
import chalk from 'chalk';
import { printable } from './log-sink.ts';

/** One column of a table. */
export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** Numbers stand at the right. */
  readonly right?: boolean;
}

/** Rows under their titles, columns as wide as they need, two blanks between. */
export function table<Row>(rows: readonly Row[], columns: readonly Column<Row>[]): string {
  const cells = rows.map((row) => columns.map((column) => printable(column.value(row))));
  const widths = columns.map(({ title }, at) => Math.max(title.length, ...cells.map((row) => row[at]?.length ?? 0)));
  const line = (texts: readonly string[]): string =>
    texts
      .map((text, at) => (columns[at]?.right ? text.padStart(widths[at] ?? 0) : text.padEnd(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [chalk.bold(line(columns.map(({ title }) => title))), ...cells.map(line)].join('\n');
}

/** Facts under each other, names in one column: `Resolution  640x360`. */
export function facts(pairs: readonly (readonly [string, string])[]): string {
  const width = Math.max(0, ...pairs.map(([name]) => name.length));
  return pairs.map(([name, value]) => `${chalk.bold(name.padEnd(width))}  ${printable(value)}`).join('\n');
}

/** Text for people or data for programs, on stdout. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One JSON document on one line, on stdout. */
export const printJsonLine = (value: unknown): void => print(JSON.stringify(value));

/** A remark for people, on stderr. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}
