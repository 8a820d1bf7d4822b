// Bursts and outages between the parts that make RTP reliable enough: history, RTX, NACK, reorder queue, key requests,
// reports. Sequences and time stamps wrap on the way.
import { describe, expect, it } from 'vitest';
import { toHex } from '../../src/core/base/bytes.ts';
import { fromMs, fromSeconds, type Micros, toMs, toTicks } from '../../src/core/base/time.ts';
import type { Frame } from '../../src/core/media/frame.ts';
import { video } from '../tools/builders.ts';
import { SeedRng, VirtualClock } from '../tools/fakes.ts';
import { Path, Publisher, type Received, Receiver, type Weather } from './rtp-path.ts';

/** `SEED=7 npx vitest run --project unit test/sim/rtp-outage` repeats one; the name of a test says its seed. */
const seeds = process.env['SEED'] === undefined ? [1, 2] : [Number(process.env['SEED'])];
const FRAME_MS = 33;

interface Run {
  readonly sent: readonly Frame[];
  readonly received: readonly Received[];
  readonly publisher: Publisher;
  readonly receiver: Receiver;
  /** Longest time without a frame. */
  readonly freezeMs: number;
}

/** Half a minute of pictures of about 1.2 Mbit/s through `weather` both ways. */
function run(seed: number, weather: Weather, span: Micros, seconds = 30): Run {
  const clock = new VirtualClock();
  const rng = new SeedRng(seed);
  const there = new Path(clock, rng, weather);
  const back = new Path(clock, rng, weather);
  const publisher = new Publisher(clock, there);
  const receiver = new Receiver(clock, back, span);
  there.onDatagram = (datagram) => receiver.receive(datagram);
  back.onDatagram = (datagram) => publisher.receive(datagram);
  const sent: Frame[] = [];
  for (let ms = 0; ms < seconds * 1000 + 2000; ms++) {
    if (ms % FRAME_MS === 0 && ms < seconds * 1000) {
      const key = publisher.keyWanted;
      publisher.keyWanted = false;
      const frame = video({ at: ms, key, size: key ? 20_000 : 3000 + rng.below(3000) });
      sent.push(frame);
      publisher.write(frame);
    }
    clock.advance(fromMs(1));
    receiver.tick();
  }
  const times = receiver.frames.map(({ at }) => at);
  const freezeMs = toMs(Math.max(...times.map((at, i) => at - (times[i - 1] ?? at))));
  return { sent, received: receiver.frames, publisher, receiver, freezeMs };
}

const ticksOf = ({ dts }: Frame): number => toTicks(dts, 90_000);

/** Everything that came is what was sent, in order, and after a hole there is a key frame. */
function expectHonest({ sent, received }: Run): void {
  const byTicks = new Map(sent.map((frame) => [ticksOf(frame), frame]));
  let last = Number.NEGATIVE_INFINITY;
  for (const { unit, missing } of received) {
    const frame = byTicks.get(unit.ticks);
    expect(frame, `no frame has the time stamp ${unit.ticks}`).toBeDefined();
    expect(unit.ticks).toBeGreaterThan(last);
    // In front of a key frame are its parameter sets.
    const tail = unit.data.subarray(unit.data.length - frame!.data.length);
    if (toHex(tail) !== toHex(frame!.data)) expect.fail(`the frame at ${unit.ticks} has other bytes`);
    if (missing > 0) expect(unit.key, 'behind a hole comes a key frame').toBe(true);
    last = unit.ticks;
  }
}

/** Bursts as a radio link has them: in a bad state everything is lost (Gilbert). */
function bursts(rng: SeedRng, loss: number, mean: number): () => boolean {
  const leave = 1 / mean;
  const enter = (leave * loss) / (1 - loss);
  let bad = false;
  return () => {
    bad = rng.below(1_000_000) < (bad ? 1 - leave : enter) * 1_000_000;
    return bad;
  };
}

describe.each(seeds)('with seed %i', (seed) => {
  it('bursts of 20 % loss that no request can mend in time are told, and a key frame ends each hole', () => {
    const rng = new SeedRng(seed * 1000);
    const weather = { delay: fromMs(30), jitter: fromMs(5), loses: bursts(rng, 0.2, 40) };
    const outcome = run(seed, weather, fromMs(200));

    expectHonest(outcome);
    expect(outcome.receiver.counts.queue.missing).toBeGreaterThan(0);
    expect(outcome.publisher.counts.keyRequests).toBeGreaterThan(0);
    expect(outcome.received.filter(({ missing }) => missing > 0).length).toBeGreaterThan(0);
    expect(outcome.received.length).toBeGreaterThan(outcome.sent.length * 0.7);
    expect(outcome.freezeMs).toBeLessThan(3000);
    expect(outcome.sent.filter(({ key }) => key).length).toBeLessThanOrEqual(outcome.receiver.counts.keyRequests + 1);
  });

  it('a path that is down for a second in every five comes back at once, and loses nothing that is still known', () => {
    const weather = {
      delay: fromMs(30),
      jitter: fromMs(10),
      loses: (now: Micros) => now % fromSeconds(5) >= fromSeconds(4),
    };
    const outcome = run(seed, weather, fromMs(400));

    expectHonest(outcome);
    expect(outcome.freezeMs).toBeLessThan(1400);
    // The last second is an outage that nothing follows.
    expect(outcome.received).toHaveLength(outcome.sent.filter(({ dts }) => dts < fromSeconds(29)).length);
    expect(outcome.receiver.counts).toMatchObject({ abandoned: 0, keyRequests: 0 });
    expect(outcome.publisher.roundTrip).toBeGreaterThanOrEqual(fromMs(60));
    expect(outcome.publisher.roundTrip).toBeLessThanOrEqual(fromMs(81));
  });
});
