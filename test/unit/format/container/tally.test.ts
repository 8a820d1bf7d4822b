import { describe, expect, it } from 'vitest';
import { tallied } from '../../../../src/core/format/container/index.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';

describe('a tally', () => {
  it('tells what has grown in a call, in the order of its names, and nothing else', () => {
    const counts = { a: 5, b: 0, c: 0 };
    const told: string[] = [];
    const events: MediaEvent[] = [];
    const step = (c: number, b: number) => {
      counts.c += c;
      counts.b += b;
      return events;
    };
    let next = (): MediaEvent[] => events;
    const demuxer = tallied(
      { push: () => next(), end: () => step(0, 1) },
      {
        names: ['a', 'b', 'c'],
        count: (name) => counts[name],
        onBad: (name) => told.push(name),
      },
    );
    expect(demuxer.push(new Uint8Array(1))).toBe(events);
    expect(told, 'what was counted before').toEqual([]);
    next = () => step(3, 2);
    demuxer.push(new Uint8Array(1));
    expect(told).toEqual(['b', 'c']);
    next = () => step(1, 0);
    demuxer.push(new Uint8Array(1));
    expect(told).toEqual(['b', 'c', 'c']);
    demuxer.end();

    expect(told).toEqual(['b', 'c', 'c', 'b']);
    expect(demuxer.promised()).toEqual([]);
  });
});
