import { describe, expect, it } from 'vitest';
import { fromSeconds } from '../../../../src/core/base/time.ts';
import { type Segment, SegmentStore } from '../../../../src/core/format/hls/index.ts';
import { both, CmafSegmenter, cmafOptions, filled, run, storeLimits, stream } from './media.ts';

const segment = (seconds: number, more: Partial<Segment> = {}): { type: 'segment'; segment: Segment } => ({
  type: 'segment',
  segment: {
    ...{ wall: 0, discontinuity: false, init: undefined, independent: true },
    ...{ bytes: new Uint8Array(1000), duration: fromSeconds(seconds), ...more },
  },
});

const numbers = (store: SegmentStore): number[] => store.listed.map(({ sequence }) => sequence);

describe('a store', () => {
  it('lists what the window needs and no more', () => {
    const store = new SegmentStore({ ...storeLimits, window: fromSeconds(30) });
    for (let i = 0; i < 20; i++) store.add(segment(10));

    expect(numbers(store)).toEqual([17, 18, 19]);
    expect(store.mediaSequence).toBe(17);
  });

  it('keeps at least one segment, however long', () => {
    const store = new SegmentStore({ window: 0, bytes: 1, segments: 1 });
    for (let i = 0; i < 3; i++) store.add(segment(10));

    expect(numbers(store)).toEqual([2]);
    expect(store.bytes).toBe(1000);
  });

  it('counts the discontinuities that have left', () => {
    const store = new SegmentStore({ ...storeLimits, window: fromSeconds(20) });
    for (let i = 0; i < 12; i++) store.add(segment(10, { discontinuity: i % 3 === 0 }));

    expect(numbers(store)).toEqual([10, 11]);
    expect(store.discontinuitySequence).toBe(4);
  });

  it('lets segments linger for as long as the playlist is, then forgets them', () => {
    const store = new SegmentStore({ ...storeLimits, window: fromSeconds(30) });
    for (let i = 0; i < 20; i++) store.add(segment(10));

    expect(store.find(14)).toBeDefined();
    expect(store.find(10)).toBeUndefined();
    expect(store.find(20)).toBeUndefined();
    expect(store.bytes).toBeLessThanOrEqual(7000);
  });

  it('stays within its bytes and its segments', () => {
    const bytes = new SegmentStore({ ...storeLimits, bytes: 5000 });
    const count = new SegmentStore({ ...storeLimits, window: fromSeconds(1000), segments: 5 });
    for (let i = 0; i < 50; i++) {
      bytes.add(segment(1));
      count.add(segment(1));
      expect(bytes.bytes).toBeLessThanOrEqual(5000);
      expect(count.listed.length).toBeLessThanOrEqual(5);
    }
  });

  it('has the parts of the open segment and those of the ones before as views of them', () => {
    const events = run(new CmafSegmenter(cmafOptions), both, stream({ seconds: 5 }));
    const store = filled(events);

    expect(store.nextSequence).toBe(2);
    expect(store.openParts).toBe(4);
    expect(store.findPart(2, 3)).toBeDefined();
    expect(store.findPart(2, 4)).toBeUndefined();
    const whole = store.find(1)!;
    expect(whole.parts).toHaveLength(10);
    for (const { bytes } of whole.parts) expect(bytes.buffer).toBe(whole.bytes.buffer);
    const held = store.listed.reduce((sum, { bytes }) => sum + bytes.length, 0);
    const open = store.open!.parts.reduce((sum, { bytes }) => sum + bytes.length, 0);
    expect(store.bytes).toBe(held + open);
  });

  it('is flat in memory over a day', () => {
    const store = new SegmentStore({ ...storeLimits, window: fromSeconds(60) });
    let most = 0;
    for (let i = 0; i < 43_200; i++) {
      store.add(segment(2));
      most = Math.max(most, store.bytes);
    }

    expect(most).toBeLessThanOrEqual(62_000);
    expect(store.mediaSequence).toBe(43_170);
  });
});
