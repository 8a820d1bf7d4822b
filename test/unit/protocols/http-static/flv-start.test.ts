import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import type { RandomAccess } from '../../../../src/core/base/link.ts';
import { FlvDemuxer } from '../../../../src/core/format/flv/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import { flvFrom, parseStart } from '../../../../src/core/protocols/http-static/flv-start.ts';
import type { Piece } from '../../../../src/core/protocols/http-static/ranges.ts';
import { live } from '../../../tools/builders.ts';
import { flvFile } from '../http-flv/fakes.ts';

const bytes = flvFile(live({ seconds: 10, size: 500 }));
const access = (of: Uint8Array): RandomAccess => ({
  size: of.length,
  read: async (at, size) => of.slice(at, at + size),
});
const join = (of: Uint8Array, pieces: readonly Piece[]): Uint8Array =>
  concat(pieces.map((piece) => (piece instanceof Uint8Array ? piece : of.subarray(piece.start, piece.end))));
function framesOf(flv: Uint8Array): Frame[] {
  const demuxer = new FlvDemuxer(defaultLimits);
  return [...demuxer.push(flv), ...demuxer.end()].flatMap((event) => (event.type === 'frame' ? [event.frame] : []));
}

/** Places of all tags. */
function tagsOf(flv: Uint8Array): number[] {
  const places: number[] = [];
  for (let at = 13; at < flv.length; ) {
    places.push(at);
    at += 11 + (((flv[at + 1] ?? 0) << 16) | ((flv[at + 2] ?? 0) << 8) | (flv[at + 3] ?? 0)) + 4;
  }
  return places;
}

describe('an FLV from an offset', () => {
  it('has the sequence headers, and everything from the tag that begins there', async () => {
    const places = tagsOf(bytes);
    for (const index of [5, 100, 300, places.length - 1]) {
      const out = join(bytes, (await flvFrom(access(bytes), places[index] as number)) ?? []);
      const wanted = framesOf(bytes).slice(index - 3);
      expect(framesOf(out).map(({ dts, data }) => [dts, data.length])).toEqual(
        wanted.map(({ dts, data }) => [dts, data.length]),
      );
      expect(framesOf(out)[0]?.track.config.length).toBeGreaterThan(0);
    }
  });

  it('in the middle of a tag begins at the next one', async () => {
    const places = tagsOf(bytes);
    const out = join(bytes, (await flvFrom(access(bytes), (places[50] as number) + 7)) ?? []);

    expect(framesOf(out)).toHaveLength(framesOf(bytes).slice(48).length);
  });

  it('in front of the first frame is the whole file', async () => {
    expect(join(bytes, (await flvFrom(access(bytes), 20)) ?? [])).toEqual(bytes);
  });

  it('beyond the end is refused: HTTP_STATIC_START', async () => {
    await expect(flvFrom(access(bytes), bytes.length)).rejects.toMatchObject({ code: 'HTTP_STATIC_START' });
  });

  it('of what is no FLV, or damaged, is what it is', async () => {
    expect(await flvFrom(access(new Uint8Array(1000)), 10)).toBeUndefined();
    const damaged = bytes.slice();
    damaged.fill(0x5a, 5000, 9000);
    await expect(flvFrom(access(damaged), 6000)).resolves.toBeDefined();
    await expect(flvFrom(access(bytes.subarray(0, 14)), 13)).resolves.toBeDefined();
  });
});

it.each([
  ['start=100', 100],
  ['start=1.5', 1.5],
  ['start=0', undefined],
  ['start=', undefined],
  ['start=-1', undefined],
  ['start=1e9', undefined],
  ['start=99999999999999999999', undefined],
  ['', undefined],
])('the query %s begins at %s', (query, start) => {
  expect(parseStart(new URLSearchParams(query))).toBe(start);
});
