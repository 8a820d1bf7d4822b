// Reports, round trips, and the time line of sound and picture.
import { describe, expect, it } from 'vitest';
import { fromMs, fromSeconds, fromTicks, type Micros, toTicks } from '../../../../src/core/base/time.ts';
import {
  ClockSync,
  PlayerClock,
  Reception,
  roundTripOf,
  SenderClock,
} from '../../../../src/core/wire/feedback/index.ts';
import { fromUnits, middleOf, ntpOf, toUnits, wallOf } from '../../../../src/core/wire/rtcp/index.ts';
import { SeedRng } from '../../../tools/fakes.ts';

const wall = 1_700_000_000_000_000;

describe('NTP', () => {
  it('comes back to the microsecond, also after 2036', () => {
    for (const time of [wall, wall + 1, wall + 999_999, 2_300_000_000_123_456]) expect(wallOf(ntpOf(time))).toBe(time);
    expect(ntpOf(0)).toEqual({ ntpHigh: 2_208_988_800, ntpLow: 0 });
    expect(middleOf({ ntpHigh: 0x12345678, ntpLow: 0x9abcdef0 })).toBe(0x56789abc);
    expect(fromUnits(toUnits(fromMs(1500)))).toBe(fromMs(1500));
  });
});

describe('reception', () => {
  it('counts what was lost, in all and since the last report', () => {
    const reception = new Reception(7, 90_000);
    for (let i = 0; i < 100; i++) if (i % 4 !== 1) reception.arrived(65_500 + i, i * 3000, fromMs(i * 33));

    expect(reception.block(0)).toMatchObject({ ssrc: 7, lost: 25, fractionLost: 64, highest: 65_599 });
    for (let i = 100; i < 110; i++) reception.arrived(65_500 + i, i * 3000, fromMs(i * 33));
    expect(reception.block(0)).toMatchObject({ lost: 25, fractionLost: 0, highest: 65_609 });
    expect(new Reception(1, 8000).block(0)).toBeUndefined();
  });

  it('is not frightened by duplicates', () => {
    const reception = new Reception(7, 90_000);
    for (const sequence of [1, 2, 2, 2, 3]) reception.arrived(sequence, 0, 0);

    expect(reception.block(0)).toMatchObject({ lost: -2, fractionLost: 0 });
  });

  it('measures jitter in ticks, and nothing of it on an even path', () => {
    const even = new Reception(1, 48_000);
    const uneven = new Reception(1, 48_000);
    const rng = new SeedRng(5);
    for (let i = 0; i < 1000; i++) {
      even.arrived(i, i * 960, fromMs(i * 20 + 30));
      uneven.arrived(i, i * 960, fromMs(i * 20 + rng.below(20)));
    }

    expect(even.jitterTicks).toBe(0);
    // Two even spreads of 20 ms differ by a third of it in the mean: 320 ticks.
    expect(uneven.jitterTicks).toBeGreaterThan(200);
    expect(uneven.jitterTicks).toBeLessThan(450);
  });

  it('shows the sender its round trip', () => {
    const sent = ntpOf(wall);
    const reception = new Reception(7, 90_000);
    reception.arrived(1, 0, fromSeconds(100));
    reception.reported(sent, fromSeconds(100));

    const block = reception.block(fromSeconds(100) + fromMs(500))!;

    expect(Math.abs(roundTripOf(block, ntpOf(wall + fromMs(580)))! - fromMs(80))).toBeLessThan(50);
    expect(roundTripOf(block, ntpOf(wall + fromMs(400)))).toBeUndefined();
    expect(roundTripOf({ ...block, lastReport: 0 }, ntpOf(wall))).toBeUndefined();
  });
});

describe('sender reports', () => {
  it('say for both streams which tick is now, so that their distance is that of the media', () => {
    const clock = new PlayerClock();
    const picture = new SenderClock({ ssrc: 1, rate: 90_000, base: 0xffff_0000, clock });
    const sound = new SenderClock({ ssrc: 2, rate: 48_000, base: 17, clock });
    expect(picture.take(0, wall)).toBeUndefined();
    clock.begin(fromSeconds(500), wall);
    clock.begin(fromSeconds(499), wall + 5);
    picture.sent(1000, 0);
    sound.sent(80, 0);

    const [a, b] = [picture.take(fromMs(100), wall + fromMs(100))!, sound.take(fromMs(100), wall + fromMs(100))!];

    expect(a).toMatchObject({ ssrc: 1, packets: 1, bytes: 1000, ...ntpOf(wall + fromMs(100)) });
    expect(a.timestamp).toBe((0xffff_0000 + 500.1 * 90_000) % 2 ** 32);
    expect(b.timestamp).toBe(17 + 500.1 * 48_000);
    expect(picture.take(fromMs(1099), wall)).toBeUndefined();
    expect(picture.take(fromMs(1100), wall)).toBeDefined();
  });
});

/** A publisher whose sound and picture start at random ticks; the picture takes `late` longer on its way. */
class Publisher {
  readonly soundBase = 777_777;
  readonly pictureBase = 3_000_000_000;
  readonly late: Micros;

  constructor(late: Micros) {
    this.late = late;
  }

  sound(at: Micros): { ticks: number; arrival: Micros } {
    return { ticks: this.soundBase + toTicks(at, 48_000), arrival: at };
  }

  picture(at: Micros): { ticks: number; arrival: Micros } {
    return { ticks: this.pictureBase + toTicks(at, 90_000), arrival: at + this.late };
  }
}

describe('sound and picture of a publisher', () => {
  /** Media times of both at the same moments; the reports come when `reports` says, in ms. */
  function play(late: Micros, reports: { sound: number; picture: number }) {
    const publisher = new Publisher(late);
    const sync = new ClockSync();
    const sound = sync.track(48_000, true);
    const picture = sync.track(90_000, false);
    const skews: number[] = [];
    const steps: number[] = [];
    let last: Micros | undefined;
    for (let ms = 0; ms < 10_000; ms += 20) {
      const at = fromMs(ms);
      const heard = publisher.sound(at);
      const seen = publisher.picture(at);
      const soundTime = sound.timeOf(heard.ticks, heard.arrival);
      const pictureTime = picture.timeOf(seen.ticks, seen.arrival);
      if (reports.sound === ms) sound.reported(wall + at, publisher.sound(at).ticks);
      if (reports.picture === ms) picture.reported(wall + at, publisher.picture(at).ticks);
      skews.push(pictureTime - soundTime);
      if (last !== undefined) steps.push(pictureTime - last);
      last = pictureTime;
      expect(soundTime).toBe(at);
    }
    return { skews, steps };
  }

  it('are there from the first packet on, and come together without a jump when the reports are there', () => {
    const { skews, steps } = play(fromMs(300), { sound: 1000, picture: 2000 });

    expect(skews[0]).toBe(fromMs(300));
    expect(skews[100]).toBe(fromMs(300));
    expect(Math.abs(skews[250]!)).toBeLessThan(fromMs(40));
    expect(Math.abs(skews.at(-1)!)).toBeLessThan(fromMs(1));
    expect(Math.min(...steps)).toBeGreaterThanOrEqual(fromMs(10));
    expect(Math.max(...steps)).toBeLessThanOrEqual(fromMs(20));
  });

  it('keep the times of the sound, whichever report comes first', () => {
    const { skews, steps } = play(fromMs(-200), { sound: 3000, picture: 500 });

    expect(Math.abs(skews.at(-1)!)).toBeLessThan(fromMs(1));
    expect(Math.max(...steps)).toBeLessThanOrEqual(fromMs(30));
  });

  it('begin with their first packets, not when the first picture is whole', () => {
    const publisher = new Publisher(0);
    const sync = new ClockSync();
    const sound = sync.track(48_000, true);
    const picture = sync.track(90_000, false);
    const [heard, seen] = [publisher.sound(fromMs(20)), publisher.picture(0)];
    picture.seen(seen.ticks, fromMs(30));
    sound.seen(heard.ticks, fromMs(50));
    // The key frame was long, and a part of it lost.
    const soundTime = sound.timeOf(heard.ticks, fromMs(50));
    const pictureTime = picture.timeOf(seen.ticks, fromMs(350));

    expect(soundTime - pictureTime).toBe(fromMs(20));
  });

  it('go to their places at once while no frame has been given', () => {
    const publisher = new Publisher(fromMs(400));
    const sync = new ClockSync();
    const sound = sync.track(48_000, true);
    const picture = sync.track(90_000, false);
    sound.seen(publisher.sound(0).ticks, 0);
    picture.seen(publisher.picture(0).ticks, fromMs(400));
    sound.reported(wall, publisher.sound(0).ticks);
    picture.reported(wall, publisher.picture(0).ticks);

    expect(picture.timeOf(publisher.picture(fromMs(40)).ticks, fromMs(600))).toBe(fromMs(40));
    expect(sound.timeOf(publisher.sound(fromMs(60)).ticks, fromMs(600))).toBe(fromMs(60));
  });

  it('are right from the beginning when the reports come first', () => {
    const publisher = new Publisher(fromMs(400));
    const sync = new ClockSync();
    const sound = sync.track(48_000, true);
    const picture = sync.track(90_000, false);
    sound.reported(wall, publisher.sound(0).ticks);
    picture.reported(wall, publisher.picture(0).ticks);

    const heard = publisher.sound(fromMs(100));
    const seen = publisher.picture(fromMs(100));

    expect(sound.timeOf(heard.ticks, heard.arrival)).toBe(fromMs(100));
    expect(picture.timeOf(seen.ticks, seen.arrival)).toBe(fromMs(100));
  });

  it('do not believe reports of two clocks', () => {
    const publisher = new Publisher(0);
    const sync = new ClockSync();
    const sound = sync.track(48_000, true);
    const picture = sync.track(90_000, false);
    sound.timeOf(publisher.sound(0).ticks, 0);
    picture.timeOf(publisher.picture(0).ticks, 0);
    sound.reported(wall, publisher.sound(0).ticks);
    picture.reported(fromSeconds(12), publisher.picture(0).ticks);

    expect(picture.skew).toBe(0);
  });

  it('begin anew when the sender does', () => {
    const track = new ClockSync().track(90_000, false);
    track.timeOf(1000, fromMs(1));

    expect(track.timeOf(50_000_000, fromMs(50))).toBe(fromMs(50));
    expect(track.timeOf(50_003_000, fromMs(90))).toBe(fromMs(50) + fromTicks(3000, 90_000));
  });
});
