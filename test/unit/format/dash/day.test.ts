import { expect, it } from 'vitest';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { DashStore } from '../../../../src/core/format/dash/index.ts';
import { aacTrack, audio, h264Track, video } from '../../../tools/builders.ts';
import { WALL } from '../hls/media.ts';
import { mpd, segmenter } from './media.ts';

// 2^32 ticks of 90 kHz are 13.3 hours, 2^33 are 26.5.
it('27 hours of DASH have no drift and no gap in flat memory', () => {
  const HOURS = 27;
  const made = segmenter();
  const store = new DashStore({ segments: 5, window: 0, bytes: 1e9 });
  const files = new Set<string>();
  const ends = new Map<string, number>();
  made.retrack([h264Track, aacTrack]);
  const sound = 1024 / 44_100;
  let next = 0;
  let most = 0;
  for (let i = 0; i < HOURS * 3600; i++) {
    // A picture and its sound each second are enough to see a drift.
    const at = fromSeconds(i);
    const events = made.write(video({ at: i * 1000, key: i % 2 === 0, size: 20 }), WALL + at);
    for (; next * sound < i + 1; next += 43) {
      events.push(...made.write(audio({ at: Math.round(next * sound * 1000) }), WALL + at));
    }
    for (const event of events) {
      if (event.type !== 'segment') continue;
      const { came, gone } = store.add(event.segment);
      for (const { name } of came) files.add(name);
      for (const { name } of gone) files.delete(name);
    }
    most = Math.max(most, store.bytes);
  }

  expect(store.periods).toHaveLength(1);
  for (const { id, timescale, segments } of store.periods[0]?.representations ?? []) {
    for (const { startTicks, durationTicks } of segments) {
      expect(startTicks, id).toBe(ends.get(id) ?? startTicks);
      ends.set(id, startTicks + durationTicks);
    }
    const end = (ends.get(id) ?? 0) / timescale;
    expect(Math.abs(end - HOURS * 3600)).toBeLessThan(4);
  }
  expect(files.size).toBe(2 + 2 * 10);
  expect(most).toBeLessThan(20_000);
  expect(mpd(store).length).toBeLessThan(4000);
});
