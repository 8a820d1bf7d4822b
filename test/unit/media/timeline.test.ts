// Repair of time stamps.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromMs, fromSeconds } from '../../../src/core/base/time.ts';
import { Timeline } from '../../../src/core/media/timeline.ts';

describe('a timeline', () => {
  it('keeps the times of a publisher that starts near zero', () => {
    const timeline = new Timeline();

    expect([0, 23, 40].map((at) => timeline.repair(0, fromMs(at)))).toEqual([0, fromMs(23), fromMs(40)]);
  });

  it('moves a publisher with big times near zero and keeps the distance of sound and picture', () => {
    const timeline = new Timeline();
    const start = fromSeconds(86_400);

    const video = timeline.repair(0, start);
    const audio = timeline.repair(256, start - fromMs(20));

    expect(video).toBe(fromSeconds(1));
    expect(video - audio).toBe(fromMs(20));
  });

  it('goes on behind the last frame when the next publisher starts from zero', () => {
    const timeline = new Timeline();
    timeline.repair(0, fromSeconds(50));

    timeline.restart();

    expect(timeline.repair(0, 0)).toBe(fromSeconds(50) + fromMs(10));
    expect(timeline.jumps).toBe(0);
  });

  it.each([
    ['forwards', fromSeconds(3600)],
    ['backwards', -fromSeconds(3600)],
  ])('heals a jump %s and keeps the new distance of the tracks', (_, jump) => {
    const timeline = new Timeline();
    const base = fromSeconds(4000);
    timeline.repair(0, base);
    timeline.repair(256, base + fromMs(10));
    const last = timeline.newest as number;

    const video = timeline.repair(0, base + jump);
    const audio = timeline.repair(256, base + jump + fromMs(15));

    expect(video - last).toBe(fromMs(10));
    expect(audio - video).toBe(fromMs(15));
    expect(timeline.jumps).toBe(1);
  });

  it('leaves a pause of a few seconds as it is', () => {
    const timeline = new Timeline();
    timeline.repair(0, 0);

    expect(timeline.repair(0, fromSeconds(8))).toBe(fromSeconds(8));
  });

  it('lifts a small step back to the last time of its track, not of the other', () => {
    const timeline = new Timeline();
    timeline.repair(0, fromMs(100));
    timeline.repair(256, fromMs(60));

    expect(timeline.repair(0, fromMs(90))).toBe(fromMs(100));
    expect(timeline.repair(256, fromMs(80))).toBe(fromMs(80));
    expect(timeline.lifts).toBe(1);
  });

  it('never goes back within a track, whatever comes', () => {
    const step = fc.record({
      track: fc.constantFrom(0, 256),
      dts: fc.integer({ min: -1e12, max: 1e15 }),
      restart: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { size: 'max', maxLength: 300 }), (steps) => {
        const timeline = new Timeline();
        const last = new Map<number, number>();
        for (const { track, dts, restart } of steps) {
          if (restart && dts % 7 === 0) timeline.restart();
          const time = timeline.repair(track, dts);
          expect(time).toBeGreaterThanOrEqual(last.get(track) ?? 0);
          last.set(track, time);
        }
      }),
    );
  });

  it('changes no distance of a well-behaved publisher over 60 days', () => {
    const timeline = new Timeline();
    const hour = fromSeconds(3600);
    let expected: number | undefined;
    for (let at = 0; at < 60 * 24; at++) {
      for (let i = 0; i < 10; i++) {
        const dts = at * fromSeconds(8) + i * fromMs(40) + hour;
        const offset = timeline.repair(0, dts) - dts;
        expected ??= offset;
        expect(offset).toBe(expected);
      }
    }
  });
});

describe('a timeline that repairs less', () => {
  const times = (timeline: Timeline, ...dts: number[]): number[] =>
    dts.map((at) => timeline.repair(0, fromSeconds(at)));

  it('zero: begins each publisher at zero and keeps its jumps', () => {
    const timeline = new Timeline('zero');

    expect(times(timeline, 100, 101, 201, 150)).toEqual([0, 1, 101, 50].map(fromSeconds));
    timeline.restart();
    expect(times(timeline, 7, 8)).toEqual([0, fromSeconds(1)]);
  });

  it('raw: gives the times of the publisher, which may be those of the wall clock', () => {
    const timeline = new Timeline('raw');

    expect(times(timeline, 1_800_000_000, 1_800_000_001)).toEqual([1_800_000_000, 1_800_000_001].map(fromSeconds));
    timeline.restart();
    expect(times(timeline, 5)).toEqual([fromSeconds(5)]);
  });

  it.each(['zero', 'raw'] as const)('%s: lifts small steps back within a track', (mode) => {
    const timeline = new Timeline(mode);

    expect(times(timeline, 0, 2, 1)).toEqual([0, fromSeconds(2), fromSeconds(2)]);
    expect(timeline.lifts).toBe(1);
  });
});

it('of a publisher that says so keeps its times as they are, until the next publisher', () => {
  const timeline = new Timeline();
  const wall = fromSeconds(1_700_000_000);
  const before = timeline.repair(0, wall);

  timeline.keep();
  const kept = [wall + fromMs(40), wall + fromSeconds(60)].map((at) => timeline.repair(0, at));
  timeline.restart();
  const next = timeline.repair(0, 0);

  expect(before).toBe(fromSeconds(1));
  expect(kept).toEqual([wall + fromMs(40), wall + fromSeconds(60)]);
  expect(next).toBe(wall + fromSeconds(60) + fromMs(10));
});
