// An error as people and programs get it: what happened, and what to do.
import { chalkStderr as chalk } from 'chalk';
import { SrsxError } from '../core/base/errors.ts';
import { exitCode, exitCodeOf } from './exit-code.ts';
import { note, print } from './output.ts';

/** An error in the form of `--json`. */
export interface ErrorReport {
  readonly code: string;
  readonly message: string;
  readonly advice: string;
}

/** What is told of an error. */
export function describeError(error: unknown): ErrorReport {
  if (error instanceof SrsxError) {
    return { code: error.code, message: error.message, advice: error.advice };
  }
  const message = error instanceof Error ? error.message : String(error);
  const code = exitCodeOf(error);
  if (code === exitCode.bug) {
    return { code: 'BUG_UNEXPECTED', message, advice: 'This is a bug in srsx: please report it with --debug output.' };
  }
  return { code: code === exitCode.usage ? 'USAGE' : 'COMMAND', ...splitAdvice(message) };
}

/** How an error is told. */
export interface ReportOptions {
  readonly json: boolean;
  readonly stack: boolean;
  /** Stands in place of the error's own advice. */
  readonly advice: string | undefined;
}

/** Prints the error: JSON on stdout for programs, else two lines on stderr, and the stack when asked for. */
export function reportError(error: unknown, { json, stack, advice }: ReportOptions): void {
  const own = describeError(error);
  const report = advice === undefined ? own : { ...own, advice };
  if (json) print(JSON.stringify({ error: report }, undefined, 2));
  else {
    note(`${chalk.red('Error:')} ${report.message} ${chalk.gray(`(${report.code})`)}`);
    if (report.advice !== '') note(`${chalk.gray('       ')}${report.advice}`);
  }
  if (stack && error instanceof Error) note(chalk.gray(stackOf(error)));
}

/** oclif puts its advice on the last line of the message. */
function splitAdvice(text: string): { message: string; advice: string } {
  const lines = text.split('\n').map((line) => line.trim());
  const advice = lines.filter((line) => line.startsWith('See more help')).at(-1) ?? '';
  const message = lines.filter((line) => line !== '' && line !== advice).join(' ');
  return { message, advice: advice === '' ? 'See the command with --help.' : `${advice}.` };
}

function stackOf(error: Error): string {
  const own = error.stack ?? error.message;
  return error.cause instanceof Error ? `${own}\nCaused by: ${stackOf(error.cause)}` : own;
}
