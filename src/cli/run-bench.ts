// A bench from its flags to its exit code, for both bench commands.
import { type BenchOptions, type BenchReport, bench, type Log, protocols } from '../core/index.ts';
import { benchProgress, benchText } from './bench-report.ts';
import { exitCode } from './exit-code.ts';
import { thresholdOf } from './fail-if.ts';
import { runShown } from './run-shown.ts';

/** What the flags of a bench command say. */
export interface BenchRequest extends Omit<BenchOptions, 'thresholds'> {
  /** Conditions that must not hold at the end. */
  readonly failIf: readonly string[] | undefined;
}

/** Runs it, shows it unless `json`, and says with which code to exit. */
export async function runBench(
  log: Log,
  json: boolean,
  request: BenchRequest,
): Promise<{ report: BenchReport; exit: number }> {
  const { failIf = [], ...options } = request;
  const thresholds = failIf.map(thresholdOf);
  const progress = benchProgress({ quiet: json });
  const report = await runShown({ log, progress, summary: benchText, quiet: json }, (host, on) =>
    bench(host, protocols, { ...options, thresholds }, on),
  );
  return { report, exit: report.failed.length > 0 ? exitCode.threshold : 0 };
}
