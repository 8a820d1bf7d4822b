import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../../src/core/base/errors.ts';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import { applyDelta, parsePlaylist, writeSessionMaster } from '../../../../src/core/format/hls/index.ts';
import { damage } from '../../../tools/chop.ts';
import { SeedRng } from '../../../tools/fakes.ts';
import {
  both,
  CmafSegmenter,
  classicText,
  cmafOptions,
  filled,
  lowText,
  parsedMedia,
  run,
  stream,
  TsSegmenter,
  tsOptions,
} from './media.ts';

const codeOf = (text: string): string => {
  try {
    parsePlaylist(text);
    return 'none';
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.code;
  }
};

const ts = filled(run(new TsSegmenter({ ...tsOptions, fragment: fromSeconds(2) }), both, stream({ seconds: 9 })));
const low = filled(run(new CmafSegmenter(cmafOptions), both, stream({ seconds: 41 })));

describe('a written playlist', () => {
  it('has the lines of SRS in their order', () => {
    expect(classicText(ts, fromSeconds(2))).toBe(`#EXTM3U
#EXT-X-VERSION:3
#EXT-X-MEDIA-SEQUENCE:0
#EXT-X-TARGETDURATION:2
#EXT-X-DISCONTINUITY
#EXTINF:2.000, no desc
a-0.ts
#EXTINF:2.000, no desc
a-1.ts
#EXTINF:2.000, no desc
a-2.ts
#EXTINF:2.000, no desc
a-3.ts
`);
  });

  it('of TS is read back as it was meant', () => {
    const playlist = parsedMedia(classicText(ts));

    expect(playlist).toMatchObject({ version: 3, mediaSequence: 0, targetDuration: 10, endList: false, parts: [] });
    expect(playlist.segments.map(({ uri, duration, sequence }) => [uri, duration, sequence])).toEqual(
      ts.listed.map(({ duration, sequence }) => [`a-${sequence}.ts`, duration, sequence]),
    );
    expect(playlist.segments.map(({ discontinuitySequence }) => discontinuitySequence)).toEqual([1, 1, 1, 1]);
  });

  it('of low latency is read back as it was meant', () => {
    const playlist = parsedMedia(lowText(low));

    expect(playlist).toMatchObject({
      ...{ version: 9, targetDuration: 2, partTarget: fromMs(203), skipped: 0, independentSegments: true },
      control: { canBlockReload: true, partHoldBack: fromMs(609), canSkipUntil: fromSeconds(12), holdBack: undefined },
      hints: [{ type: 'PART', uri: `a-${low.nextSequence}.${low.openParts}.m4s` }],
    });
    expect(playlist.segments.map(({ date, parts }) => [date, parts.length])).toEqual(
      low.listed.map(({ wall }, index) => [wall, index < low.listed.length - 3 ? 0 : 10]),
    );
    expect(playlist.parts.map(({ independent }) => independent)).toEqual([true, false, false, false]);
    expect(new Set(playlist.segments.map(({ map }) => map?.uri)).size).toBe(1);
  });

  it('as a delta is the whole one again with the one before', () => {
    const events = run(new CmafSegmenter(cmafOptions), both, stream({ seconds: 41 }));
    const store = filled(events.slice(0, -30));
    const before = parsedMedia(lowText(store));
    for (const event of events.slice(-30)) store.add(event);

    const delta = parsedMedia(lowText(store, { skip: true }));
    const { segments, ...rest } = parsedMedia(lowText(store));
    const joined = applyDelta(before, delta)!;

    expect(delta.skipped).toBeGreaterThan(10);
    const bare = (list: typeof segments) => list.map(({ line: _, parts, ...segment }) => [segment, parts.length]);
    expect(bare(joined.segments)).toEqual(bare(segments));
    expect(joined.mediaSequence).toBe(rest.mediaSequence);
    expect(applyDelta(parsedMedia(classicText(ts)), delta)).toBeUndefined();
    expect(applyDelta(delta, delta)).toBeUndefined();
  });

  it('of a session is a master with one variant', () => {
    expect(parsePlaylist(writeSessionMaster({ uri: '/live/a.m3u8?hls_ctx=x' }))).toMatchObject({
      kind: 'master',
      variants: [{ uri: '/live/a.m3u8?hls_ctx=x', line: 2 }],
    });
  });
});

describe('a read playlist', () => {
  it('may have other line ends, blanks, comments and unknown tags', () => {
    const playlist = parsedMedia(
      '\uFEFF#EXTM3U \r\n\r\n# hello\r\n#EXT-X-NEW:1\r\n#EXT-X-TARGETDURATION: 5\r\n#EXTINF:4.5\r\n  a b.ts  \r\n#EXT-X-ENDLIST',
    );

    expect(playlist).toMatchObject({ targetDuration: 5, endList: true, segments: [{ uri: 'a b.ts', title: '' }] });
  });

  it('knows keys, maps, ranges and gaps', () => {
    const { segments } = parsedMedia(`#EXTM3U
#EXT-X-PLAYLIST-TYPE:EVENT
#EXT-X-KEY:METHOD=AES-128,URI="k,1",IV=0x0F
#EXT-X-MAP:URI="i.mp4",BYTERANGE="10@0"
#EXT-X-BYTERANGE:100@10
#EXTINF:1,
a
#EXT-X-KEY:METHOD=NONE
#EXT-X-BYTERANGE:5
#EXT-X-GAP
#EXTINF:1,
a
#EXT-X-RENDITION-REPORT:URI="x",LAST-MSN=3
`);

    expect(segments[0]).toMatchObject({
      ...{ map: { uri: 'i.mp4', byteRange: { length: 10, offset: 0 } }, byteRange: { length: 100, offset: 10 } },
      key: new Map([
        ['METHOD', 'AES-128'],
        ['URI', 'k,1'],
        ['IV', '0x0F'],
      ]),
    });
    expect(segments[1]).toMatchObject({ key: undefined, gap: true, byteRange: { length: 5, offset: undefined } });
  });

  it.each([
    ['', 'PLAYLIST_HEAD'],
    ['#EXTM3', 'PLAYLIST_HEAD'],
    ['<html>', 'PLAYLIST_HEAD'],
    ['#EXTM3U\na.ts', 'PLAYLIST_LINE'],
    ['#EXTM3U\n#EXTINF:x,\na.ts', 'PLAYLIST_LINE'],
    ['#EXTM3U\n#EXTINF:-1,\na.ts', 'PLAYLIST_LINE'],
    ['#EXTM3U\n#EXTINF:1e9,\na.ts', 'PLAYLIST_LINE'],
    ['#EXTM3U\n#EXTINF:999999999999,\na.ts', 'PLAYLIST_LINE'],
    ['#EXTM3U\n#EXT-X-TARGETDURATION:2.5', 'PLAYLIST_LINE'],
    ['#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:9999999999999999', 'PLAYLIST_LINE'],
    ['#EXTM3U\n#EXT-X-PART:DURATION=1', 'PLAYLIST_LINE'],
    ['#EXTM3U\n#EXT-X-PART:DURATION="1,URI=x', 'PLAYLIST_LINE'],
    ['#EXTM3U\n#EXT-X-MAP:BYTERANGE="1@0"', 'PLAYLIST_LINE'],
    ['#EXTM3U\n#EXT-X-PROGRAM-DATE-TIME:yesterday', 'PLAYLIST_LINE'],
    ['#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\na\n#EXTINF:1,\nb', 'PLAYLIST_MIXED'],
    [`#EXTM3U\n#EXT-X-MEDIA:${Array.from({ length: 102 }, (_, i) => `A${i}=1`).join(',')}`, 'PLAYLIST_SIZE'],
    [`#EXTM3U${'\n'.repeat(400_001)}`, 'PLAYLIST_SIZE'],
    [`#EXTM3U\n${'x'.repeat(16 * 1024 * 1024)}`, 'PLAYLIST_SIZE'],
  ])('that is wrong (case %#) is refused with the code', (text, code) => {
    expect(codeOf(text)).toBe(code);
  });

  it('that is damaged gives ProtocolError and nothing else', () => {
    const rng = new SeedRng(8);
    for (const text of [lowText(low), lowText(low, { skip: true }), classicText(ts)]) {
      const bytes = new TextEncoder().encode(text);
      for (let i = 0; i < 300; i++) codeOf(new TextDecoder().decode(damage(bytes, rng)));
      for (let i = 0; i < bytes.length; i += 97) codeOf(text.slice(0, i));
    }
  });

  const corpus = join(import.meta.dirname, '../../../../../shared/corpora/gohlslib/playlist/FuzzPlaylistUnmarshal');
  it.skipIf(!existsSync(corpus))('that broke another parser does not break this one', () => {
    for (const file of readdirSync(corpus)) codeOf(readFileSync(join(corpus, file), 'utf8'));
  });
});
