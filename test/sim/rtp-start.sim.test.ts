// The first seconds of a player: how fast the estimate finds the room for a stream, and what the pacer does meanwhile.
import { expect, it } from 'vitest';
import { fromMs, fromSeconds, MICROS_PER_SECOND, type Micros, toMs } from '../../src/core/base/time.ts';
import { ArrivalRecorder, BandwidthEstimate, Pacer, SentLedger } from '../../src/core/wire/feedback/index.ts';

const PACKET = 1200;

/** Sends a stream of `streamBps` with `seconds` of cache in front through a path; the waits are those in the pacer. */
function join(streamBps: number, pathBps: number, cacheSeconds: number, seconds = 10) {
  const estimate = new BandwidthEstimate();
  const pacer = new Pacer<Micros>(estimate.bps(0));
  const ledger = new SentLedger();
  const recorder = new ArrivalRecorder();
  const underway: { at: Micros; sequence: number }[] = [];
  let free = 0;
  let credit = (streamBps * cacheSeconds) / 8;
  let lost = 0;
  let waitLater = 0;
  let waitLast = 0;
  for (let now = 0; now < fromSeconds(seconds); now += fromMs(1)) {
    for (credit += streamBps / 8000; credit >= PACKET; credit -= PACKET) pacer.push(now, PACKET, false, now);
    pacer.bps = estimate.bps(now);
    for (let since = pacer.take(now); since !== undefined; since = pacer.take(now)) {
      if (now > fromSeconds(3)) waitLater = Math.max(waitLater, now - since);
      if (now > fromSeconds(seconds - 1)) waitLast = Math.max(waitLast, now - since);
      const sequence = ledger.sent(PACKET, now);
      if (free - now > fromMs(200)) {
        lost++;
        continue;
      }
      free = Math.max(free, now) + Math.round((PACKET * 8 * MICROS_PER_SECOND) / pathBps);
      underway.push({ at: free + fromMs(20), sequence });
    }
    while (underway[0] !== undefined && underway[0].at <= now) recorder.arrived(underway.shift()!.sequence, now);
    for (let one = recorder.take(now, 1, 2); one !== undefined; one = recorder.take(now, 1, 2)) {
      estimate.settled(ledger.settle(one, now), now);
    }
  }
  return {
    dropped: pacer.dropped,
    lost,
    waitLaterMs: toMs(waitLater),
    waitLastMs: toMs(waitLast),
    bps: estimate.bps(0),
  };
}

it.each([
  [2_000_000, 1],
  [8_000_000, 1],
  [20_000_000, 1],
])('a stream of %i bit/s with a cache of %i s finds its room on a good path at once', (streamBps, cache) => {
  const outcome = join(streamBps, 200_000_000, cache);

  expect(outcome.dropped).toBe(0);
  expect(outcome.waitLaterMs).toBeLessThan(20);
});

it('on a narrow path the start does not fill the queue for long', () => {
  const outcome = join(1_500_000, 3_000_000, 1);

  expect(outcome.waitLastMs).toBeLessThan(100);
  expect(outcome.lost).toBeLessThan(200);
});
