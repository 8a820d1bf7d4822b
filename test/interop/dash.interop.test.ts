/// <reference lib="dom" />
// DASH with other people's players: ffmpeg, ffprobe, GStreamer, and dash.js in Chromium.
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createEngine, protocols, relay, silentLog } from '../../src/core/index.ts';
import { launchBrowser } from '../tools/browser.ts';
import { confServer } from '../tools/conf-server.ts';
import {
  atEnd,
  type Child,
  describeWith,
  ended,
  made,
  parseFrameMd5,
  run,
  scratchFolder,
  sources,
  start,
  until,
} from '../tools/interop.ts';

const folder = await scratchFolder();
const page = '<!doctype html><meta charset="utf-8"><title>dash.js</title><video muted autoplay playsinline></video>';
await writeFile(join(folder, 'dash.html'), `${page}<script src="/dash.js"></script><script src="/page.js"></script>`);
await writeFile(
  join(folder, 'page.js'),
  `globalThis.errors = [];
const player = dashjs.MediaPlayer().create();
player.on(dashjs.MediaPlayer.events.ERROR, ({ error }) => errors.push(error.message));
player.initialize(document.querySelector('video'), new URLSearchParams(location.search).get('url'), true);
globalThis.player = player;
`,
);
const library = createRequire(import.meta.url).resolve('dashjs');
const text = `vhost __defaultVhost__ { dash { enabled on; dash_fragment 2; dash_window_size 20; dash_path ${join(folder, 'files')}; } }`;
const server = await confServer(text, {
  pages: { '/dash.html': join(folder, 'dash.html'), '/page.js': join(folder, 'page.js'), '/dash.js': library },
});

const publish = (source: string, stream: string): Child => {
  const args = ['-loglevel', 'error', '-re', '-i', source, '-map', '0', '-c', 'copy', '-f', 'flv'];
  return start('ffmpeg', [...args, `${server.rtmp}/live/${stream}`]);
};

const webSource = (): Promise<string> =>
  made(
    'hls-js.flv',
    '-f lavfi -i testsrc2=size=640x360:rate=25 -f lavfi -i sine=frequency=440:sample_rate=44100 -t 90 -c:v libx264 -preset veryfast -g 50 -bf 0 -pix_fmt yuv420p -c:a aac -b:a 64k',
  );

async function hashes(input: readonly string[], kind: 'v' | 'a'): Promise<string[]> {
  const args = ['-v', 'error', ...input, '-map', `0:${kind}`, '-c', 'copy', '-f', 'framemd5', '-'];
  return parseFrameMd5(await run('ffmpeg', args)).map(({ hash }) => hash);
}

/**
 * ffmpeg's reader begins at the live edge and waits for more for ever; of a manifest that is static it plays all. The one
 * on the disk is made so, with everything that it names.
 */
async function finished(stream: string): Promise<string> {
  const file = join(folder, 'files/live', `${stream}.mpd`);
  const mpd = await readFile(file, 'utf8');
  const end = /timeShiftBufferDepth="([^"]+)"/.exec(mpd)?.[1];
  const fixed = mpd.replace('type="dynamic"', `type="static" mediaPresentationDuration="${end}"`);
  const path = join(folder, 'files/live', `${stream}.static.mpd`);
  await writeFile(path, fixed);
  return path;
}

describeWith(['ffmpeg'], 'ffmpeg', () => {
  it.each([
    { name: 'H.264 with B-frames and AAC', source: sources.bFrames, kinds: ['v', 'a'] },
    { name: 'H.264 alone', source: sources.videoOnly, kinds: ['v'] },
    { name: 'AAC alone', source: sources.audioOnly, kinds: ['a'] },
  ] as const)('gets every frame of $name', { timeout: 40_000 }, async ({ source, kinds, name }) => {
    const stream = `s${name.length}`;
    await ended(publish(await source(), stream), 20_000);
    const file = join(folder, 'files/live', `${stream}.mpd`);
    await until('the manifest on the disk', async () => (await readFile(file, 'utf8').catch(() => '')).includes('PT6'));

    for (const kind of kinds) {
      const got = await hashes(['-i', await finished(stream)], kind);
      const sent = await hashes(['-i', await source()], kind);
      expect(got).toEqual(sent);
    }
  });

  it('plays a live stream, HEVC too', { timeout: 60_000 }, async () => {
    const engine = createEngine({ log: silentLog });
    atEnd(() => engine.close());
    const signal = new AbortController().signal;
    const to = `${server.rtmp}/live/hevc`;
    const feed = relay(engine.host, protocols, {
      from: await sources.hevcAac(),
      to,
      pace: 'realtime',
      signal,
      loop: 3,
    });

    const args = ['-v', 'error', '-i', `${server.http}/live/hevc.mpd`, '-t', '4', '-map', '0', '-f', 'framemd5', '-'];
    const frames = parseFrameMd5(await run('ffmpeg', args));
    await feed;

    expect(frames.length).toBeGreaterThan(200);
    const probe = await run('ffprobe', [
      '-v',
      'error',
      '-show_entries',
      'stream=codec_name,width',
      '-of',
      'csv=p=0',
      `${server.http}/live/hevc.mpd`,
    ]);
    expect(probe).toContain('hevc,320');
  });
});

describeWith(['chromium', 'ffmpeg'], 'dash.js in Chromium', () => {
  let browser: Browser;
  let publisher: Child;

  beforeAll(async () => {
    publisher = publish(await webSource(), 'web');
    browser = await launchBrowser();
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    publisher?.kill('SIGKILL');
  });

  const look = (tab: Page) =>
    tab.evaluate(() => {
      const video = document.querySelector('video') as HTMLVideoElement;
      const { errors, player } = globalThis as unknown as {
        errors: string[];
        player: { getCurrentLiveLatency(): number };
      };
      const { totalVideoFrames: frames } = video.getVideoPlaybackQuality();
      return { errors, frames, time: video.currentTime, latency: player.getCurrentLiveLatency() };
    });

  it('plays the live stream, and goes on when its publisher comes back', { timeout: 90_000 }, async () => {
    const tab = await browser.newPage();
    await tab.goto(`${server.http}/dash.html?url=${encodeURIComponent(`${server.http}/live/web.mpd`)}`);
    await until('pictures', async () => (await look(tab)).frames > 10, 40_000);
    const begin = (await look(tab)).time;
    await until('eight seconds of them', async () => (await look(tab)).time > begin + 8, 30_000);

    const { errors, latency } = await look(tab);
    if (process.env['SRSX_FIGURES'] !== undefined) console.log(`dash.js is ${latency.toFixed(1)} s behind`);
    expect(errors).toEqual([]);
    expect(latency).toBeLessThan(12);

    publisher.kill('SIGKILL');
    await publisher;
    publisher = publish(await webSource(), 'web');
    const paused = (await look(tab)).frames;
    await until('pictures of the second publication', async () => (await look(tab)).frames > paused + 150, 40_000);
    expect((await look(tab)).errors).toEqual([]);
    expect(await (await fetch(`${server.http}/live/web.mpd`)).text()).toContain('<Period id="1"');
  });
});
