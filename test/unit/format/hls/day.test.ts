import { expect, it } from 'vitest';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { SegmentStore } from '../../../../src/core/format/hls/index.ts';
import { aacTrack, audio, h264Track, video } from '../../../tools/builders.ts';
import {
  both,
  CmafSegmenter,
  cmafOptions,
  type Segmenter,
  storeLimits,
  TsSegmenter,
  tsOptions,
  WALL,
} from './media.ts';

const HOURS = 27;

it.each([
  ['classic', () => new TsSegmenter({ ...tsOptions, fragment: fromSeconds(10) })],
  ['low-latency', () => new CmafSegmenter({ ...cmafOptions, fragment: fromSeconds(10) })],
] as [string, () => Segmenter][])(
  '27 hours of a %s stream, over the wrap of 33 bits, have no drift and no gap in flat memory',
  (_, make) => {
    const segmenter = make();
    const store = new SegmentStore(storeLimits);
    let total = 0;
    let most = 0;
    const take = (events: ReturnType<Segmenter['end']>): void => {
      for (const event of events) {
        store.add(event);
        most = Math.max(most, store.bytes);
        if (event.type !== 'segment') continue;
        expect(event.segment.wall - WALL).toBe(total);
        total += event.segment.duration;
      }
    };
    take(segmenter.retrack(both));
    for (let second = 0; second < HOURS * 3600; second++) {
      const at = second * 1000;
      take(segmenter.write(video({ at, key: second % 10 === 0, track: h264Track }), WALL + at * 1000));
      take(segmenter.write(audio({ at, track: aacTrack }), WALL + at * 1000));
    }
    take(segmenter.end());

    expect(total).toBe(fromSeconds(HOURS * 3600));
    expect(store.nextSequence).toBe(HOURS * 360);
    expect(store.listed.length).toBeLessThanOrEqual(7);
    expect(most).toBeLessThan(store.bytes * 2);
  },
);
