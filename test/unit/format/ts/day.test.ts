// A day of stream time across the wrap of 33 bits, which comes after 26.5 hours.
import { expect, it } from 'vitest';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { TsAnalyser, TsDemuxer, TsMuxer, tsFaults } from '../../../../src/core/format/ts/index.ts';
import { TIME_RANGE, timeOf } from '../../../../src/core/format/ts/wire.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { aacTrack, h264Track } from '../../../tools/builders.ts';
import { aacFrame, both, picture } from './media.ts';

const HOUR = 3600;

/** Every `step` seconds a picture and a frame of sound, whose times differ from each other. */
function* day(start: number, hours: number, step: number): Generator<Frame> {
  for (let at = start; at < start + hours * HOUR; at += step) {
    const cts = at % (3 * step) === 0 ? 80 : 0;
    yield picture({ at: at * 1000, key: true, cts });
    yield aacFrame(at * 1000 + 11);
  }
}

it('has no drift, no gap and no growing memory over 24 hours and the wrap', () => {
  const muxer = new TsMuxer();
  const demuxer = new TsDemuxer(defaultLimits);
  const analyser = new TsAnalyser();
  muxer.header(both);
  const waiting: Frame[] = [];
  let compared = 0;
  let most = 0;
  let held = 0;
  // From hour 8 to hour 32: the wrap lies inside.
  for (const frame of day(8 * HOUR, 24, 5)) {
    waiting.push(frame);
    for (const { chunks } of muxer.write(frame)) {
      for (const chunk of chunks) {
        analyser.push(chunk);
        for (const event of demuxer.push(chunk)) {
          if (event.type !== 'frame') continue;
          const index = waiting.findIndex(({ track }) => track.id === event.frame.track.id);
          const [sent] = waiting.splice(index, 1) as [Frame];
          const error = event.frame.dts + event.frame.cts - sent.dts - sent.cts - fromSeconds(1);
          if (Math.abs(error) > 12) throw new Error(`${error} µs at ${sent.dts}`);
          compared++;
        }
      }
    }
    most = Math.max(most, waiting.length);
    held = Math.max(held, demuxer.heldBytes);
  }

  expect(compared).toBeGreaterThan(2 * 24 * 720 - 4);
  expect(most).toBeLessThanOrEqual(4);
  expect(held).toBeLessThan(4096);
  expect(timeOf(TIME_RANGE)).toBeLessThan(fromSeconds(32 * HOUR));
  expect(demuxer.report).toMatchObject({ continuityErrors: 0, discontinuities: 0, damagedPes: 0, droppedFrames: 0 });
  // Pictures are 5 s apart here, which the indicators of time stamps do not like; everything else is clean.
  expect(tsFaults({ ...analyser.indicators, ptsErrors: 0 })).toEqual([]);
  expect(analyser.indicators.lateUnits).toBe(0);
  expect([h264Track.id, aacTrack.id]).toEqual([0, 256]);
});
