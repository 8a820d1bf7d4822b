// HLS in both forms with other people's players: every frame of the source arrives once, in order, at its time.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MediaPlaylist, PlaylistFinding } from '../../src/core/format/hls/index.ts';
import { parsePlaylist, validatePlaylist, validateReload, validateUpdate } from '../../src/core/format/hls/index.ts';
import { analyseTs, tsFaults } from '../../src/core/format/ts/index.ts';
import { createEngine, protocols, relay, silentLog } from '../../src/core/index.ts';
import {
  type Child,
  type CopiedFrame,
  describeWith,
  ended,
  parseFrameMd5,
  run,
  scratchFolder,
  sources,
  start,
  testServer,
  until,
} from '../tools/interop.ts';

const server = await testServer({
  mergeWindowMs: 0,
  hls: { classic: true, lowLatency: true, fragment: 2_000_000, window: 60_000_000 },
});
const folder = await scratchFolder();
let count = 0;

const publish = (source: string, stream: string): Child =>
  start('ffmpeg', [
    '-loglevel',
    'error',
    '-re',
    '-i',
    source,
    '-map',
    '0',
    '-c',
    'copy',
    '-f',
    'flv',
    `${server.rtmp}/live/${stream}`,
  ]);

/** What each form gets: TS has start codes and ADTS, which ffmpeg takes away and puts on. */
const forms = [
  { name: 'classic', extension: 'm3u8', video: 'filter_units=remove_types=7|8|9', sound: 'aac_adtstoasc' },
  {
    name: 'low-latency',
    extension: 'll.m3u8',
    video: 'h264_mp4toannexb,filter_units=remove_types=7|8|9',
    sound: 'null',
  },
] as const;
const sourceFilters = { video: 'h264_mp4toannexb,filter_units=remove_types=7|8|9', sound: 'null' };

/** Every packet by ffmpeg, parameter sets left out and units behind start codes. */
async function frames(
  input: readonly string[],
  { video, sound }: { video: string; sound: string },
  kinds: string,
): Promise<CopiedFrame[]> {
  const all: CopiedFrame[] = [];
  for (const [stream, kind] of [...kinds].entries()) {
    const filter = kind === 'v' ? video : sound;
    const args = ['-v', 'error', '-copyts', ...input, '-map', `0:${kind}`, '-c', 'copy', `-bsf:${kind}`, filter];
    for (const frame of parseFrameMd5(await run('ffmpeg', [...args, '-f', 'framemd5', '-'])))
      all.push({ ...frame, stream });
  }
  return all;
}

/**
 * Every frame of the source once and in order, with distances in time that differ by at most `spreadMs`: TS gives sound
 * that shares a PES packet one time stamp, from which ffmpeg counts on.
 */
function expectAll(got: readonly CopiedFrame[], sent: readonly CopiedFrame[], spreadMs: number): void {
  for (const stream of new Set(sent.map((frame) => frame.stream))) {
    const [mine, theirs] = [got, sent].map((all) => all.filter((frame) => frame.stream === stream)) as [
      CopiedFrame[],
      CopiedFrame[],
    ];
    expect(mine.map(({ hash }) => hash)).toEqual(theirs.map(({ hash }) => hash));
  }
  const offsets = got.map(({ ptsMs }, index) => ptsMs - (sent[index]?.ptsMs ?? 0));
  expect(Math.max(...offsets) - Math.min(...offsets)).toBeLessThanOrEqual(spreadMs);
}

/** From the oldest segment to the end: it is over when the playlist has not changed three times. */
const fromStart = (url: string): string[] => ['-live_start_index', '0', '-m3u8_hold_counters', '3', '-i', url];

const cases = [
  { name: 'H.264 and AAC', source: sources.h264Aac, kinds: 'va', mp3: false },
  { name: 'H.264 with B-frames and AAC', source: sources.bFrames, kinds: 'va', mp3: false },
  { name: 'H.264 and MP3', source: sources.h264Mp3, kinds: 'va', mp3: true },
  { name: 'H.264 alone', source: sources.videoOnly, kinds: 'v', mp3: false },
  { name: 'AAC alone', source: sources.audioOnly, kinds: 'a', mp3: false },
] as const;

describeWith(['ffmpeg'], 'ffmpeg', () => {
  describe.each(cases)('plays $name', ({ source, kinds, mp3 }) => {
    const stream = `s${count++}`;
    beforeAll(async () => ended(publish(await source(), stream), 20_000), 40_000);
    it.each(forms)('$name', { timeout: 60_000 }, async ({ name, extension, video, sound }) => {
      const file = await source();
      const url = `${server.http}/live/${stream}.${extension}`;
      const got = await frames(fromStart(url), { video, sound: mp3 ? 'null' : sound }, kinds);

      const sent = await frames(['-i', file], sourceFilters, kinds);
      // ffmpeg's HLS reader gives the first two frames of sound alone one time; of the same bytes in a file it does not.
      expectAll(got, sent, name === 'classic' ? (kinds === 'a' ? 24 : 2) : 1);
    });
  });

  it('plays while the stream is live, from wherever it joins', { timeout: 60_000 }, async () => {
    const publisher = publish(await sources.bFrames(), 'now');
    await until(
      'a segment',
      () => (server.host.hub.find({ vhost: '__defaultVhost__', app: 'live', stream: 'now' })?.frames.video ?? 0) > 60,
    );
    const got = await Promise.all(
      forms.map(({ extension, video, sound }) =>
        frames(fromStart(`${server.http}/live/now.${extension}`), { video, sound }, 'v'),
      ),
    );
    await publisher;

    const sent = await frames(['-i', await sources.bFrames()], sourceFilters, 'v');
    for (const frames of got) expectAll(frames, sent, 2);
  });
});

/** A player that takes every update of a low-latency playlist by blocking, and every hinted part. */
async function follow(stream: string): Promise<{ findings: PlaylistFinding[]; delaysMs: number[]; playlists: number }> {
  const findings: PlaylistFinding[] = [];
  const delaysMs: number[] = [];
  const base = `${server.http}/live/${stream}.ll.m3u8?hls_ctx=follow`;
  const load = async (query: string): Promise<MediaPlaylist> => {
    const answer = await fetch(base + query);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${answer.status} ${text}`);
    const playlist = parsePlaylist(text);
    if (playlist.kind !== 'media') throw new Error('not a media playlist');
    return playlist;
  };
  let playlist = await load('');
  let playlists = 0;
  while (playlist.hints.length > 0) {
    const { mediaSequence, segments, parts, hints } = playlist;
    const asked = { msn: mediaSequence + segments.length, part: parts.length };
    const part = fetch(new URL(hints[0]?.uri ?? '', base)).then((answer) => answer.arrayBuffer());
    const next = await load(`&_HLS_msn=${asked.msn}&_HLS_part=${asked.part}`).catch(() => undefined);
    if (next === undefined) break;
    const wall = Date.now();
    expect((await part).byteLength).toBeGreaterThan(100);
    findings.push(...validatePlaylist(next), ...validateUpdate(playlist, next), ...validateReload(asked, next));
    // The date of the first frame of the newest part: how old it is when the player learns of it.
    const segment = next.segments.find(({ sequence }) => sequence === asked.msn);
    const last = next.segments.at(-1);
    const open = (last?.date ?? 0) + (last?.duration ?? 0);
    const begin = segment?.date ?? open;
    const before = (segment?.parts ?? next.parts).slice(0, asked.part).reduce((sum, one) => sum + one.duration, 0);
    delaysMs.push(wall - (begin + before) / 1000);
    playlist = next;
    playlists++;
  }
  return { findings, delaysMs, playlists };
}

/** ffmpeg 5.1 cannot publish these: our own relay does, by Enhanced RTMP. */
const engine = createEngine({ log: silentLog });
afterAll(() => engine.close());

/** The SEI of x265 stands in hvcC, from where ffmpeg puts it in front of each key frame. */
const bareHevc = 'filter_units=remove_types=32-35|39';
const enhanced = [
  {
    name: 'HEVC and AAC',
    stream: 'hevc',
    source: sources.hevcAac,
    video: `hevc_mp4toannexb,${bareHevc}`,
    ts: bareHevc,
  },
  { name: 'AV1 and Opus', stream: 'av1', source: sources.av1Opus, video: 'null', ts: undefined },
] as const;

describeWith(['ffmpeg'], 'ffmpeg, with what Enhanced RTMP brings,', () => {
  it.each(enhanced)('plays $name', { timeout: 60_000 }, async ({ stream, source, video, ts }) => {
    const from = await source();
    const signal = new AbortController().signal;
    await relay(engine.host, protocols, { from, to: `${server.rtmp}/live/${stream}`, pace: 'realtime', signal });

    const sent = await frames(['-i', from], { video, sound: 'null' }, 'va');
    const low = await frames(fromStart(`${server.http}/live/${stream}.ll.m3u8`), { video, sound: 'null' }, 'va');
    expectAll(low, sent, 1);
    if (ts === undefined) return;
    const url = `${server.http}/live/${stream}.m3u8`;
    expectAll(await frames(fromStart(url), { video: ts, sound: 'aac_adtstoasc' }, 'va'), sent, 2);
  });
});

describeWith(['ffmpeg', 'gst-launch-1.0'], 'GStreamer', () => {
  it('gets every picture of both forms', { timeout: 60_000 }, async () => {
    await ended(publish(await sources.bFrames(), 'gst'), 20_000);

    for (const { name, extension } of forms) {
      // A live playlist has no end: it is killed when it has said all.
      const url = `${server.http}/live/gst.${extension}`;
      const pipe = 'parsebin name=p p. ! video/x-h264 ! identity silent=false ! fakesink sync=false';
      const said = await run('sh', [
        '-c',
        `timeout 15 gst-launch-1.0 -v souphttpsrc location=${url} ! hlsdemux ! ${pipe} || true`,
      ]);
      const chain = said.split('\n').filter((line) => line.includes('last-message = chain')).length;
      // The demuxer of TS holds the last picture until another one follows.
      expect(150 - chain, name).toBeLessThanOrEqual(name === 'classic' ? 1 : 0);
    }
  });
});

describeWith(['ffmpeg'], 'our validator', () => {
  it('passes on every update of a live low-latency playlist, which come at once', { timeout: 60_000 }, async () => {
    const publisher = publish(await sources.h264Aac(), 'valid');
    await until(
      'the stream',
      () => server.host.hub.find({ vhost: '__defaultVhost__', app: 'live', stream: 'valid' })?.published === true,
    );
    const { findings, delaysMs, playlists } = await follow('valid');
    await publisher;

    expect(findings).toEqual([]);
    expect(playlists).toBeGreaterThan(10);
    const sorted = delaysMs.sort((a, b) => a - b);
    const [median, worst] = [sorted[sorted.length >> 1] as number, sorted.at(-1) as number];
    if (process.env['SRSX_FIGURES'] !== undefined)
      console.log(
        `part known ${median.toFixed(0)} ms after its first frame, worst ${worst.toFixed(0)} ms, of ${playlists}`,
      );
    // 200 ms of a part, the frame behind it, and the way.
    expect(median).toBeLessThan(1000);
  });

  it('and the analyser of TR 101 290 pass on the classic one and its segments', { timeout: 60_000 }, async () => {
    await ended(publish(await sources.bFrames(), 'ts'), 20_000);
    const text = await (await fetch(`${server.http}/live/ts.m3u8?hls_ctx=x`)).text();
    const playlist = parsePlaylist(text);

    expect(playlist.kind === 'media' ? validatePlaylist(playlist) : undefined).toEqual([]);
    const bytes: Buffer[] = [];
    for (const { uri } of playlist.kind === 'media' ? playlist.segments : []) {
      bytes.push(Buffer.from(await (await fetch(new URL(uri, `${server.http}/live/`))).arrayBuffer()));
    }
    expect(bytes.length).toBe(3);
    for (const segment of bytes) expect(tsFaults(analyseTs(segment))).toEqual([]);
    expect(tsFaults(analyseTs(Buffer.concat(bytes)))).toEqual([]);
    await writeFile(join(folder, 'all.ts'), Buffer.concat(bytes));
    expect(await run('ffmpeg', ['-v', 'warning', '-xerror', '-i', join(folder, 'all.ts'), '-f', 'null', '-'])).toBe('');
  });
});
