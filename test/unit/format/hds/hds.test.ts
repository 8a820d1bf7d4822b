// Fragments, bootstraps and manifests of HDS, each read by what does not share their code.
import { describe, expect, it } from 'vitest';
import { concat, toHex } from '../../../../src/core/base/bytes.ts';
import { defaultLimits } from '../../../../src/core/base/limits.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { FlvDemuxer } from '../../../../src/core/format/flv/index.ts';
import {
  type Fragment,
  Fragmenter,
  fragmentName,
  namedFragments,
  writeBootstrap,
  writeManifest,
} from '../../../../src/core/format/hds/index.ts';
import type { Frame } from '../../../../src/core/media/frame.ts';
import type { Track } from '../../../../src/core/media/track.ts';
import { aacTrack, audio, h264Track, live } from '../../../tools/builders.ts';
import { readBootstrap } from './read.ts';

const options = { fragment: fromSeconds(2), fragmentBytes: 1e7 };

function fragmentsOf(frames: readonly Frame[], tracks: readonly Track[] = [h264Track, aacTrack], more = {}) {
  const fragmenter = new Fragmenter({ ...options, ...more });
  const got: Fragment[] = [...fragmenter.retrack(tracks)];
  for (const frame of frames) got.push(...fragmenter.write(frame));
  got.push(...fragmenter.end());
  return got;
}

/** The frames of the tags in a fragment, which is one box. */
function framesOf(bytes: Uint8Array): Frame[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  expect(view.getUint32(0)).toBe(bytes.length);
  expect(new TextDecoder().decode(bytes.subarray(4, 8))).toBe('mdat');
  const head = Uint8Array.of(0x46, 0x4c, 0x56, 1, 5, 0, 0, 0, 9, 0, 0, 0, 0);
  const demuxer = new FlvDemuxer(defaultLimits);
  const events = [...demuxer.push(concat([head, bytes.subarray(8)])), ...demuxer.end()];
  return events.flatMap((event) => (event.type === 'frame' ? [event.frame] : []));
}

describe('fragments', () => {
  it('have every frame once, in order, at its time, and begin with a key frame', () => {
    const frames = live({ seconds: 9, gop: 25 });
    const fragments = fragmentsOf(frames);

    const got = fragments.map(({ bytes }) => framesOf(bytes));
    expect(got.flat().map(({ data }) => toHex(data))).toEqual(frames.map(({ data }) => toHex(data)));
    expect(got.map(([first]) => [first?.track.kind, first?.key])).toEqual(got.map(() => ['video', true]));
    expect(fragments.slice(0, -1).map(({ duration }) => duration)).toEqual(Array(4).fill(fromSeconds(2)));
    for (const [index, { start }] of fragments.entries()) {
      expect(start).toBe(fromSeconds(index * 2));
      expect(Math.abs((got[index]?.[0]?.dts ?? 0) - start)).toBeLessThan(fromMs(1));
    }
  });

  it('of sound alone are as long as they shall be', () => {
    const sound = Array.from({ length: 300 }, (_, index) => audio({ at: index * 20 }));

    expect(fragmentsOf(sound, [aacTrack]).map(({ duration }) => duration)).toEqual([
      ...[fromSeconds(2), fromSeconds(2), fromMs(1980)],
    ]);
  });

  it('end at twice their length without a key frame, at their bytes, and at new parameters', () => {
    const endless = fragmentsOf(live({ seconds: 9, gop: 10_000 }));
    expect(endless.map(({ duration }) => Math.floor(duration / 1e6))).toEqual([4, 4, 0]);
    const small = fragmentsOf(live({ seconds: 4, gop: 25 }), undefined, { fragmentBytes: 5000 });
    for (const { bytes } of small) expect(bytes.length).toBeLessThan(6000);
    expect(small.length).toBeGreaterThan(2);

    const fragmenter = new Fragmenter(options);
    fragmenter.retrack([h264Track]);
    const frames = live({ seconds: 1 }).filter(({ track }) => track.kind === 'video');
    for (const frame of frames) fragmenter.write(frame);
    expect(fragmenter.retrack([h264Track])).toEqual([]);
    expect(fragmenter.retrack([{ ...h264Track, epoch: 1 }])).toHaveLength(1);
    expect(fragmenter.end()).toEqual([]);
  });
});

describe('a bootstrap', () => {
  const fragments = [7, 8, 9].map((number) => ({ number, startMs: 2 ** 33 + number, durationMs: 2000 }));

  it('says each fragment, the last one, and the live point', () => {
    const read = readBootstrap(writeBootstrap({ version: 5, fragments, ended: false }));

    expect(read).toEqual({
      ...{ version: 5, live: true, timeScale: 1000, now: 2 ** 33 + 2009, segment: [1, 9] },
      runs: fragments.map(({ number, startMs, durationMs }) => [number, startMs, durationMs]),
      ended: false,
    });
  });

  it('says the end, and may be empty', () => {
    expect(readBootstrap(writeBootstrap({ version: 6, fragments, ended: true })).ended).toBe(true);
    expect(readBootstrap(writeBootstrap({ version: 1, fragments: [], ended: false })).runs).toEqual([]);
  });

  it('names its fragments to the next run; a damaged one names none', () => {
    const bytes = writeBootstrap({ version: 6, fragments, ended: true });

    expect(namedFragments(bytes)).toEqual([7, 8, 9]);
    for (let cut = 0; cut < bytes.length; cut++) expect(namedFragments(bytes.subarray(0, cut))).toEqual([]);
    expect(namedFragments(new Uint8Array(500).fill(0xff))).toEqual([]);
  });
});

it('a manifest names bootstrap, folder and metadata, whatever the stream is called', () => {
  const text = writeManifest({ name: 'a&b <c>', metadata: Uint8Array.of(2, 0, 255) });

  expect(text).toContain('<id>a&amp;b &lt;c&gt;</id>');
  expect(text).toContain('url="a%26b%20%3Cc%3E.abst" id="bootstrap0"');
  expect(text).toContain('<media bitrate="0" url="a%26b%20%3Cc%3E/" bootstrapInfoId="bootstrap0">');
  expect(text).toContain('<metadata>AgD/</metadata>');
  expect(fragmentName(3)).toBe('Seg1-Frag3');
});
