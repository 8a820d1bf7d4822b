// Sound and picture in the order of their times.
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../../src/core/media/frame.ts';
import { Interleaver } from '../../../src/core/media/interleave.ts';
import { audio, video } from '../../tools/builders.ts';

const shown = (frames: readonly Frame[]): string[] => frames.map(({ track, dts }) => `${track.kind[0]}${dts / 1000}`);
const pushAll = (interleaver: Interleaver, frames: readonly Frame[]): string[] =>
  frames.flatMap((frame) => shown(interleaver.push(frame)));

describe('an interleaver', () => {
  it('puts sound that comes late where it belongs', () => {
    const interleaver = new Interleaver();
    const frames = [...[0, 40, 80].map((at) => video({ at })), ...[10, 30, 50, 90].map((at) => audio({ at }))];

    expect(pushAll(interleaver, frames)).toEqual(['v0', 'a10', 'a30', 'v40', 'a50', 'v80']);
    expect(shown(interleaver.flush())).toEqual(['a90']);
  });

  it('keeps the order of frames of one time', () => {
    const interleaver = new Interleaver();

    expect(pushAll(interleaver, [video({ at: 0 }), audio({ at: 0 })])).toEqual(['v0']);
    expect(shown(interleaver.flush())).toEqual(['a0']);
  });

  it('takes ten frames of one kind for a stream of only that kind', () => {
    const interleaver = new Interleaver();
    const frames = Array.from({ length: 12 }, (_, i) => audio({ at: i * 20 }));

    expect(pushAll(interleaver, frames)).toEqual(['a0', 'a20', 'a40']);
  });

  it('holds a bounded number back whatever comes', () => {
    const interleaver = new Interleaver();
    let held = 0;
    for (let i = 0; i < 10_000; i++) held += 1 - interleaver.push(video({ at: i })).length;

    expect(held).toBeLessThan(10);
  });
});
