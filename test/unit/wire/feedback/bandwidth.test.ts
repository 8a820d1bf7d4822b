// The estimate of a path in virtual time, and what is paced by it.
import { describe, expect, it } from 'vitest';
import { fromMs, fromSeconds, type Micros } from '../../../../src/core/base/time.ts';
import {
  ArrivalRecorder,
  BandwidthEstimate,
  defaultBounds,
  Pacer,
  SentLedger,
} from '../../../../src/core/wire/feedback/index.ts';
import { SeedRng } from '../../../tools/fakes.ts';

interface Path {
  /** Bits a second at a time. */
  readonly bps: (now: Micros) => number;
  readonly delay: Micros;
  /** Longest queue; what comes on top is lost. */
  readonly queue: Micros;
  readonly lossPercent?: number;
  readonly jitter?: Micros;
}

/** Sends at the estimate (at most `most`) through the path; gives the estimate and the queue for each 100 ms. */
function drive(path: Path, seconds: number, { most = Number.POSITIVE_INFINITY, first = 2_000_000 } = {}) {
  const estimate = new BandwidthEstimate({ ...defaultBounds, firstBps: first });
  const ledger = new SentLedger();
  const recorder = new ArrivalRecorder();
  const rng = new SeedRng(11);
  const underway: { at: Micros; sequence: number }[] = [];
  const samples: { bps: number; queue: Micros }[] = [];
  let free = 0;
  let credit = 0;
  for (let now = 0; now < fromSeconds(seconds); now += fromMs(1)) {
    credit += Math.min(most, estimate.bps(now)) / 8 / 1000;
    while (credit >= 1200) {
      credit -= 1200;
      const sequence = ledger.sent(1200, now);
      const waits = Math.max(0, free - now);
      if (waits > path.queue || rng.below(100) < (path.lossPercent ?? 0)) continue;
      free = Math.max(free, now) + Math.round((1200 * 8 * 1e6) / path.bps(now));
      underway.push({ at: free + path.delay + (path.jitter === undefined ? 0 : rng.below(path.jitter)), sequence });
    }
    underway.sort((a, b) => a.at - b.at);
    while (underway[0] !== undefined && underway[0].at <= now) {
      const { sequence, at } = underway.shift()!;
      recorder.arrived(sequence, at);
    }
    for (let one = recorder.take(now, 1, 2); one !== undefined; one = recorder.take(now, 1, 2)) {
      estimate.settled(ledger.settle({ ...one, base: one.base & 0xffff }, now), now);
    }
    if (now % fromMs(100) === 0) samples.push({ bps: estimate.bps(now), queue: Math.max(0, free - now) });
  }
  return samples;
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
const last = <Item>(samples: readonly Item[], count: number): Item[] => samples.slice(-count);

describe('the estimate', () => {
  it('comes down to a narrow path, and keeps its queue short', () => {
    const samples = drive({ bps: () => 1_000_000, delay: fromMs(20), queue: fromMs(1000) }, 30);

    const settled = last(samples, 150);
    expect(mean(settled.map(({ bps }) => bps))).toBeGreaterThan(600_000);
    expect(mean(settled.map(({ bps }) => bps))).toBeLessThan(1_050_000);
    expect(mean(settled.map(({ queue }) => queue))).toBeLessThan(fromMs(120));
  });

  it('climbs where there is room', () => {
    const samples = drive({ bps: () => 20_000_000, delay: fromMs(20), queue: fromMs(300) }, 30, { first: 500_000 });

    expect(samples.at(-1)!.bps).toBeGreaterThan(3_000_000);
  });

  it('does not climb far above what is sent', () => {
    const samples = drive({ bps: () => 20_000_000, delay: fromMs(20), queue: fromMs(300) }, 60, { most: 1_500_000 });

    expect(samples.at(-1)!.bps).toBeGreaterThan(1_500_000);
    expect(samples.at(-1)!.bps).toBeLessThan(3_000_000);
  });

  it('follows a path that becomes narrow in mid-stream within two seconds', () => {
    const bps = (now: Micros): number => (now < fromSeconds(15) ? 4_000_000 : 800_000);
    const samples = drive({ bps, delay: fromMs(20), queue: fromMs(1500) }, 30, { most: 2_500_000 });

    expect(mean(samples.slice(100, 150).map((sample) => sample.bps))).toBeGreaterThan(1_800_000);
    expect(samples[175]!.bps).toBeLessThan(1_000_000);
    expect(mean(last(samples, 100).map(({ queue }) => queue))).toBeLessThan(fromMs(250));
  });

  it('is not frightened by 1 % of random loss, nor by even jitter', () => {
    const samples = drive(
      { bps: () => 10_000_000, delay: fromMs(20), queue: fromMs(300), lossPercent: 1, jitter: fromMs(20) },
      30,
      { most: 2_000_000 },
    );

    expect(mean(last(samples, 100).map(({ bps }) => bps))).toBeGreaterThan(1_900_000);
  });

  it('gives way where much is lost', () => {
    const samples = drive({ bps: () => 10_000_000, delay: fromMs(20), queue: fromMs(300), lossPercent: 30 }, 10);

    expect(samples.at(-1)!.bps).toBeLessThan(1_000_000);
  });

  it("is never above the player's own, while that is fresh", () => {
    const estimate = new BandwidthEstimate();
    estimate.remb(300_000, 0);

    expect(estimate.bps(fromSeconds(1))).toBe(300_000);
    expect(estimate.bps(fromSeconds(6))).toBe(2_000_000);
    estimate.remb(1, fromSeconds(6));
    expect(estimate.bps(fromSeconds(6))).toBe(100_000);
  });
});

describe('the pacer', () => {
  it('spreads a key frame, and lets sound through at once', () => {
    const pacer = new Pacer<string>(800_000);
    for (let i = 0; i < 100; i++) pacer.push(`picture ${i}`, 1250, false, 0);
    const sent: [number, string][] = [];
    for (let now = 0; pacer.length > 0; now = Math.max(now + 1, pacer.deadline)) {
      if (sent.length === 10) pacer.push('sound', 100, true, now);
      for (let item = pacer.take(now); item !== undefined; item = pacer.take(now)) sent.push([now, item]);
    }

    // 125 000 bytes at 2.5 times 100 000 a second.
    expect(sent.at(-1)![0]).toBeGreaterThan(fromMs(470));
    expect(sent.at(-1)![0]).toBeLessThan(fromMs(510));
    expect(sent.findIndex(([, item]) => item === 'sound')).toBe(10);
    expect(sent.filter(([at]) => at < fromMs(1)).length).toBeLessThanOrEqual(3);
  });

  it('drops pictures that are too old, never sound', () => {
    const pacer = new Pacer<string>(800_000);
    for (let i = 0; i < 10; i++) pacer.push('picture', 1250, false, 0);
    pacer.push('sound', 100, true, 0);

    const taken: string[] = [];
    for (let item = pacer.take(fromSeconds(3)); item !== undefined; item = pacer.take(fromSeconds(3))) taken.push(item);

    expect(taken).toEqual(['sound']);
    expect(pacer.dropped).toBe(10);
    expect([pacer.length, pacer.bytes, pacer.deadline]).toEqual([0, 0, Number.POSITIVE_INFINITY]);
  });

  it('holds a bounded number of packets', () => {
    const pacer = new Pacer<number>(100_000);
    for (let i = 0; i < 30_000; i++) pacer.push(i, 1, false, 0);

    expect(pacer.length).toBe(20_000);
    expect(pacer.take(0)).toBe(10_000);
  });
});
