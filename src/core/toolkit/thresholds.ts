// What a bench must reach: `first-frame.p95<500ms`, `failed<=0`, `stalls<1%`.

import { nearest } from '../base/nearest.ts';
import { benchErrors } from './errors.ts';

/** What is measured, by the name before the comparison. Values are milliseconds, bits per second or counts. */
export interface Measure {
  readonly value: number;
  /** What 100 % is; undefined: a percentage makes no sense. */
  readonly whole?: number;
}

export type Unit = 'ms' | 'bps' | 'count';

export interface MetricKind {
  readonly unit: Unit;
  /** Has `.avg`, `.p50`, `.p95`, `.p99`, `.min`, `.max`. */
  readonly spread: boolean;
  /** May be given in percent of the clients. */
  readonly percent: boolean;
}

export const metrics = {
  'first-frame': { unit: 'ms', spread: true, percent: false },
  connect: { unit: 'ms', spread: true, percent: false },
  late: { unit: 'ms', spread: true, percent: false },
  bitrate: { unit: 'bps', spread: true, percent: false },
  connected: { unit: 'count', spread: false, percent: true },
  served: { unit: 'count', spread: false, percent: true },
  failed: { unit: 'count', spread: false, percent: true },
  ended: { unit: 'count', spread: false, percent: true },
  stalled: { unit: 'count', spread: false, percent: true },
  stalls: { unit: 'count', spread: false, percent: true },
  gaps: { unit: 'count', spread: false, percent: false },
  reconnects: { unit: 'count', spread: false, percent: true },
  dropped: { unit: 'count', spread: false, percent: false },
  frames: { unit: 'count', spread: false, percent: false },
} as const satisfies Record<string, MetricKind>;

export type Metric = keyof typeof metrics;
export const statistics = ['min', 'avg', 'p50', 'p95', 'p99', 'max'] as const;
export type Statistic = (typeof statistics)[number];

export interface Threshold {
  /** As it was written. */
  readonly text: string;
  readonly metric: Metric;
  readonly statistic: Statistic | undefined;
  readonly comparison: '<' | '<=' | '>' | '>=' | '=';
  /** In ms, bit/s, a count, or percent. */
  readonly value: number;
  readonly percent: boolean;
}

const PATTERN = /^([a-z-]+)(?:\.([a-z0-9]+))?\s*(<=|>=|==|=|<|>)\s*(\d+(?:\.\d+)?)\s*([a-zA-Z/%]*)$/;

const factors: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  ms: { ms: 1, s: 1000 },
  bps: { '': 1, bps: 1, k: 1000, kbps: 1000, M: 1_000_000, Mbps: 1_000_000 },
  count: { '': 1 },
};

/** Throws ConfigError BENCH_THRESHOLD, which says what is allowed. */
export function parseThreshold(text: string): Threshold {
  const [, name = '', statistic, comparison = '', number, unit = ''] = PATTERN.exec(text.trim()) ?? [];
  if (number === undefined) throw refuse(text, 'it is not METRIC[.STATISTIC] COMPARISON NUMBER[UNIT]');
  const metric = Object.keys(metrics).find((known): known is Metric => known === name);
  if (metric === undefined) throw refuse(text, `there is no metric ${name}${meant(name)}; known: ${list(metrics)}`);
  const kind: MetricKind = metrics[metric];
  const percent = unit === '%';
  const units = factors[kind.unit];
  const factor = percent ? 1 : Object.hasOwn(units, unit) ? units[unit] : undefined;
  if (percent && !kind.percent) throw refuse(text, `${metric} is not a share of the clients: no %`);
  if (factor === undefined) throw refuse(text, `${metric} has one of the units ${list(units)}`);
  const known = statistics.find((candidate) => candidate === statistic);
  if (kind.spread ? known === undefined : statistic !== undefined) {
    throw refuse(
      text,
      kind.spread ? `${metric} needs one of .${statistics.join(' .')}` : `${metric} has no statistics`,
    );
  }
  return {
    text: text.trim(),
    metric,
    statistic: known,
    comparison: comparison === '==' ? '=' : (comparison as Threshold['comparison']),
    value: Number(number) * factor,
    percent,
  };
}

/** A threshold with what was measured. */
export interface Verdict {
  readonly threshold: string;
  /** In ms, bit/s, a count, or percent, as the threshold asks; null when nothing was measured, which is a failure. */
  readonly actual: number | null;
  readonly pass: boolean;
}

export function judgeThreshold(
  threshold: Threshold,
  measure: (metric: Metric, statistic: Statistic | undefined) => Measure | undefined,
): Verdict {
  const measured = measure(threshold.metric, threshold.statistic);
  if (measured === undefined) return { threshold: threshold.text, actual: null, pass: false };
  const actual = threshold.percent ? share(measured) : measured.value;
  return { threshold: threshold.text, actual, pass: compare(actual, threshold) };
}

const share = ({ value, whole = 0 }: Measure): number => (whole === 0 ? 0 : (value / whole) * 100);

function compare(actual: number, { comparison, value }: Threshold): boolean {
  switch (comparison) {
    case '<':
      return actual < value;
    case '<=':
      return actual <= value;
    case '>':
      return actual > value;
    case '>=':
      return actual >= value;
    case '=':
      return actual === value;
  }
}

const refuse = (text: string, why: string): Error => benchErrors.config('THRESHOLD', { text, why });

const list = (table: Readonly<Record<string, unknown>>): string =>
  Object.keys(table)
    .map((key) => (key === '' ? '(none)' : key))
    .join(', ');

function meant(name: string): string {
  const guess = nearest(name, Object.keys(metrics));
  return guess === undefined ? '' : ` (did you mean ${guess}?)`;
}
