// Transport-wide feedback from the packets that came to what the sender makes of it.
import { describe, expect, it } from 'vitest';
import { fromMs, fromSeconds, type Micros } from '../../../../src/core/base/time.ts';
import { ArrivalRecorder, SentLedger, type SentResult } from '../../../../src/core/wire/feedback/index.ts';
import { parseRtcp, type TransportFeedback, writeRtcp } from '../../../../src/core/wire/rtcp/index.ts';
import { SeedRng } from '../../../tools/fakes.ts';

/** Every feedback that is due, over the wire. */
function takeAll(recorder: ArrivalRecorder, now: Micros): TransportFeedback[] {
  const all: TransportFeedback[] = [];
  for (let one = recorder.take(now, 1, 2); one !== undefined; one = recorder.take(now, 1, 2)) {
    const [packet] = parseRtcp(writeRtcp([{ type: 'transport', ...one }]));
    all.push(packet as TransportFeedback & { type: 'transport' });
  }
  return all;
}

describe('the recorder of arrivals', () => {
  it('reports what came, when it came, and what did not', () => {
    const recorder = new ArrivalRecorder();
    recorder.arrived(65_535, fromMs(1000));
    recorder.arrived(1, fromMs(1010));
    expect(recorder.take(fromMs(1049), 1, 2)).toBeUndefined();
    expect(recorder.deadline).toBe(fromMs(1050));

    const [feedback, ...more] = takeAll(recorder, fromMs(1050));

    expect(more).toEqual([]);
    expect(feedback).toMatchObject({ sender: 1, ssrc: 2, base: 65_535, count: 0 });
    expect(feedback!.arrivals).toEqual([fromMs(1000), undefined, fromMs(1010)]);
    expect(recorder.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  it('reports what came late together with what was known before', () => {
    const recorder = new ArrivalRecorder();
    for (const sequence of [1, 2, 4]) recorder.arrived(sequence, fromMs(100));
    takeAll(recorder, fromMs(150));
    recorder.arrived(3, fromMs(160));
    recorder.arrived(5, fromMs(165));

    const [feedback] = takeAll(recorder, fromMs(210));

    expect(feedback).toMatchObject({ base: 3, count: 1 });
    expect(feedback!.arrivals).toEqual([fromMs(160), fromMs(100), fromMs(165)]);
  });

  it('divides many packets, and does not walk over what it forgot', () => {
    const recorder = new ArrivalRecorder();
    for (let i = 0; i < 1000; i++) recorder.arrived(i, fromMs(1) + i * 10);
    recorder.arrived(9000, fromMs(20));

    const all = takeAll(recorder, fromMs(100));

    expect(all.every(({ arrivals }) => arrivals.length <= 400 && arrivals[0] !== undefined)).toBe(true);
    expect(all.at(-1)).toMatchObject({ base: 9000 });
  });

  it('knows a packet once', () => {
    const recorder = new ArrivalRecorder();
    recorder.arrived(7, fromMs(10));
    recorder.arrived(7, fromMs(90));

    expect(takeAll(recorder, fromMs(100)).map(({ arrivals }) => arrivals)).toEqual([[fromMs(10)]]);
  });
});

describe('the ledger of the sender', () => {
  it('joins both ends, each packet once, over wraps of the sequence and of the reference time', () => {
    const recorder = new ArrivalRecorder();
    const ledger = new SentLedger();
    const rng = new SeedRng(3);
    const results: SentResult[] = [];
    // Just before 2^24 steps of 64 ms.
    const start = 2 ** 24 * 64_000 - fromSeconds(50);
    let lost = 0;
    for (let i = 0; i < 100_000; i++) {
      const now = start + i * fromMs(1);
      const sequence = ledger.sent(1000 + (i % 7), now);
      if (rng.below(100) < 5) lost++;
      else recorder.arrived(sequence, now + fromMs(20));
      for (const feedback of takeAll(recorder, now + fromMs(20))) results.push(...ledger.settle(feedback, now));
    }

    const arrived = results.filter(({ arrivedAt }) => arrivedAt !== undefined);
    expect(arrived.length).toBeGreaterThan(100_000 - lost - 60);
    expect(arrived.length).toBeLessThanOrEqual(100_000 - lost);
    // The times of the receiver are in steps of 250 µs, and wrapped once before the first of them.
    const delays = new Set(arrived.map(({ sentAt, arrivedAt }) => Math.round((arrivedAt! - sentAt) / 1000)));
    expect(delays.size).toBe(1);
    expect(results.filter(({ arrivedAt }) => arrivedAt === undefined).length).toBeGreaterThan(lost * 0.95);
  });

  it('does not believe what is said of packets that were not sent', () => {
    const ledger = new SentLedger();
    ledger.sent(100, 0);
    const feedback = { sender: 1, ssrc: 2, base: 30_000, count: 0, arrivals: [1, 2, 3] };

    expect(ledger.settle(feedback, 10)).toEqual([]);
    expect(ledger.settle({ ...feedback, base: 0 }, 10)).toHaveLength(1);
    expect(ledger.settle({ ...feedback, base: 0 }, 10)).toEqual([]);
  });
});
