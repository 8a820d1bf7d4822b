// Plain files: tables, edit lists, random access; and what their reader makes of nonsense.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concat } from '../../../../src/core/base/bytes.ts';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromMs, fromTicks } from '../../../../src/core/base/time.ts';
import { describeTrack, initSegment, Mp4File, type Mp4Track } from '../../../../src/core/format/fmp4/index.ts';
import { SampleTable, SampleWalk } from '../../../../src/core/format/fmp4/sample-table.ts';
import { TableWriter } from '../../../../src/core/format/fmp4/table-writer.ts';
import { box, fields, fullBox } from '../../../../src/core/format/fmp4/wire.ts';
import type { MediaEvent } from '../../../../src/core/media/demuxer.ts';
import { aacTrack, audio, h264Track, video } from '../../../tools/builders.ts';
import { damage } from '../../../tools/chop.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import {
  both,
  find,
  inMemory,
  ofTrack,
  patched,
  plain,
  program,
  type Read,
  read,
  recorded,
  rootOf,
  sorted,
} from './media.ts';

async function readFile(bytes: Uint8Array, limits = defaultLimits): Promise<Read> {
  const events: MediaEvent[] = [];
  for await (const event of (await Mp4File.open(inMemory(bytes), limits)).events()) events.push(event);
  return sorted(events);
}

const frames = program({ seconds: 2, bFrames: true });
const first = await plain(both, frames, 'first');
const last = await plain(both, frames, 'last');
/** Two samples of more than half the file, both at its start. */
const greedy = [
  ['stsz', 8, Math.floor(last.length * 0.6)],
  ['stsc', 16, 1],
  ['stco', 12, 48],
  ['stco', 16, 48],
].reduce((file, [type, at, value]) => patched(file, String(type), Number(at), Number(value)), last);

const text = ({ frames: some }: Read): unknown[] =>
  some.map(({ track, dts, cts, key, data }) => [track.id, dts, cts, key, data]);

describe('Mp4File', () => {
  it('gives the same frames with the index first or last, and as the streaming demuxer', async () => {
    const whole = await readFile(first);

    expect(whole.frames.length).toBe(frames.length);
    expect(text(await readFile(last))).toEqual(text(whole));
    expect(text(read(first))).toEqual(text(whole));
  });

  it('gives frames in the order of their decode times', async () => {
    const times = (await readFile(last)).frames.map(({ dts }) => dts);

    expect(times).toEqual([...times].sort((a, b) => a - b));
  });

  it('reads fragmented files too', async () => {
    const file = recorded(both, frames);

    expect(text(await readFile(file))).toEqual(text(read(file)));
    expect((await Mp4File.open(inMemory(file))).fragmented).toBe(true);
    expect((await Mp4File.open(inMemory(last))).tracks.map(({ codec }) => codec)).toEqual(['h264', 'aac']);
  });

  it('reads each byte of a large file about once', async () => {
    const big = await plain(
      [h264Track],
      Array.from({ length: 100 }, (_, i) => video({ at: i * 40, key: i === 0, size: 20_000 })),
      'last',
    );
    const file = inMemory(big);

    for await (const _ of (await Mp4File.open(file)).events());

    expect(file.bytesRead).toBeLessThan(big.length * 1.2);
  });

  it.each([
    { name: 'a file without an index', bytes: first.subarray(0, 20), code: 'FMP4_BOX_MISSING' },
    { name: 'a file whose index is cut', bytes: last.subarray(0, last.length - 10), code: 'FMP4_CUT' },
    { name: 'a file whose data is cut', bytes: first.subarray(0, first.length - 10), code: 'FMP4_DATA' },
    { name: 'a sample beyond the end', bytes: patched(last, 'stco', 12, 0xfffffff0), code: 'FMP4_DATA' },
    { name: 'a sample of 4 GiB', bytes: patched(last, 'stsz', 12 + 4, 0xffffffff), code: 'FMP4_SAMPLE_SIZE' },
    { name: 'a table of 2^32 entries', bytes: patched(last, 'stts', 8, 0xffffffff), code: 'FMP4_TABLE' },
    { name: 'a table that is not there', bytes: patched(last, 'stsc', 0, 0x66726565), code: 'FMP4_BOX_MISSING' },
    { name: 'the same bytes again and again', bytes: greedy, code: 'FMP4_TABLE' },
  ])('refuses $name with $code', async ({ bytes, code }) => {
    await expect(readFile(bytes)).rejects.toMatchObject({ code, name: 'ProtocolError' });
  });

  it('answers damage with ProtocolError and nothing else', async () => {
    const rng = new SeedRng(3);
    for (let i = 0; i < 400; i++) {
      // Only the index: damage of the data is damage of frames.
      const index = damage(first.subarray(0, find(first, 'mdat')), rng, 6);
      try {
        await readFile(concat([index, first.subarray(index.length)]));
      } catch (error) {
        expect(error).toBeInstanceOf(ProtocolError);
      }
    }
  });
});

describe('an edit list', () => {
  it('keeps sound and picture together that begin at different times', async () => {
    const shifted = [
      ...ofTrack(frames, h264Track),
      ...Array.from({ length: 40 }, (_, i) => audio({ at: 700 + i * 23.22 })),
    ].sort((a, b) => a.dts - b.dts);
    const got = await readFile(await plain(both, shifted));

    const distance = (
      some: readonly { readonly track: { readonly id: number }; readonly dts: number; readonly cts: number }[],
    ): number => {
      const at = (id: number): number =>
        Math.min(...some.filter(({ track }) => track.id === id).map(({ dts, cts }) => dts + cts));
      return at(aacTrack.id) - at(h264Track.id);
    };
    expect(Math.abs(distance(got.frames) - distance(shifted))).toBeLessThan(25);
  });

  it('moves the first shown picture to the start, with decode times below zero before it', async () => {
    const got = await readFile(await plain([h264Track], ofTrack(frames, h264Track)));

    expect(Math.min(...got.frames.map(({ dts, cts }) => dts + cts))).toBe(0);
    expect(got.frames[0]?.dts).toBe(-fromMs(80));
  });

  it('of version 0 with an empty edit is read as one of version 1', async () => {
    const shifted = [
      ...ofTrack(frames, h264Track),
      ...Array.from({ length: 40 }, (_, i) => audio({ at: 700 + i * 23.22 })),
    ].sort((a, b) => a.dts - b.dts);
    const file = await plain(both, shifted);
    const start = find(file, 'elst', 1) - 4;
    const size = new DataView(file.buffer).getUint32(start);
    // Two seconds of nothing, then the track from its tick 1024.
    const list = fields((w) => w.u32(2).u32(180_000).u32(0xffffffff).u32(0x10000).u32(1).u32(1024).u32(0x10000));
    const short = fullBox('elst', 0, 0, list);
    file.set(concat([short, box('free', new Uint8Array(size - short.length - 8))]), start);

    const sound = ofTrack((await readFile(file)).frames, aacTrack);

    expect(sound[0]?.dts).toBe(2_000_000 - fromTicks(1024, 44_100));
    expect(sound[1]?.dts).toBe(2_000_000);
  });
});

describe('SampleWalk', () => {
  const sample = fc.record({
    gap: fc.integer({ min: 0, max: 5 }),
    offset: fc.integer({ min: -3, max: 3 }),
    key: fc.boolean(),
    size: fc.integer({ min: 0, max: 9 }),
    breaks: fc.boolean(),
  });

  it('gives back what TableWriter was given, in any runs, with 32-bit and 64-bit places', () => {
    fc.assert(
      fc.property(fc.array(sample, { minLength: 1, maxLength: 60, size: 'max' }), fc.boolean(), (samples, wide) => {
        const writer = new TableWriter();
        const sent: unknown[] = [];
        let dts = 0;
        let at = 0;
        let chunkAt = 0;
        let inChunk = 0;
        const dataAt = wide ? 2 ** 33 : 1000;
        for (const [i, { gap, offset, key, size, breaks }] of samples.entries()) {
          writer.add({ dts, duration: samples[i + 1] === undefined ? 7 : gap, offset, key, size });
          sent.push([dts, offset, key, at + dataAt, size]);
          dts += gap;
          at += size;
          inChunk++;
          if (!breaks && i < samples.length - 1) continue;
          writer.chunk(chunkAt, inChunk);
          chunkAt = at += breaks ? 5 : 0;
          inChunk = 0;
        }

        const stbl = rootOf(box('stbl', ...writer.boxes(dataAt, wide))).need('stbl');
        const walk = new SampleWalk(new SampleTable(stbl, 1));

        const got: unknown[] = [];
        for (let next = walk.next(); next !== undefined; next = walk.next()) {
          got.push([next.dts, next.offset, next.key, next.at, next.size]);
        }
        expect(got).toEqual(sent);
      }),
    );
  });

  it('ends with the shortest table', () => {
    const table = (type: string, ...values: number[]): Uint8Array =>
      fullBox(
        type,
        0,
        0,
        fields((w) => values.reduce((writer, value) => writer.u32(value), w)),
      );
    const stbl = (stts: Uint8Array, stsc: Uint8Array): number => {
      const walk = new SampleWalk(
        new SampleTable(
          rootOf(box('stbl', stts, stsc, table('stsz', 1, 0xffffffff), table('stco', 1, 40))).need('stbl'),
          1,
        ),
      );
      let count = 0;
      while (walk.next() !== undefined) count++;
      return count;
    };

    expect(stbl(table('stts', 2, 0, 5, 3, 1), table('stsc', 1, 1, 1000, 1))).toBe(3);
    expect(stbl(table('stts', 1, 0xffffffff, 1), table('stsc', 1, 1, 10, 1))).toBe(10);
    expect(stbl(table('stts', 1, 0xffffffff, 1), table('stsc', 0))).toBe(0);
  });
});

describe('a track', () => {
  it('of a codec that nobody knows is left out', async () => {
    const strange = patched(initSegment(both.map((track) => describeTrack(track) as Mp4Track)), 'avc1', 0, 0x656e6376);

    expect((await Mp4File.open(inMemory(strange))).tracks.map(({ codec }) => codec)).toEqual(['aac']);
  });
});
