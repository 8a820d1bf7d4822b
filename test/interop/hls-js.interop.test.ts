/// <reference lib="dom" />
// HLS by hls.js in Chromium: the classic form, and the low-latency one, whose delay is measured with the dates in the stream.
import { writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchBrowser } from '../tools/browser.ts';
import {
  type Child,
  describeWith,
  made,
  scratchFolder,
  start,
  type TestServer,
  testServer,
  until,
} from '../tools/interop.ts';

const html = `<!doctype html><meta charset="utf-8"><title>hls.js</title><video muted autoplay playsinline></video>
<script src="/hls.js"></script><script src="/page.js"></script>`;

const script = `
const asked = new URLSearchParams(location.search);
const hls = new Hls({ lowLatencyMode: asked.get('low') === '1', enableWorker: false });
const seen = { errors: [], parts: 0, segments: 0 };
hls.on(Hls.Events.ERROR, (_, { details, fatal }) => seen.errors.push(details + (fatal ? ' (fatal)' : '')));
hls.on(Hls.Events.FRAG_LOADED, (_, { part }) => (part ? seen.parts++ : seen.segments++));
hls.loadSource(asked.get('url'));
hls.attachMedia(document.querySelector('video'));
`;

interface State {
  readonly time: number;
  readonly frames: number;
  readonly dropped: number;
  readonly ranges: number;
  /** From the wall time at which the server got the picture that is shown, to now. */
  readonly delayMs: number;
  readonly errors: readonly string[];
  readonly parts: number;
  readonly segments: number;
}

declare const hls: { readonly playingDate: Date | null };
declare const seen: { readonly errors: string[]; readonly parts: number; readonly segments: number };

describeWith(['chromium', 'ffmpeg'], 'hls.js in Chromium', () => {
  let server: TestServer;
  let browser: Browser;
  let publisher: Child;

  beforeAll(async () => {
    const folder = await scratchFolder();
    const [page, pageScript] = [join(folder, 'hls.html'), join(folder, 'page.js')];
    await writeFile(page, html);
    await writeFile(pageScript, script);
    const library = createRequire(import.meta.url).resolve('hls.js/dist/hls.js');
    server = await testServer({
      mergeWindowMs: 0,
      hls: { classic: true, lowLatency: true, fragment: 2_000_000 },
      pages: { '/hls.html': page, '/page.js': pageScript, '/hls.js': library },
    });
    const source = await made(
      'hls-js.flv',
      '-f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine=frequency=440:sample_rate=44100 -t 90 -c:v libx264 -preset veryfast -g 50 -bf 0 -pix_fmt yuv420p -c:a aac -b:a 64k',
    );
    publisher = start('ffmpeg', [
      '-v',
      'error',
      '-re',
      '-i',
      source,
      '-c',
      'copy',
      '-f',
      'flv',
      `${server.rtmp}/live/a`,
    ]);
    browser = await launchBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    publisher?.kill('SIGKILL');
  });

  const state = (page: Page): Promise<State> =>
    page.evaluate(() => {
      const video = document.querySelector('video') as HTMLVideoElement;
      const { totalVideoFrames: frames, droppedVideoFrames: dropped } = video.getVideoPlaybackQuality();
      const delayMs = hls.playingDate === null ? Number.NaN : Date.now() - hls.playingDate.getTime();
      return { ...seen, time: video.currentTime, frames, dropped, ranges: video.buffered.length, delayMs };
    });

  /** Plays until ten seconds have been shown; gives a look at each half second of the last eight. */
  async function play(path: string, low: boolean): Promise<State[]> {
    const page = await browser.newPage();
    const url = encodeURIComponent(`${server.http}/live/${path}`);
    await page.goto(`${server.http}/hls.html?low=${low ? 1 : 0}&url=${url}`);
    let first: State | undefined;
    await until(
      'pictures',
      async () => {
        first = await state(page);
        return first.frames > 10;
      },
      30_000,
    );
    const looks: State[] = [];
    for (let at = (first as State).time + 2; looks.length < 16; at += 0.5) {
      await until('the video goes on', async () => (await state(page)).time >= at, 15_000);
      looks.push(await state(page));
    }
    await page.close();
    return looks;
  }

  const figures = (what: string, looks: readonly State[]): void => {
    if (process.env['SRSX_FIGURES'] === undefined) return;
    const delays = looks.map(({ delayMs }) => Math.round(delayMs)).sort((a, b) => a - b);
    const { parts, segments, frames, dropped, errors } = looks.at(-1) as State;
    console.log(
      what,
      JSON.stringify({
        median: delays[delays.length >> 1],
        worst: delays.at(-1),
        parts,
        segments,
        frames,
        dropped,
        errors,
      }),
    );
  };

  it('plays the low-latency form within two seconds of the publisher', { timeout: 90_000 }, async () => {
    const looks = await play('a.ll.m3u8', true);
    figures('low latency', looks);

    const last = looks.at(-1) as State;
    expect(last.errors).toEqual([]);
    expect(last.ranges).toBe(1);
    expect(last.parts).toBeGreaterThan(20);
    const delays = looks.map(({ delayMs }) => delayMs).sort((a, b) => a - b);
    expect(delays[delays.length >> 1]).toBeLessThan(2000);
  });

  it('plays the classic form', { timeout: 90_000 }, async () => {
    const looks = await play('a.m3u8', false);
    figures('classic', looks);

    const last = looks.at(-1) as State;
    expect(last.errors).toEqual([]);
    expect(last.ranges).toBe(1);
    expect(last.segments).toBeGreaterThan(4);
  });
});
