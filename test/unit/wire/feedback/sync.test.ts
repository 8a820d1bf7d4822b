// Sound and picture of publishers as they are: late starts, late reports, jitter, and clocks that run too fast for days.
import { describe, expect, it } from 'vitest';
import { fromMs, fromSeconds, type Micros, toTicks } from '../../../../src/core/base/time.ts';
import { ClockSync, type TrackClock } from '../../../../src/core/wire/feedback/index.ts';
import { SeedRng } from '../../../tools/fakes.ts';

const wall = 1_700_000_000_000_000;
const drifts = [-300, 0, 300];

interface Source {
  readonly clock: TrackClock;
  readonly rate: number;
  readonly base: number;
  /** Between two frames. */
  readonly every: Micros;
  /** The first frame, and the first report. */
  readonly starts: Micros;
  readonly reports: Micros;
  /** Of the network: at least, and a random part. */
  readonly delay: Micros;
  readonly jitter: Micros;
}

/** Media times that each source got, by the moment of capture. */
function play(sources: readonly Source[], seconds: number, ppm: number, seed: number) {
  const rng = new SeedRng(seed);
  const found = sources.map(() => new Map<Micros, Micros>());
  // The sender's clock, whose seconds are not ours.
  const arrivalOf = (at: Micros, { delay, jitter }: Source): Micros =>
    Math.round(at * (1 + ppm / 1e6)) + delay + rng.below(jitter + 1);
  for (let at = 0; at < fromSeconds(seconds); at += fromMs(20)) {
    for (const [i, source] of sources.entries()) {
      const { clock, rate, base, every, starts, reports } = source;
      const ticks = base + toTicks(at, rate);
      if (at >= starts && at % every === 0) found[i]!.set(at, clock.timeOf(ticks, arrivalOf(at, source)));
      if (at >= reports && (at - reports) % fromSeconds(5) === 0) clock.reported(wall + at, ticks);
    }
  }
  return found;
}

const worstStep = (times: ReadonlyMap<Micros, Micros>): { least: Micros; most: Micros } => {
  const all = [...times.values()];
  const steps = all.slice(1).map((time, i) => time - all[i]!);
  return { least: Math.min(...steps), most: Math.max(...steps) };
};

describe.each([1, 2, 3])('with seed %i', (seed) => {
  it.each(drifts)('tracks that start 500 ms apart and report after 5 s are together within 40 ms (%i ppm)', (ppm) => {
    const sync = new ClockSync();
    const sound = {
      clock: sync.track(48_000, true),
      rate: 48_000,
      base: 4_000_000_000,
      every: fromMs(20),
      starts: 0,
      reports: fromSeconds(5),
      delay: fromMs(20),
      jitter: fromMs(30),
    };
    // Its first picture is big and comes late.
    const picture = {
      clock: sync.track(90_000, false),
      rate: 90_000,
      base: 12_345,
      every: fromMs(40),
      starts: fromMs(500),
      reports: fromMs(5200),
      delay: fromMs(150),
      jitter: fromMs(50),
    };

    const [heard, seen] = play([sound, picture], 60, ppm, seed);

    const skews = [...seen!].map(([at, time]) => time - heard!.get(at)!);
    // There from the first picture on, and never further apart than the network put them.
    expect(Math.max(...skews.map(Math.abs))).toBeLessThanOrEqual(fromMs(210));
    expect(Math.max(...skews.slice(-1000).map(Math.abs))).toBeLessThanOrEqual(fromMs(1));
    expect(skews.findIndex((skew) => Math.abs(skew) <= fromMs(40)) * 40).toBeLessThan(8000);
    expect(worstStep(seen!).least).toBeGreaterThanOrEqual(fromMs(20));
    expect(worstStep(seen!).most).toBeLessThanOrEqual(fromMs(60));
    expect(worstStep(heard!)).toEqual({ least: fromMs(20), most: fromMs(20) });
  });
});

it.each(drifts)('a clock that is %i ppm wrong makes no jump, however long the stream is', (ppm) => {
  const track = new ClockSync().track(90_000, true);
  let last = track.timeOf(0, 0);
  for (let second = 1; second < 200_000; second++) {
    const time = track.timeOf(second * 90_000, Math.round(fromSeconds(second) * (1 + ppm / 1e6)));
    if (time - last !== fromSeconds(1)) expect.fail(`a step of ${time - last} µs after ${second} s`);
    last = time;
  }
});

it('a hole of a minute in the time stamps begins anew, one in the frames does not', () => {
  const track = new ClockSync().track(90_000, true);
  track.timeOf(0, 0);

  expect(track.timeOf(60 * 90_000, fromSeconds(60))).toBe(fromSeconds(60));
  expect(track.timeOf(61 * 90_000, fromSeconds(121))).toBe(fromSeconds(121));
});

it('sound that begins behind its report goes to the picture that runs, and moves nothing', () => {
  const sync = new ClockSync();
  const [picture, sound] = [sync.track(90_000, false), sync.track(48_000, true)];
  picture.reported(wall, 0);
  const first = picture.timeOf(0, 0);
  sound.reported(wall, 0);

  // It comes 70 ms late; what it says belongs to the moment of the first picture.
  expect(sound.timeOf(0, fromMs(70))).toBe(first);
  expect(picture.timeOf(3600, fromMs(80))).toBe(first + fromMs(40));
});
