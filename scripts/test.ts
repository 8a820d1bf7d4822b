// `npm test`: sets up what the tests need, runs every check and every layer of tests, and says what came out.
import { readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { installMissing, missingPrograms } from './packages.ts';
import { run, toolEnv } from './run.ts';

const say = (line: string): void => void process.stdout.write(`${line}\n`);
const inCi = !['', '0', 'false'].includes(process.env['CI'] ?? '');

/** What vitest writes with `--reporter=json`, as far as it is looked at. */
interface Results {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
}

interface Step {
  readonly name: string;
  readonly code: number;
  readonly seconds: number;
  readonly tests?: Results;
}

function timed(name: string, work: () => Omit<Step, 'name' | 'seconds'>): Step {
  say(`\n== ${name}`);
  const start = Date.now();
  const done = work();
  return { name, seconds: (Date.now() - start) / 1000, ...done };
}

const check = (name: string, command: string, args: readonly string[]): Step =>
  timed(name, () => ({ code: run(command, args) }));

function layer(name: string): Step {
  const report = join(tmpdir(), `srsx-test-${process.pid}-${name}.json`);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  return timed(name, () => {
    const code = run('vitest', ['run', '--project', name, '--passWithNoTests', ...reporters], {
      ...toolEnv(),
      SRSX_MISSING_TOOLS: missingPrograms().join(' '),
    });
    const tests = readResults(report);
    rmSync(report, { force: true });
    return tests === undefined ? { code } : { code, tests };
  });
}

function readResults(path: string): Results | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Results;
  } catch {
    // vitest was killed, or has no test in this project; its exit code says which.
    return undefined;
  }
}

function summary(steps: readonly Step[], missing: readonly string[]): number {
  say('');
  for (const { name, code, seconds, tests } of steps) {
    const counts =
      tests === undefined
        ? ''
        : `  ${tests.numPassedTests} passed, ${tests.numFailedTests} failed, ${tests.numPendingTests} skipped`;
    say(`${code === 0 ? 'ok    ' : 'FAILED'}  ${name.padEnd(8)} ${seconds.toFixed(1).padStart(6)} s${counts}`);
  }
  const sum = (key: keyof Results): number => steps.reduce((total, { tests }) => total + (tests?.[key] ?? 0), 0);
  const failedSteps = steps.filter(({ code }) => code !== 0).map(({ name }) => name);
  const skipped = sum('numPendingTests');
  if (missing.length > 0) {
    const tail = inCi ? 'which counts as a failure with CI set' : 'their tests were skipped';
    say(`missing programs: ${missing.join(', ')}; ${tail}.`);
  }
  const failed = failedSteps.length > 0 || (inCi && missing.length > 0);
  say(
    `${failed ? 'FAILED' : 'PASSED'}: ${sum('numPassedTests')} passed, ${sum('numFailedTests')} failed, ${skipped} skipped` +
      (failedSteps.length > 0 ? ` (failed: ${failedSteps.join(', ')})` : ''),
  );
  return failed ? 1 : 0;
}

installMissing(say);
const steps = [
  check('types', 'tsc', ['--noEmit']),
  // The tests start the built program: it must be that of these sources.
  check('build', 'node', ['scripts/build.ts']),
  check('lint', 'biome', ['check', '.']),
  check('tidy', 'node', ['scripts/tidy.ts']),
  check('gen', 'node', ['scripts/gen.ts', '--check']),
  ...['unit', 'cli', 'e2e', 'interop'].map(layer),
];
process.exitCode = summary(steps, missingPrograms());
