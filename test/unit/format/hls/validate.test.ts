import { describe, expect, it } from 'vitest';
import { fromMs, fromSeconds } from '../../../../src/core/base/time.ts';
import {
  type MediaPlaylist,
  type PlaylistFinding,
  SegmentStore,
  validatePlaylist,
  validateReload,
  validateUpdate,
} from '../../../../src/core/format/hls/index.ts';
import {
  both,
  CmafSegmenter,
  classicText,
  cmafOptions,
  lowText,
  parsedMedia,
  run,
  type Segmenter,
  type StreamShape,
  storeLimits,
  stream,
  TsSegmenter,
  tsOptions,
} from './media.ts';

const rules = (findings: readonly PlaylistFinding[]): string[] => [...new Set(findings.map(({ rule }) => rule))];

/** Every playlist that a player could load, with all that follow each other judged. */
function judge(segmenter: Segmenter, shape: StreamShape, text: (store: SegmentStore) => string): PlaylistFinding[] {
  const store = new SegmentStore({ ...storeLimits, window: fromSeconds(20) });
  const findings: PlaylistFinding[] = [];
  let before: MediaPlaylist | undefined;
  for (let life = 0; life < 3; life++) {
    for (const event of [...run(segmenter, both, stream(shape)), ...segmenter.end()]) {
      store.add(event);
      if (store.listed.length === 0) continue;
      const playlist = parsedMedia(text(store));
      findings.push(...validatePlaylist(playlist));
      if (before !== undefined) findings.push(...validateUpdate(before, playlist));
      before = playlist;
    }
  }
  return findings;
}

describe('the validator passes', () => {
  it.each([
    { seconds: 30, fps: 25, gop: 50 },
    { seconds: 30, fps: 30, gop: 60 },
    { seconds: 30, fps: 29.97, gop: 60 },
    { seconds: 30, fps: 24, gop: 48 },
  ])('our playlists of $fps frames a second, over three publications', (shape) => {
    const classic = judge(new TsSegmenter({ ...tsOptions, fragment: fromSeconds(2) }), shape, (store) =>
      classicText(store, fromSeconds(2)),
    );
    const segmenter = new CmafSegmenter(cmafOptions);
    const partTarget = shape.fps === 24 ? fromMs(212) : fromMs(204);
    const low = judge(segmenter, shape, (store) => lowText(store, { partTarget }));

    expect(classic).toEqual([]);
    expect(low).toEqual([]);
  });

  it('our delta updates', () => {
    const store = new SegmentStore(storeLimits);
    const findings: PlaylistFinding[] = [];
    let before: MediaPlaylist | undefined;
    for (const event of run(new CmafSegmenter(cmafOptions), both, stream({ seconds: 41 }))) {
      store.add(event);
      if (store.listed.length === 0) continue;
      const delta = parsedMedia(lowText(store, { skip: true }));
      if (before !== undefined) findings.push(...validateUpdate(before, delta), ...validatePlaylist(delta));
      before = parsedMedia(lowText(store));
    }

    expect(findings).toEqual([]);
  });
});

const good = `#EXTM3U
#EXT-X-VERSION:9
#EXT-X-TARGETDURATION:2
#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,CAN-SKIP-UNTIL=12
#EXT-X-PART-INF:PART-TARGET=0.5
#EXT-X-MEDIA-SEQUENCE:10
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="i.mp4"
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z
#EXTINF:2.000,
10.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:02.000Z
#EXTINF:2.000,
11.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:04.000Z
#EXT-X-PART:DURATION=0.500,URI="12.0.m4s",INDEPENDENT=YES
#EXT-X-PART:DURATION=0.500,URI="12.1.m4s"
#EXT-X-PART:DURATION=0.500,URI="12.2.m4s"
#EXT-X-PART:DURATION=0.500,URI="12.3.m4s"
#EXTINF:2.000,
12.m4s
#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:06.000Z
#EXT-X-PART:DURATION=0.500,URI="13.0.m4s",INDEPENDENT=YES
#EXT-X-PRELOAD-HINT:TYPE=PART,URI="13.1.m4s"
`;

describe('the validator catches', () => {
  it('nothing in a good playlist', () => {
    expect(validatePlaylist(parsedMedia(good))).toEqual([]);
  });

  it.each([
    ['target-missing', '#EXT-X-TARGETDURATION:2\n', ''],
    ['segment-too-long', '#EXTINF:2.000,\n10.m4s', '#EXTINF:2.500,\n10.m4s'],
    ['version', '#EXT-X-VERSION:9', '#EXT-X-VERSION:5'],
    ['part-inf-missing', '#EXT-X-PART-INF:PART-TARGET=0.5\n', ''],
    ['part-too-long', 'DURATION=0.500,URI="12.1', 'DURATION=0.600,URI="12.1'],
    ['part-too-short', 'DURATION=0.500,URI="12.1', 'DURATION=0.400,URI="12.1'],
    ['parts-sum', '#EXTINF:2.000,\n12', '#EXTINF:1.900,\n12'],
    ['part-hold-back-missing', ',PART-HOLD-BACK=1.5', ''],
    ['part-hold-back', 'PART-HOLD-BACK=1.5', 'PART-HOLD-BACK=0.9'],
    ['part-hold-back', 'PART-HOLD-BACK=1.5', 'PART-HOLD-BACK=1.2'],
    ['hold-back', 'PART-HOLD-BACK=1.5', 'PART-HOLD-BACK=1.5,HOLD-BACK=5'],
    ['can-skip-until', 'CAN-SKIP-UNTIL=12', 'CAN-SKIP-UNTIL=11'],
    ['not-independent', 'URI="12.0.m4s",INDEPENDENT=YES', 'URI="12.0.m4s"'],
    ['hint-listed', 'TYPE=PART,URI="13.1.m4s"', 'TYPE=PART,URI="13.0.m4s"'],
    ['hint-after-end', '#EXT-X-PRELOAD', '#EXT-X-ENDLIST\n#EXT-X-PRELOAD'],
    ['date', '00:00:04.000Z', '00:00:14.000Z'],
    ['map-without-discontinuity', '#EXTINF:2.000,\n12', '#EXT-X-MAP:URI="j.mp4"\n#EXTINF:2.000,\n12'],
  ])('%s', (rule, from, to) => {
    expect(good).toContain(from);

    expect(rules(validatePlaylist(parsedMedia(good.replace(from, to))))).toContain(rule);
  });

  const next = good
    .replace('SEQUENCE:10', 'SEQUENCE:11')
    .replace('#EXT-X-PROGRAM-DATE-TIME:2026-01-01T00:00:00.000Z\n#EXTINF:2.000,\n10.m4s\n', '')
    .replace(
      '#EXT-X-PRELOAD-HINT:TYPE=PART,URI="13.1',
      '#EXT-X-PART:DURATION=1.500,URI="13.1.m4s"\n#EXTINF:2.000,\n13.m4s\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI="14.0',
    );

  it('nothing in a good update', () => {
    expect(validateUpdate(parsedMedia(good), parsedMedia(next))).toEqual([]);
  });

  it.each([
    ['target-changed', next.replace('TARGETDURATION:2', 'TARGETDURATION:3')],
    ['sequence-back', good.replace('SEQUENCE:10', 'SEQUENCE:9')],
    ['segments-lost', good.replace('#EXTINF:2.000,\n12.m4s\n', '')],
    ['segment-changed', next.replace('\n11.m4s', '\nb.m4s')],
    ['segment-changed', next.replace('#EXTINF:2.000,\n11', '#EXTINF:1.900,\n11')],
    ['segment-changed', next.replace('#EXTINF:2.000,\n11', '#EXT-X-DISCONTINUITY\n#EXTINF:2.000,\n11')],
    ['part-changed', next.replace('13.0.m4s', 'x.m4s')],
    ['discontinuity-sequence', next.replace('#EXT-X-INDEP', '#EXT-X-DISCONTINUITY-SEQUENCE:1\n#EXT-X-INDEP')],
    ['too-few', next.replace('SEQUENCE:11', 'SEQUENCE:12').replace('#EXTINF:2.000,\n11.m4s\n', '')],
    ['skip', next.replace('#EXTINF:2.000,\n11.m4s', '#EXT-X-SKIP:SKIPPED-SEGMENTS=1')],
    ['skip', next.replace('#EXTINF:2.000,\n11.m4s', '#EXT-X-SKIP:SKIPPED-SEGMENTS=9')],
  ])('%s in an update', (rule, after) => {
    expect(rules(validateUpdate(parsedMedia(good), parsedMedia(after)))).toContain(rule);
  });

  it('a blocking reload that comes too early', () => {
    const playlist = parsedMedia(good);

    expect(validateReload({ msn: 12 }, playlist)).toEqual([]);
    expect(validateReload({ msn: 13, part: 0 }, playlist)).toEqual([]);
    expect(rules(validateReload({ msn: 13, part: 1 }, playlist))).toEqual(['blocking-reload']);
    expect(rules(validateReload({ msn: 13 }, playlist))).toEqual(['blocking-reload']);
  });
});
