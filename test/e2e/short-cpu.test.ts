// The whole server by a configuration whose thresholds are always passed, and the lines of sessions that go on.
import { afterEach, expect, it } from 'vitest';
import { demoSample } from '../../src/cli/assets.ts';
import { createEngine, Log, type LogLine, loadConfig } from '../../src/core/index.ts';
import { until } from '../tools/interop.ts';

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

/** A server with the demo stream, its log, and its API. */
async function serve(text: string) {
  const lines: LogLine[] = [];
  const engine = createEngine({ log: new Log((line) => lines.push(line)) });
  const at = 'listen 127.0.0.1:0;';
  const config = loadConfig({
    text: `${text} ${at} http_api { enabled on; ${at} } vhost __defaultVhost__ { }`,
    ...{ file: 'srs.conf', read: () => '' },
  });
  const server = await engine.serve({ config, demo: { sample: demoSample } });
  closers.push(async () => {
    await server.close();
    engine.close();
  });
  const { port = 0 } = server.listeners.find(({ name }) => name === 'api')?.address ?? {};
  const load = async (): Promise<{ level: string; cpu_percent: number }> => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/srsx/v1/load`);
    return ((await answer.json()) as { load: { level: string; cpu_percent: number } }).load;
  };
  return { load, lines, host: server.host };
}

it('the API and the log say that the CPU is short, and by how much', async () => {
  const { load, lines, host } = await serve(
    'circuit_breaker { high_threshold 0; critical_threshold 0; critical_pulse 60; dying_pulse 0; }',
  );

  await until('a pulse above the threshold', async () => (await load()).level === 'critical');

  expect((await load()).cpu_percent).toBeGreaterThan(0);
  expect(host.breaker?.relief).toEqual({ repairs: true, feedback: true, players: false });
  expect(lines.filter(({ topic }) => topic === 'breaker').map(({ level }) => level)).toEqual(['warn']);
});

it('a publisher that goes on has a line in the words of SRS', async () => {
  const { lines } = await serve('circuit_breaker { enabled off; } pithy_print_ms 1000;');

  await until('a line', () => lines.some(({ topic }) => topic === 'status'));

  expect(lines.find(({ topic }) => topic === 'status')?.text).toMatch(
    /^<- CPB time=\d+, okbps=\d+,\d+,\d+, ikbps=[1-9]\d*,\d+,\d+, mr=0\/350, p1stpt=20000, pnt=5000$/,
  );
});
