import { defineConfig } from 'vitest/config';

/** One project for each layer of tests; see CONTRIBUTING.md for what belongs where. */
const project = (name: string, include: string[], timeoutMs: number, maxWorkers?: number) => ({
  test: {
    name,
    include,
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
    disableConsoleIntercept: true,
    ...(maxWorkers === undefined ? {} : { maxWorkers }),
  },
});

export default defineConfig({
  test: {
    projects: [
      project('unit', ['test/unit/**/*.test.ts', 'test/suites/**/*.test.ts', 'test/sim/**/*.test.ts'], 20_000),
      project('cli', ['test/cli/**/*.test.ts'], 60_000),
      project('e2e', ['test/e2e/**/*.test.ts'], 60_000),
      // Mostly real time that passes: three at once need one core.
      project('interop', ['test/interop/**/*.test.ts'], 180_000, 3),
    ],
  },
});
