// Compares what a player got with what was published: every frame once, in order, with the same distances in time.
import { expect } from 'vitest';
import type { CopiedFrame } from './interop.ts';

/**
 * `got` must be a run of `source` without a hole, stream by stream, beginning within the first `lateBy` frames and lacking
 * at most `endsBefore` at its end; the distance of each frame to its original must be the same for all of both streams to
 * `withinMs`, a millisecond.
 */
export function expectSameFrames(
  got: readonly CopiedFrame[],
  source: readonly CopiedFrame[],
  { lateBy = 0, endsBefore = 0, withinMs = 1 }: { lateBy?: number; endsBefore?: number; withinMs?: number } = {},
): void {
  const streams = [...new Set(source.map((frame) => frame.stream))];
  const offsets = new Set<number>();
  for (const stream of streams) {
    const wanted = source.filter((frame) => frame.stream === stream);
    const index = new Map(wanted.map((frame, position) => [frame.hash, position]));
    // Players may number the streams the other way round; the first frame known tells which it is.
    const outStream = got.find((frame) => index.has(frame.hash))?.stream;
    const seen = got.filter((frame) => frame.stream === outStream);
    const first = index.get(seen[0]?.hash ?? '') ?? -1;
    expect(first, `stream ${stream}: the first frame is one of the source`).toBeGreaterThanOrEqual(0);
    expect(first, `stream ${stream}: starts early enough`).toBeLessThanOrEqual(lateBy);
    expect(wanted.length - first - seen.length, `stream ${stream}: nothing is missing at the end`).toBeLessThanOrEqual(
      endsBefore,
    );
    expect(
      seen.map((frame) => frame.hash),
      `stream ${stream}: every frame once and in order`,
    ).toEqual(wanted.slice(first, first + seen.length).map((frame) => frame.hash));
    for (let i = 0; i < seen.length; i++) {
      const [mine, theirs] = [seen[i] as CopiedFrame, wanted[first + i] as CopiedFrame];
      offsets.add(mine.dtsMs - theirs.dtsMs);
      expect(mine.ptsMs - mine.dtsMs, `stream ${stream}, frame ${i}: composition time`).toBe(
        theirs.ptsMs - theirs.dtsMs,
      );
    }
  }
  const spread = Math.max(...offsets) - Math.min(...offsets);
  expect(spread, 'the distance of sound and picture is that of the source').toBeLessThanOrEqual(withinMs);
}
