// A long command from its engine to its result: shown while it runs, told at the end.
import type { Engine, Log } from '../core/index.ts';
import { print, printJsonLine } from './output.ts';
import type { Progress } from './progress.ts';
import { withEngine } from './with-engine.ts';

/** How a run is shown. */
export interface Shown<Report extends object, Result> {
  readonly log: Log;
  readonly progress: Progress<Report>;
  /** The result for people. */
  readonly summary: (result: Result) => string;
  /** Only the final document is wanted, or standard output carries media. */
  readonly quiet: boolean;
}

/** Runs it with an engine; the result is text on a terminal and one JSON line elsewhere. */
export async function runShown<Report extends object, Result>(
  { log, progress, summary, quiet }: Shown<Report, Result>,
  run: (host: Engine['host'], on: (report: Report) => void) => Promise<Result>,
): Promise<Result> {
  const result = await withEngine(log, ({ host }) => run(host, (report) => progress.update(report))).finally(() =>
    progress.stop(),
  );
  if (progress.terminal) print(summary(result));
  else if (!quiet) printJsonLine(result);
  return result;
}
