// What is given up while the CPU is short: when it begins, how long it lasts, and that the log says so.
import { expect, it } from 'vitest';
import { Log, type LogLine } from '../../../src/core/base/log.ts';
import { CircuitBreaker } from '../../../src/core/control/circuit-breaker.ts';
import { settingsOf } from '../../../src/core/control/config/settings.ts';

/** The levels after each pulse, for the CPU of each in percent. */
function levels(cpu: readonly number[], directives = '') {
  const lines: LogLine[] = [];
  let percent = 0;
  const breaker = new CircuitBreaker({
    settings: settingsOf(`circuit_breaker { ${directives} } vhost __defaultVhost__ {}`),
    log: new Log((line) => lines.push(line)),
    cpu: () => percent / 100,
  });
  const seen = cpu.map((value) => {
    percent = value;
    breaker.tick();
    return breaker.level;
  });
  return { seen, lines, breaker };
}

it('a level begins when the CPU is above its threshold, and lasts for its pulses', () => {
  const { seen } = levels([50, 90, 91, 50, 50, 50, 96, 50, 50]);

  expect(seen).toEqual(['normal', 'normal', 'high', 'high', 'normal', 'normal', 'critical', 'high', 'normal']);
});

it('the last level begins only when the CPU was above it for all of its pulses, and ends at once', () => {
  const { seen } = levels([100, 100, 100, 100, 100, 100, 98, 80, 80]);

  expect(seen).toEqual([
    ...['critical', 'critical', 'critical', 'critical', 'dying', 'dying'],
    ...['critical', 'high', 'normal'],
  ]);
});

it('thresholds and pulses are those of the configuration; a level of no pulses is never reached', () => {
  const changed = 'high_threshold 10; high_pulse 1; critical_pulse 0; dying_threshold 40; dying_pulse 2;';

  expect(levels([11, 5, 100, 100, 5], changed).seen).toEqual(['high', 'normal', 'high', 'dying', 'normal']);
  expect(levels([100, 100, 100], 'dying_pulse 0;').seen).not.toContain('dying');
});

it('switched off, it gives up nothing', () => {
  expect(new Set(levels([100, 100, 100, 100, 100, 100], 'enabled off;').seen)).toEqual(new Set(['normal']));
});

it('each level gives up what those below it do', () => {
  const relief = (cpu: readonly number[]) => levels(cpu).breaker.relief;

  expect(relief([50])).toEqual({ repairs: false, feedback: false, players: false });
  expect(relief([91])).toEqual({ repairs: true, feedback: false, players: false });
  expect(relief([96])).toEqual({ repairs: true, feedback: true, players: false });
  expect(relief([100, 100, 100, 100, 100])).toEqual({ repairs: true, feedback: true, players: true });
});

it('the log has one line for each change', () => {
  const { lines } = levels([50, 96, 96, 96, 50, 50, 50]);

  expect(lines.map(({ level, text }) => [level, text])).toEqual([
    ['warn', 'the CPU is short: lost packets of WebRTC are not repaired, nor their arrivals told'],
    ['warn', 'the CPU is short: lost packets of WebRTC are not repaired'],
    ['info', 'the CPU has room again: nothing is given up'],
  ]);
  expect(lines[0]?.fields).toMatchObject({ before: 'normal', level: 'critical', cpuPercent: 96 });
});
