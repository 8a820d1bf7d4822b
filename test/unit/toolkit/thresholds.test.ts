import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { percentiles } from '../../../src/core/toolkit/percentiles.ts';
import {
  judgeThreshold,
  type Measure,
  metrics,
  parseThreshold,
  type Threshold,
} from '../../../src/core/toolkit/thresholds.ts';

describe('a threshold', () => {
  test.each<[string, Partial<Threshold>]>([
    ['first-frame.p95<500ms', { metric: 'first-frame', statistic: 'p95', comparison: '<', value: 500, percent: false }],
    ['first-frame.max <= 1.5s', { statistic: 'max', comparison: '<=', value: 1500 }],
    ['failed<=0', { metric: 'failed', statistic: undefined, comparison: '<=', value: 0 }],
    ['stalled<1%', { metric: 'stalled', value: 1, percent: true }],
    ['bitrate.min>=900kbps', { metric: 'bitrate', statistic: 'min', value: 900_000 }],
    ['connected==100%', { metric: 'connected', comparison: '=', value: 100, percent: true }],
    [' frames > 1000 ', { text: 'frames > 1000', comparison: '>', value: 1000 }],
  ])('%s', (text, expected) => {
    expect(parseThreshold(text)).toMatchObject(expected);
  });

  test.each([
    ['', 'METRIC'],
    ['first-frame', 'METRIC'],
    ['first-frame.p95<fast', 'METRIC'],
    ['failed<=-1', 'METRIC'],
    ['fristframe.p95<1s', 'did you mean first-frame?'],
    ['first-frame.p95<500', 'units ms, s'],
    ['first-frame<500ms', 'needs one of .min .avg'],
    ['first-frame.p42<500ms', 'needs one of .min .avg'],
    ['failed.p95<1', 'has no statistics'],
    ['failed<1s', 'units (none)'],
    ['gaps<1%', 'not a share'],
    ['constructor<1', 'no metric constructor'],
    ['failed<1constructor', 'units (none)'],
  ])('BENCH_THRESHOLD: %j says what is allowed', (text, why) => {
    expect(() => parseThreshold(text)).toThrow(
      expect.objectContaining({ code: 'BENCH_THRESHOLD', name: 'ConfigError' }),
    );
    expect(() => parseThreshold(text)).toThrow(why);
  });

  test('every metric can be asked for', () => {
    for (const [name, kind] of Object.entries(metrics)) {
      const unit = { ms: 'ms', bps: 'M', count: '' }[kind.unit];

      expect(parseThreshold(`${name}${kind.spread ? '.p99' : ''}>=1${unit}`).metric).toBe(name);
    }
  });

  test.each<[string, Measure | undefined, boolean, number | null]>([
    ['failed<=0', { value: 0, whole: 10 }, true, 0],
    ['failed<=0', { value: 1, whole: 10 }, false, 1],
    ['failed<10%', { value: 1, whole: 10 }, false, 10],
    ['failed<10%', { value: 1, whole: 11 }, true, 100 / 11],
    ['frames>5', { value: 5 }, false, 5],
    ['frames>=5', { value: 5 }, true, 5],
    ['frames=5', { value: 5 }, true, 5],
    ['first-frame.p50<1s', undefined, false, null],
  ])('%s with %j: %s', (text, measured, pass, actual) => {
    expect(judgeThreshold(parseThreshold(text), () => measured)).toEqual({ threshold: text, actual, pass });
  });

  test('any text is parsed or refused as a setting', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          parseThreshold(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'BENCH_THRESHOLD' });
        }
      }),
    );
  });
});

test('percentiles are values that were measured', () => {
  expect(percentiles([])).toBe(null);
  expect(percentiles([7])).toEqual({ min: 7, avg: 7, p50: 7, p95: 7, p99: 7, max: 7 });
  expect(percentiles(Array.from({ length: 100 }, (_, index) => 100 - index))).toEqual({
    min: 1,
    avg: 50.5,
    p50: 50,
    p95: 95,
    p99: 99,
    max: 100,
  });
});
