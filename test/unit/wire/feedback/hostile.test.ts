// What an authentic but hostile, or only a very unlucky, peer can do with its feedback: nothing that grows or stays wrong.
import { describe, expect, it } from 'vitest';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import {
  BandwidthEstimate,
  KeyRequest,
  NackGenerator,
  SentHistory,
  SentLedger,
  type SentResult,
} from '../../../../src/core/wire/feedback/index.ts';

const memory = new Uint8Array(100);
const sent = { memory, at: 0, size: 100, timestamp: 0, payloadType: 96, marker: false };

describe('retransmissions', () => {
  it('are bounded for each packet, whatever round trip the player pretends and however often it asks', () => {
    for (const roundTrip of [0, -5, fromSeconds(3600)]) {
      const history = new SentHistory();
      history.roundTrip = roundTrip;
      history.sent(7, sent, 0);

      let again = 0;
      for (let now = 0; now < fromSeconds(2); now += 100) if (history.again(7, now) !== undefined) again++;

      expect(again).toBeGreaterThanOrEqual(2);
      expect(again).toBeLessThanOrEqual(10);
    }
  });

  it('are not doubled at the beginning of time', () => {
    const history = new SentHistory();
    history.sent(7, sent, 0);

    expect([history.again(7, 0), history.again(7, 0)].filter((one) => one !== undefined)).toHaveLength(1);
  });
});

describe('the ledger', () => {
  it('understands feedback that comes after a pause of more than half a turn of the sequence', () => {
    const ledger = new SentLedger();
    let last = 0;
    for (let i = 0; i < 50_000; i++) last = ledger.sent(100, i);

    const results = ledger.settle({ sender: 1, ssrc: 2, base: last, count: 0, arrivals: [fromMs(60)] }, fromMs(60));

    expect(results).toEqual([{ bytes: 100, sentAt: 49_999, arrivedAt: fromMs(60) }]);
  });

  it('is not led astray by feedback about packets that were never sent', () => {
    const ledger = new SentLedger();
    ledger.sent(100, 0);
    for (const base of [30_000, 60_000, 25_000, 55_000]) {
      ledger.settle({ sender: 1, ssrc: 2, base, count: 0, arrivals: [1] }, 1);
    }

    expect(ledger.settle({ sender: 1, ssrc: 2, base: 0, count: 0, arrivals: [1] }, 1)).toHaveLength(1);
  });
});

describe('the estimate', () => {
  /** One packet of a stream of 800 kbit/s. */
  const packet = (i: number, arrivedAt: number): SentResult => ({ bytes: 1000, sentAt: i * fromMs(10), arrivedAt });

  it('measures again after a receiver whose clock jumped to the future and back', () => {
    const estimate = new BandwidthEstimate();
    estimate.settled([packet(0, fromSeconds(500_000))], 0);

    for (let i = 1; i < 200; i++) estimate.settled([packet(i, i * fromMs(10))], i * fromMs(10));

    expect(estimate.arrivingBps).toBeGreaterThan(750_000);
    expect(estimate.arrivingBps).toBeLessThan(850_000);
  });

  it('keeps a bounded number of arrivals when all are said to have come at once', () => {
    const estimate = new BandwidthEstimate();
    for (let i = 0; i < 100_000; i++) estimate.settled([packet(i, 5)], i * 100);

    expect(estimate.arrivals).toBeLessThanOrEqual(8192);
    expect(estimate.bps(0)).toBeGreaterThanOrEqual(100_000);
  });
});

it('players that ask without end get a key frame a second, and our own losses do not wait for them', () => {
  const request = new KeyRequest();
  let sent = 0;
  for (let ms = 0; ms < 10_000; ms++) {
    request.want('player');
    if (!request.due(fromMs(ms))) continue;
    sent++;
    request.arrived();
  }
  expect(sent).toBe(10);

  request.want('player');
  request.want();
  request.want('player');
  expect(request.due(fromMs(9301))).toBe(true);
});

describe('a sequence that jumps', () => {
  it('to and fro costs one request for each packet that it jumped over', () => {
    const nack = new NackGenerator({ age: fromMs(500) });
    let asked = 0;
    for (let turn = 0; turn < 1000; turn++) {
      const begin = turn * fromMs(20);
      nack.arrived(turn * 499, begin);
      nack.arrived(turn * 499 - 250, begin);
      expect(nack.missing).toBeLessThanOrEqual(500);
      for (let ms = 0; ms < 20; ms++) asked += nack.due(begin + fromMs(ms)).length;
    }

    // 498 are jumped over, and one of them comes when it jumps back; there is nothing before the first one.
    expect(asked).toBe(999 * 497);
  });

  it('further before anything of it would be asked for costs none', () => {
    const nack = new NackGenerator({ age: fromMs(500) });
    let asked = 0;
    for (let i = 0; i < 1000; i++) {
      nack.arrived(i * 499, fromMs(i));
      asked += nack.due(fromMs(i)).length;
      expect(nack.missing).toBeLessThanOrEqual(500);
    }

    expect(asked).toBe(0);
  });
});
